/** `chickadee disk trace states --at each`: how the open writes come and go, over a whole trace. */
import { CrashSweep } from "../../disk/crash/crash-sweep.ts";
import { countStates } from "../../disk/crash/levels.ts";
import type { StateCount } from "../../disk/crash/state-count.ts";
import type { Level } from "../../disk/crash/state-space.ts";
import { type DiskTrace, notYet } from "../../disk/trace/disk-trace.ts";
import { counted } from "../../report/size.ts";
import { table } from "../../report/table.ts";
import type { Inspection } from "../inspect/inspection.ts";
import { commandName } from "./command-text.ts";
import { countDocument, countText } from "./state-count.ts";
import type { StatesOptions } from "./states.ts";
import { trashPolicyOf } from "./trash-option.ts";

/** Levels that are counted where nobody says which. */
const defaultLevels: readonly Level[] = ["L0", "L1", "L2"];

/** A crash time. */
interface TimeRow {
    readonly time: number;
    /** The event just before it. */
    readonly event: string;
    readonly durableCount: number;
    readonly openCount: number;
    /** By level. */
    readonly counts: readonly StateCount[];
}

/** One line a time, over the whole trace. */
export function statesOfEach(
    inspection: Inspection,
    trace: DiskTrace,
    options: StatesOptions,
): void {
    const chosen = options.level ?? defaultLevels;
    const rows = [...timeRows(trace, chosen, options)];
    if (inspection.isJson) {
        inspection.document({
            eventCount: trace.eventCount,
            times: rows.map(({ counts, ...row }) => ({
                ...row,
                levels: counts.map((count, index) => countDocument(chosen[index], count)),
            })),
        });
        return;
    }
    const [head, ...lines] = table(
        [
            ["time", "after", "durable", "open", ...chosen],
            ...rows.map(({ time, event, durableCount, openCount, counts }) => [
                `${time}`,
                event,
                `${durableCount}`,
                `${openCount}`,
                ...counts.map(countText),
            ]),
        ],
        { alignRight: [0, 2, 3, ...chosen.map((_, index) => 4 + index)] },
    );
    inspection.lines([inspection.colours.heading(head), ...lines]);
    const left = trace.eventCount + 1 - rows.length;
    if (left > 0) {
        const rest = `... ${counted(left, "more time")}; --limit shows more`;
        inspection.lines([inspection.colours.faint(rest)]);
    }
}

function* timeRows(
    trace: DiskTrace,
    chosen: readonly Level[],
    options: StatesOptions,
): Generator<TimeRow> {
    const trash = trashPolicyOf(options);
    const sweep = new CrashSweep(trace);
    const events = eventTexts(trace, options.limit);
    const end = Math.min(trace.eventCount + 1, options.limit);
    for (let time = 0; time < end; time++) {
        sweep.advanceTo(time);
        const view = sweep.view();
        yield {
            time,
            event: events[time] ?? "",
            durableCount: view.durableCount,
            openCount: view.maybe.length,
            counts: chosen.map((level) => countStates(view, level, trash)),
        };
    }
}

/** By time: the event just before it. */
function eventTexts({ commands }: DiskTrace, limit: number): string[] {
    const texts: string[] = [];
    for (const command of commands) {
        const { issuedAt, acceptedAt, completedAt, kind, status } = command;
        if (issuedAt >= limit) {
            break;
        }
        const name = commandName(command);
        const subject = name.startsWith("w") ? name : kind;
        const end = status === "failed" ? "failed" : "done";
        for (const [at, text] of [
            [acceptedAt, "accepted"],
            [issuedAt, "issued"],
            [completedAt, end],
        ] as const) {
            if (at !== notYet && at + 1 <= limit) {
                texts[at + 1] = `${subject} ${text}`;
            }
        }
    }
    return texts;
}
