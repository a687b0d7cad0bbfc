/** `chickadee disk trace explain`: what a sector may hold after a crash, and why. */
import { UserError } from "../../base/user-error.ts";
import { crashView } from "../../disk/crash/crash-sweep.ts";
import {
    beforeTrace,
    type CrashView,
    physicalSectorSize,
    type Source,
    trash,
} from "../../disk/crash/crash-view.ts";
import { explainSector, type Reason } from "../../disk/crash/explain.ts";
import type { LevelOptions } from "../../disk/crash/levels.ts";
import { SectorLevels } from "../../disk/crash/sector-levels.ts";
import type { Level } from "../../disk/crash/state-space.ts";
import { namedRange } from "../../report/size.ts";
import { wrappedTable, wrappedText } from "../../report/wrapped-table.ts";
import { type CommonOptions, ExitCode, type Inspection } from "../inspect/inspection.ts";
import { addColour, runInspection } from "../inspect/register.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { addDiskCommand, addRequired, wholeNumber } from "./disk-command.ts";
import { timeOf, traceOf } from "./trace-input.ts";
import { addTrash, type TrashOptions, trashPolicyOf } from "./trash-option.ts";
import { widthOf } from "./width.ts";

interface ExplainOptions extends CommonOptions, TrashOptions {
    readonly at: string;
    readonly sector?: number;
    readonly block?: number;
}

/** Neighbouring sectors that may hold the same, for the same reasons. */
interface Explained {
    readonly firstSector: number;
    readonly sectorCount: number;
    readonly contents: readonly Content[];
}

/** What a sector might hold; the level is undefined where none allows it. */
interface Content extends Reason {
    readonly lowestLevel: Level | undefined;
    /** Whether a sector holds it in every state of every level. */
    readonly isCertain: boolean;
}

const legend = `
Each content stands with the first level that allows it:
  always   there is nothing else that it could hold
  L0, L1   at this level and all behind it
  L3, L4   at this level, and no level behind L4
  L5 only  if flushes and FUA were lies
  never    at no level`;

export const registerExplain: RegisterSubCommand = (group, context) => {
    const command = addDiskCommand(
        group,
        "disk trace explain",
        "say what a sector may hold after a crash, and why",
        "chickadee disk trace explain disk.trace --at end --sector 112",
    ).argument("<TRACE>", "the trace, or - for standard input");
    addRequired(command, "--at <T>", "when power fails: a time, end, or a mark's label")
        .option("--sector <N>", "the sector, from 0", wholeNumber(0))
        .option("--block <N>", "all sectors of a block of 4096 bytes, from 0", wholeNumber(0))
        .option("--json", "print one JSON document")
        .addHelpText("after", legend);
    addColour(addTrash(command)).action((path: string, options: ExplainOptions) => {
        if ((options.sector === undefined) === (options.block === undefined)) {
            throw new UserError("give either --sector N or --block N", ExitCode.usage);
        }
        runInspection(context, path, options, (inspection) => explain(inspection, options));
    });
};

function explain(inspection: Inspection, options: ExplainOptions): void {
    const { trace } = traceOf(inspection);
    const [firstSector, endSector] = sectorsOf(options, trace);
    const view = crashView(trace, timeOf(trace, options.at));
    const explained = explainSectors(view, firstSector, endSector, trashPolicyOf(options));
    if (inspection.isJson) {
        inspection.document({
            time: view.time,
            ...(options.block === undefined
                ? { sector: firstSector, contents: explained[0].contents.map(contentDocument) }
                : {
                      block: options.block,
                      sectors: explained.map(({ contents, ...sectors }) => ({
                          ...sectors,
                          contents: contents.map(contentDocument),
                      })),
                  }),
        });
        return;
    }
    inspection.lines(explainedLines(inspection, options, view.time, explained));
}

/** The sectors that are asked for, as the first and the one after the last. */
function sectorsOf(
    { sector, block }: ExplainOptions,
    trace: { readonly diskSizeBytes: number; readonly sectorSizeBytes: number },
): [first: number, end: number] {
    const { diskSizeBytes, sectorSizeBytes } = trace;
    const sectorCount = Math.floor(diskSizeBytes / sectorSizeBytes);
    const [option, number, noun, count] =
        block === undefined
            ? ["--sector", sector ?? 0, "sectors", sectorCount]
            : ["--block", block, "blocks", Math.ceil(diskSizeBytes / physicalSectorSize)];
    if (number >= count) {
        const problem = `the disk has ${count} ${noun}, numbered from 0`;
        throw new UserError(`${option} ${number}: ${problem}`, ExitCode.usage);
    }
    const size = block === undefined ? 1 : physicalSectorSize / sectorSizeBytes;
    return [number * size, Math.min((number + 1) * size, sectorCount)];
}

function explainSectors(
    view: CrashView,
    firstSector: number,
    endSector: number,
    { trash: policy }: LevelOptions,
): Explained[] {
    const sectorLevels = new SectorLevels(view, policy);
    const explained: Explained[] = [];
    let lastText = "";
    for (let sectorNo = firstSector; sectorNo < endSector; sectorNo++) {
        const found = sectorLevels.bySource(sectorNo);
        const contents = explainSector(view, sectorNo, policy).map((reason) => ({
            ...reason,
            lowestLevel: found.get(reason.source),
            isCertain: found.size === 1 && found.has(reason.source),
        }));
        const text = JSON.stringify(contents);
        const last = explained.at(-1);
        if (last !== undefined && text === lastText) {
            explained[explained.length - 1] = { ...last, sectorCount: last.sectorCount + 1 };
        } else {
            explained.push({ firstSector: sectorNo, sectorCount: 1, contents });
        }
        lastText = text;
    }
    return explained;
}

function* explainedLines(
    inspection: Inspection,
    { block }: ExplainOptions,
    time: number,
    explained: readonly Explained[],
): Generator<string> {
    const { colours, image } = inspection;
    const width = widthOf(inspection);
    const inBlock = block === undefined ? "" : `block ${block}, `;
    for (const [index, { firstSector, sectorCount, contents }] of explained.entries()) {
        if (index > 0) {
            yield "";
        }
        const sectors = namedRange("sector", firstSector, sectorCount);
        const head = `${image.name}: ${inBlock}${sectors} after a crash at time ${time}`;
        yield colours.heading(wrappedText(head, width, 2));
        const rows = contents.map((content) => [
            "",
            levelText(content),
            sourceName(content.source),
            content.because,
        ]);
        const lines = wrappedTable(rows, width);
        for (const [row, { isAllowed }] of contents.entries()) {
            yield isAllowed ? lines[row] : colours.faint(lines[row]);
        }
    }
}

/** The first level at which a sector can hold something. */
function levelText({ lowestLevel, isCertain }: Content): string {
    if (isCertain) {
        return "always";
    }
    return lowestLevel === "L5" ? "L5 only" : (lowestLevel ?? "never");
}

function contentDocument({ source, isAllowed, lowestLevel, because }: Content): object {
    return {
        source: sourceName(source),
        isAllowed,
        lowestLevel: lowestLevel ?? null,
        because,
    };
}

/** `w7` for what a write brought, as in tokens. */
function sourceName(source: Source): string {
    if (source === beforeTrace) {
        return "as before the trace";
    }
    return source === trash ? "trash" : `w${source}`;
}
