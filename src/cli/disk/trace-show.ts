/** `chickadee disk trace show`: the commands of a trace, with both clocks. */
import { type DiskTrace, notYet, type TraceCommand } from "../../disk/trace/disk-trace.ts";
import { doneAt, durableFrom, isWrite } from "../../disk/trace/durability.ts";
import type { TraceBeginning } from "../../disk/trace-file/read-trace.ts";
import { counted } from "../../report/size.ts";
import { wrappedTable, wrappedText } from "../../report/wrapped-table.ts";
import type { Inspection } from "../inspect/inspection.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { commandDocument, commandName, commandText, instantsText } from "./command-text.ts";
import { addDiskCommand } from "./disk-command.ts";
import { lanePictures } from "./lanes.ts";
import { addShow, type ShowOptions } from "./show-command.ts";
import { shown, timeOf, traceBeginningOf } from "./trace-input.ts";
import { widthOf } from "./width.ts";

interface TraceShowOptions extends ShowOptions {
    readonly from?: string;
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
        .addHelpText("after", legend);
    addShow(command, "commands", context, show);
};

const legend = `
Columns:
  events   the numbers of the events at which the drive
           got the command and the host was told its end. A
           crash at time T comes after the events below T.
  (lanes)  a column for each command that is under way:
             ╷ issued here              │ still under way
             ╵ ends before the next one is issued
             • issued, and ends before the next one is
  durable  the first time at which a crash leaves the write
           on the medium whatever happens; itself: when it
           was done, without a flush
In colour, what is durable is grey, and what failed is red.`;

function show(inspection: Inspection, { from, limit }: TraceShowOptions): void {
    const beginning = traceBeginningOf(inspection);
    const { trace, commandCount, problem } = beginning;
    const { commands } = trace;
    const startTime = from === undefined ? 0 : timeOf(trace, from, "--from");
    const first = commands.findIndex(({ issuedAt }) => issuedAt >= startTime);
    const start = first < 0 ? commands.length : first;
    const chosen = commands.slice(start, start + limit);
    const durable = durableFrom(trace);
    if (problem !== undefined && start + limit > commands.length) {
        inspection.complain(problem + limitAdvice(chosen.length));
    }
    if (inspection.isJson) {
        inspection.document({
            ...traceDocument(trace),
            commandCount,
            commands: chosen.map((command) => ({
                ...commandDocument(command),
                ...(isWrite(command) && durableDocument(durable[command.id])),
            })),
        });
        return;
    }
    inspection.lines(headLines(inspection, beginning));
    inspection.lines(commandLines(inspection, beginning, chosen, durable));
    const left = commands.length - start - chosen.length;
    if (left > 0) {
        const next = commands[start + chosen.length].issuedAt;
        const rest = `... ${counted(left, "more command")}; --from ${next} goes on with them`;
        inspection.lines([inspection.colours.faint(rest)]);
    }
}

/** How to see what precedes a damaged command without being told of it. */
function limitAdvice(count: number): string {
    const before = count === 1 ? "the command" : `the ${count} commands`;
    return count > 0 ? `; --limit ${count} shows ${before} before it` : "";
}

/** The facts of a trace without its commands. */
function traceDocument(trace: DiskTrace): object {
    const { diskSizeBytes, sectorSizeBytes, startsWithCache, eventCount } = trace;
    return { diskSizeBytes, sectorSizeBytes, startsWithCache, eventCount };
}

function headLines(inspection: Inspection, { trace, commandCount }: TraceBeginning): string[] {
    const { colours, image } = inspection;
    const { eventCount, diskSizeBytes, sectorSizeBytes, startsWithCache } = trace;
    const width = widthOf(inspection);
    const times = `${counted(commandCount, "command")}, times 0 to ${eventCount}`;
    const disk =
        `disk of ${diskSizeBytes} bytes, sectors of ${sectorSizeBytes}, ` +
        `write cache ${startsWithCache ? "on" : "off"} at the start`;
    return [
        colours.heading(wrappedText(`${image.name}: ${times}`, width, 2)),
        wrappedText(disk, width, 2),
        "",
    ];
}

function* commandLines(
    inspection: Inspection,
    { trace, problem }: TraceBeginning,
    chosen: readonly TraceCommand[],
    durable: readonly number[],
): Generator<string> {
    const { colours } = inspection;
    const isWhole = problem === undefined;
    // Lanes follow from all commands before.
    const pictures = lanePictures(trace, chosen[0]?.id ?? 0, chosen.length);
    const hasTimes = trace.commands.some(
        ({ issuedNs, completedNs }) => issuedNs > 0 || (completedNs > 0 && completedNs !== notYet),
    );
    const hasTags = chosen.some(({ tag }) => tag !== undefined);
    const hasOrigins = chosen.some(({ cpu, origin }) => (cpu ?? origin) !== undefined);
    const cells = (...texts: [string, boolean][]) =>
        texts.flatMap(([text, isShown]) => (isShown ? [text] : []));
    const head = cells(
        ["", true],
        ["events", true],
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
            [durableText(command, durable[command.id], isWhole), true],
            [originText(command), hasOrigins],
        ),
    );
    const [headLine, ...lines] = wrappedTable([head, ...rows], widthOf(inspection), {
        alignRight: [0],
    });
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

/** The first crash time at which a write is durable: by itself, by a flush, or by nothing. */
function durableText(command: TraceCommand, durable: number, isWhole: boolean): string {
    if (!isWrite(command)) {
        return "";
    }
    if (durable === notYet) {
        // The flush may be among the commands that cannot be read.
        return isWhole ? "never" : "unknown";
    }
    return `at ${durable + 1}${durable === doneAt(command) ? ", itself" : ""}`;
}

/** The same as a document: the event that makes a write durable, and the time after it. */
function durableDocument(durable: number): object {
    const isNever = durable === notYet;
    return {
        durableFrom: isNever ? null : durable,
        durableAtTime: isNever ? null : durable + 1,
    };
}

function nsText({ issuedNs, completedNs }: TraceCommand): string {
    return completedNs === notYet ? `${issuedNs}` : `${issuedNs} +${completedNs - issuedNs}`;
}

function originText({ cpu, origin }: TraceCommand): string {
    const texts = [cpu === undefined ? "" : `CPU ${cpu}`, shown(origin ?? "")];
    return texts.filter((text) => text !== "").join(" ");
}
