/** `chickadee disk trace states`: what is durable, what is open, and how many disks that allows. */
import { UserError } from "../../base/user-error.ts";
import { crashView } from "../../disk/crash/crash-sweep.ts";
import type { CrashView, MaybeWrite } from "../../disk/crash/crash-view.ts";
import { countStates, type LevelOptions, stateSpace } from "../../disk/crash/levels.ts";
import { type Level, levels } from "../../disk/crash/state-space.ts";
import { tokenOf } from "../../disk/crash/state-token.ts";
import { jsonPieces } from "../../report/json-pieces.ts";
import { counted } from "../../report/size.ts";
import { wrappedTable, wrappedText } from "../../report/wrapped-table.ts";
import { type CommonOptions, ExitCode, type Inspection } from "../inspect/inspection.ts";
import { addColour, runInspection } from "../inspect/register.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { commandName, sectorsText } from "./command-text.ts";
import { addDiskCommand, addRequired, wholeNumber } from "./disk-command.ts";
import { countDocument, countText } from "./state-count.ts";
import { statesOfEach } from "./states-each.ts";
import { shown, timeOf, traceOf } from "./trace-input.ts";
import { addTrash, type TrashOptions, trashPolicyOf } from "./trash-option.ts";
import { widthOf } from "./width.ts";

export interface StatesOptions extends CommonOptions, TrashOptions {
    readonly at: string;
    readonly level?: Level[];
    readonly list?: number;
    readonly limit: number;
}

/** Open writes that are told one by one, and times where nobody says how many. */
const maxListedWrites = 40;
const defaultLimit = 1000;

/** States of a level that are listed at most: as many as a person, or a loop, gets through. */
const maxListedStates = 1_000_000;

export const registerStates: RegisterSubCommand = (group, context) => {
    const command = addDiskCommand(
        group,
        "disk trace states",
        "tell what a crash at a time may leave, and count the states",
        "chickadee disk trace states disk.trace --at end --level L1 --list 8",
    ).argument("<TRACE>", "the trace, or - for standard input");
    addRequired(command, "--at <T>", "when power fails: a time, end, a mark's label, or each")
        .option("--level <LEVEL>", "count this level, L0 to L5; may be repeated", addLevel)
        .option(
            "--list <N>",
            `print the first N states of each level, at most ${maxListedStates}`,
            wholeNumber(1, maxListedStates),
        )
        .option(
            "--limit <N>",
            "with --at each: the most times; each is counted anew, so that thousands of them " +
                "with thousands of open writes take minutes",
            wholeNumber(1),
            defaultLimit,
        )
        .option("--json", "print one JSON document");
    addColour(addTrash(command)).action((path: string, options: StatesOptions) => {
        if (options.at === "each" && options.list !== undefined) {
            const problem = "--list is for one time, and --at each has all; name a time with --at";
            throw new UserError(problem, ExitCode.usage);
        }
        runInspection(context, path, options, (inspection) => states(inspection, options));
    });
};

function addLevel(text: string, before: Level[] = []): Level[] {
    const level = levels.find((name) => name === text);
    if (level === undefined) {
        throw new UserError(
            `--level ${shown(text)}: it is one of ${levels.join(", ")}`,
            ExitCode.usage,
        );
    }
    return [...before, level];
}

function states(inspection: Inspection, options: StatesOptions): void {
    const { trace } = traceOf(inspection);
    if (options.at === "each") {
        statesOfEach(inspection, trace, options);
    } else {
        statesAt(inspection, crashView(trace, timeOf(trace, options.at)), options);
    }
}

/** What the levels allow, for people; each for itself. */
const levelMeanings: Readonly<Record<Level, string>> = {
    L0: "open writes land whole and in order, up to some point",
    L1: "each open write lands whole or not at all, in any order",
    L2: "each sector of an open write lands or not",
    L3: "each sector of an open write lands or not, or holds trash",
    L4: "each sector of an open write lands or not, and any in its 4096 bytes may hold trash",
    L5: "flushes and FUA were lies: each write ever made lands whole or not at all",
};

