/** `chickadee disk trace show`: the commands of a trace, with both clocks. */
import { type DiskTrace, notYet, type TraceCommand } from "../../disk/trace/disk-trace.ts";
import { doneAt, durableFrom, isWrite } from "../../disk/trace/durability.ts";
import { counted } from "../../report/size.ts";
import { table } from "../../report/table.ts";
import type { CommonOptions, Inspection } from "../inspect/inspection.ts";
import { addColour, runInspection } from "../inspect/register.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { commandDocument, commandName, commandText, instantsText } from "./command-text.ts";
import { addDiskCommand, wholeNumber } from "./disk-command.ts";
import { lanePictures } from "./lanes.ts";
import { shown, timeOf, traceOf } from "./trace-input.ts";

/** Commands that are shown where nobody says how many. */
const defaultLimit = 1000;

interface ShowOptions extends CommonOptions {
    readonly from?: string;
    readonly limit: number;
}

export const registerTraceShow: RegisterSubCommand = (group, context) => {
    const command = addDiskCommand(
        group,
        "disk trace show",
        "print the commands of a trace: when each was issued, was done, was durable",
        "chickadee disk trace show --limit 20 disk.trace",
    )
        .argument("<TRACE>", "the trace, or - for standard input")
        .option("--from <T>", "begin with the first command issued at time T or later")
        .option("--limit <N>", "show at most N commands", wholeNumber(1), defaultLimit)
        .option("--json", "print one JSON document");
    addColour(command).action((path: string, options: ShowOptions) =>
        runInspection(context, path, options, (inspection) => show(inspection, options)),
    );
};

function show(inspection: Inspection, { from, limit }: ShowOptions): void {
    const { trace } = traceOf(inspection);
    const { commands } = trace;
    const startTime = from === undefined ? 0 : timeOf(trace, from, "--from");
    const first = commands.findIndex(({ issuedAt }) => issuedAt >= startTime);
    const start = first < 0 ? commands.length : first;
    const chosen = commands.slice(start, start + limit);
    const durable = durableFrom(trace);
    if (inspection.isJson) {
        inspection.document({
            ...traceDocument(trace),
            commandCount: commands.length,
            commands: chosen.map((command) => ({
                ...commandDocument(command),
                ...(isWrite(command) && { durableFrom: orNull(durable[command.id]) }),
            })),
        });
        return;
    }
    inspection.lines(headLines(inspection, trace));
    inspection.lines(commandLines(inspection, trace, chosen, durable));
    const left = commands.length - start - chosen.length;
    if (left > 0) {
        const next = commands[start + chosen.length].issuedAt;
        const rest = `... ${counted(left, "more command")}; --from ${next} goes on with them`;
        inspection.lines([inspection.colours.faint(rest)]);
    }
}

/** The facts of a trace without its commands. */
function traceDocument(trace: DiskTrace): object {
    const { diskSizeBytes, sectorSizeBytes, startsWithCache, eventCount } = trace;
    return { diskSizeBytes, sectorSizeBytes, startsWithCache, eventCount };
}

function headLines({ colours, image }: Inspection, trace: DiskTrace): string[] {
    const { commands, eventCount, diskSizeBytes, sectorSizeBytes, startsWithCache } = trace;
    const times = `${counted(commands.length, "command")}, times 0 to ${eventCount}`;
    return [
        colours.heading(`${image.name}: ${times}`),
        `disk of ${diskSizeBytes} bytes, sectors of ${sectorSizeBytes}, ` +
            `write cache ${startsWithCache ? "on" : "off"} at the start`,
        "",
    ];
}

function* commandLines(
    { colours }: Inspection,
    trace: DiskTrace,
    chosen: readonly TraceCommand[],
    durable: readonly number[],
): Generator<string> {
    const pictures = picturesOf(trace, chosen);
    const hasTimes = trace.commands.some(
        ({ issuedNs, completedNs }) => issuedNs > 0 || (completedNs > 0 && completedNs !== notYet),
    );
    const hasTags = chosen.some(({ tag }) => tag !== undefined);
    const hasOrigins = chosen.some(({ cpu, origin }) => (cpu ?? origin) !== undefined);
    const cells = (...texts: [string, boolean][]) =>
        texts.flatMap(([text, isShown]) => (isShown ? [text] : []));
    const head = cells(
        ["", true],
        ["when", true],
        ["ns", hasTimes],
        ["", true],
        ["tag", hasTags],
        ["command", true],
        ["durable", true],
        ["issued by", hasOrigins],
    );
    const rows = chosen.map((command, index) =>
        cells(
            [commandName(command), true],
            [instantsText(command), true],
            [nsText(command), hasTimes],
            [pictures[index], true],
            [`${command.tag ?? ""}`, hasTags],
            [commandText(command, trace), true],
            [durableText(command, durable[command.id]), true],
            [originText(command), hasOrigins],
        ),
    );
    const [headLine, ...lines] = table([head, ...rows], { alignRight: [0] });
    yield colours.heading(headLine);
    for (const [index, line] of lines.entries()) {
        const command = chosen[index];
        const isOpen = isWrite(command) && durable[command.id] === notYet;
        yield command.status === "failed"
            ? colours.problem(line)
            : isOpen || !isWrite(command)
              ? line
              : colours.faint(line);
    }
}

/** Lanes follow from all commands before. */
function picturesOf(trace: DiskTrace, chosen: readonly TraceCommand[]): string[] {
    const pictures: string[] = [];
    const first = chosen[0]?.id ?? 0;
    let id = 0;
    for (const picture of lanePictures(trace)) {
        if (pictures.length === chosen.length) {
            break;
        }
        if (id++ >= first) {
            pictures.push(picture);
        }
    }
    return pictures;
}

/** From which event on a write is durable: by itself, by a flush, or never in this trace. */
function durableText(command: TraceCommand, durable: number): string {
    if (!isWrite(command)) {
        return "";
    }
    if (durable === notYet) {
        return "never";
    }
    return durable === doneAt(command) ? `from ${durable}, itself` : `from ${durable}`;
}

function nsText({ issuedNs, completedNs }: TraceCommand): string {
    return completedNs === notYet ? `${issuedNs}` : `${issuedNs} +${completedNs - issuedNs}`;
}

function originText({ cpu, origin }: TraceCommand): string {
    const texts = [cpu === undefined ? "" : `CPU ${cpu}`, shown(origin ?? "")];
    return texts.filter((text) => text !== "").join(" ");
}

function orNull(ordinal: number): number | null {
    return ordinal === notYet ? null : ordinal;
}
