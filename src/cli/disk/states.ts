/** `chickadee disk trace states`: what is durable, what is open, and how many disks that allows. */
import { UserError } from "../../base/user-error.ts";
import { crashView } from "../../disk/crash/crash-sweep.ts";
import type { CrashView, MaybeWrite } from "../../disk/crash/crash-view.ts";
import { countStates, type LevelOptions, stateSpace } from "../../disk/crash/levels.ts";
import { type Level, levels } from "../../disk/crash/state-space.ts";
import { tokenOf } from "../../disk/crash/state-token.ts";
import { counted } from "../../report/size.ts";
import { table } from "../../report/table.ts";
import { type CommonOptions, ExitCode, type Inspection } from "../inspect/inspection.ts";
import { addColour, runInspection } from "../inspect/register.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { commandName, sectorsText } from "./command-text.ts";
import { addDiskCommand, wholeNumber } from "./disk-command.ts";
import { countDocument, countText } from "./state-count.ts";
import { statesOfEach } from "./states-each.ts";
import { expectFollowable, timeOf, traceOf } from "./trace-input.ts";
import { addTrash, type TrashOptions, trashPolicyOf } from "./trash-option.ts";

export interface StatesOptions extends CommonOptions, TrashOptions {
    readonly at: string;
    readonly level?: Level[];
    readonly list?: number;
    readonly limit: number;
}

/** Open writes that are told one by one, and times where nobody says how many. */
const maxListedWrites = 40;
const defaultLimit = 1000;

export const registerStates: RegisterSubCommand = (group, context) => {
    const command = addDiskCommand(
        group,
        "disk trace states",
        "tell what a crash at a time may leave, and count the states",
        "chickadee disk trace states disk.trace --at end --level L1 --list 8",
    )
        .argument("<TRACE>", "the trace, or - for standard input")
        .requiredOption("--at <T>", "when power fails: a time, end, a mark's label, or each")
        .option("--level <LEVEL>", "count this level, L0 to L5; may be repeated", addLevel)
        .option("--list <N>", "print the first N states of each level", wholeNumber(1))
        .option("--limit <N>", "with --at each: the most times", wholeNumber(1), defaultLimit)
        .option("--json", "print one JSON document");
    addColour(addTrash(command)).action((path: string, options: StatesOptions) =>
        runInspection(context, path, options, (inspection) => states(inspection, options)),
    );
};

function addLevel(text: string, before: Level[] = []): Level[] {
    const level = levels.find((name) => name === text);
    if (level === undefined) {
        throw new UserError(`--level ${text}: it is one of ${levels.join(", ")}`, ExitCode.usage);
    }
    return [...before, level];
}

function states(inspection: Inspection, options: StatesOptions): void {
    const { trace } = traceOf(inspection);
    expectFollowable(inspection, trace);
    if (options.at === "each") {
        statesOfEach(inspection, trace, options);
    } else {
        statesAt(inspection, crashView(trace, timeOf(trace, options.at)), options);
    }
}

/** What the levels allow, for people. */
const levelMeanings: Readonly<Record<Level, string>> = {
    L0: "open writes land whole and in order, up to some point",
    L1: "each open write lands whole or not at all",
    L2: "each sector of an open write lands or not",
    L3: "a sector of an open write may also hold trash",
    L4: "so may the rest of its 4096 bytes",
    L5: "flushes and FUA were lies: each write lands whole or not at all",
};

function statesAt(inspection: Inspection, view: CrashView, options: StatesOptions): void {
    const chosen = options.level ?? levels;
    const trash = trashPolicyOf(options);
    const { list } = options;
    const counts = chosen.map((level) => countStates(view, level, trash));
    const lists = list === undefined ? [] : chosen.map((level) => tokens(view, level, trash, list));
    if (inspection.isJson) {
        inspection.document({
            time: view.time,
            durable: view.durableOrder.slice(0, view.durableCount),
            open: view.maybe.map(({ command, standing }) => ({ id: command.id, standing })),
            undecidedSectorCount: undecidedCount(view),
            levels: counts.map((count, index) => ({
                ...countDocument(chosen[index], count),
                ...(lists.length > 0 && { states: lists[index] }),
            })),
        });
        return;
    }
    inspection.lines(viewLines(inspection, view));
    const rows = chosen.map((level, index) => [
        level,
        countText(counts[index]),
        levelMeanings[level],
    ]);
    const [head, ...lines] = table([["level", "states", "what may happen"], ...rows], {
        alignRight: [1],
    });
    inspection.lines([inspection.colours.heading(head), ...lines]);
    for (const [index, level] of chosen.slice(0, lists.length).entries()) {
        inspection.lines(["", inspection.colours.heading(`states of ${level}`), ...lists[index]]);
    }
}

function tokens(view: CrashView, level: Level, trash: LevelOptions, limit: number): string[] {
    const list: string[] = [];
    for (const state of stateSpace(view, level, trash).states()) {
        if (list.length === limit) {
            break;
        }
        list.push(tokenOf(state));
    }
    return list;
}

/** What happened to the writes, as a student would ask. */
function* viewLines({ colours, image }: Inspection, view: CrashView): Generator<string> {
    const { trace, time, maybe, durableCount } = view;
    const end = time === trace.eventCount ? ", the end of the trace" : "";
    yield colours.heading(`${image.name}: power fails at time ${time}${end}`);
    const durable = counted(durableCount, "write is", "writes are");
    yield `${durable} durable: on the medium, whatever happens`;
    if (maybe.length === 0) {
        yield "no write is open: the disk has one state";
    } else {
        const open = counted(maybe.length, "write is", "writes are");
        yield `${open} open, and may be on the medium or not:`;
        const rows = maybe
            .slice(0, maxListedWrites)
            .map((write) => [
                "",
                commandName(write.command),
                `${write.command.kind} ${sectorsText(write.command, trace)}`,
                standingText(write),
            ]);
        yield* table(rows);
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