function statesAt(inspection: Inspection, view: CrashView, options: StatesOptions): void {
    const chosen = options.level ?? levels;
    const trash = trashPolicyOf(options);
    if (inspection.isJson) {
        printDocument(inspection, view, chosen, options);
        return;
    }
    inspection.lines(viewLines(inspection, view));
    const rows = chosen.map((level) => [
        level,
        countText(countStates(view, level, trash)),
        levelMeanings[level],
    ]);
    const [head, ...lines] = wrappedTable(
        [["level", "states", "what may happen"], ...rows],
        widthOf(inspection),
        { alignRight: [1] },
    );
    inspection.lines([inspection.colours.heading(head), ...lines]);
    if (options.list !== undefined) {
        for (const level of chosen) {
            inspection.lines(["", inspection.colours.heading(`states of ${level}`)]);
            inspection.lines(tokens(view, level, trash, options.list));
        }
    }
}

/** Prints the document as it comes about: a million states are more than should be in memory. */
function printDocument(
    inspection: Inspection,
    view: CrashView,
    chosen: readonly Level[],
    options: StatesOptions,
): void {
    const { list } = options;
    const trash = trashPolicyOf(options);
    const document = {
        time: view.time,
        durable: view.durableOrder.slice(0, view.durableCount),
        open: view.maybe.map(({ command, standing }) => ({ id: command.id, standing })),
        undecidedSectorCount: undecidedCount(view),
        levels: chosen.map((level) => ({
            ...countDocument(level, countStates(view, level, trash)),
            ...(list !== undefined && { states: tokens(view, level, trash, list) }),
        })),
        problems: inspection.problems,
    };
    for (const piece of jsonPieces(document)) {
        inspection.out.text(piece);
    }
}

/** The first states of a level, as they are found. */
function* tokens(
    view: CrashView,
    level: Level,
    trash: LevelOptions,
    limit: number,
): Generator<string> {
    let count = 0;
    for (const state of stateSpace(view, level, trash).states()) {
        if (count++ === limit) {
            break;
        }
        yield tokenOf(state);
    }
}

/** What happened to the writes, as a student would ask. */
function* viewLines(inspection: Inspection, view: CrashView): Generator<string> {
    const { colours, image } = inspection;
    const { trace, time, maybe, durableCount } = view;
    const end = time === trace.eventCount ? ", the end of the trace" : "";
    const width = widthOf(inspection);
    const head = `${image.name}: power fails at time ${time}${end}`;
    yield colours.heading(wrappedText(head, width, 2));
    const durable = counted(durableCount, "write is", "writes are");
    yield wrappedText(`${durable} durable: on the medium, whatever happens`, width, 2);
    if (maybe.length === 0) {
        yield "no write is open: one state, unless flushes lied (L5)";
    } else {
        const open = counted(maybe.length, "write is", "writes are");
        yield wrappedText(`${open} open, and may be on the medium or not:`, width, 2);
        const rows = maybe
            .slice(0, maxListedWrites)
            .map((write) => [
                "",
                commandName(write.command),
                `${write.command.kind} ${sectorsText(write.command, trace)}`,
                standingText(write),
            ]);
        yield* wrappedTable(rows, width);
        if (maybe.length > maxListedWrites) {
            yield colours.faint(`  ... and ${maybe.length - maxListedWrites} more`);
        }
        yield `${counted(undecidedCount(view), "sector")} can be one way or another`;
    }
    yield "";
}

function standingText({ standing, command }: MaybeWrite): string {
    switch (standing) {
        case "in flight":
            return `in flight: issued at ${command.issuedAt}, not told done`;
        case "in the cache":
            return `in the cache: told done at ${command.completedAt}, not flushed since`;
        case "failed":
            return `failed at ${command.completedAt}, which promises nothing`;
    }
}

function undecidedCount({ extents }: CrashView): number {
    let count = 0;
    for (const { candidates, sectorCount } of extents) {
        count += candidates.length > 1 ? sectorCount : 0;
    }
    return count;
}
