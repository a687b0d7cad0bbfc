/**
 * Schedules by name, as they are written on a command line and in a replay token:
 *
 * - `round-robin`, or `round-robin:100` with the operations of a turn
 * - `random`, or `random:40` with the most operations of a burst
 * - `pct:3` with the depth, or `pct:3:100000` with the length of the run as well
 * - `preempt:1@1234.0@1300`, the plain policy but for CPU 1 after 1234 operations, and so on
 * - `replay:0x120.1x7`, a recording: 120 operations of CPU 0, then 7 of CPU 1
 *
 * Every schedule's `name` is such a text, and makes the same schedule again.
 */
import type { ChoiceStream } from "../../base/choices.ts";
import { UserError } from "../../base/user-error.ts";
import { defaultRunLength, maxDepth, maxRunLength, PctSchedule } from "./pct.ts";
import { PreemptionSchedule, parsePreemptions } from "./preemptions.ts";
import { defaultLongestBurst, RandomSchedule } from "./random.ts";
import { parseRuns, RecordedSchedule } from "./recorded.ts";
import { defaultTurn, RoundRobin } from "./round-robin.ts";
import type { Schedule } from "./schedule.ts";

/** Makes a schedule. One machine has one, and two machines of one name have two. */
export type ScheduleFactory = (choices: ChoiceStream) => Schedule;

/** Operations in a turn or burst: more than any run has. */
const maxBurst = 1_000_000_000;

/** The schedule that `text` names. Throws `UserError`, exit status 2, when it names none. */
export function parseSchedule(text: string): ScheduleFactory {
    const colon = text.indexOf(":");
    const kind = colon < 0 ? text : text.slice(0, colon);
    const rest = colon < 0 ? undefined : text.slice(colon + 1);
    switch (kind) {
        case "round-robin": {
            const turn = parseNumber(kind, "operations of a turn", rest, maxBurst, defaultTurn);
            return () => new RoundRobin(turn);
        }
        case "random": {
            const what = "most operations of a burst";
            const longest = parseNumber(kind, what, rest, maxBurst, defaultLongestBurst);
            return (choices) => new RandomSchedule(choices, longest);
        }
        case "pct":
            return parsePct(rest);
        case "preempt": {
            const points = parsePreemptions(rest ?? "");
            return () => new PreemptionSchedule(points);
        }
        case "replay": {
            const runs = parseRuns(rest ?? "");
            return () => new RecordedSchedule(runs);
        }
        default:
            throw new UserError(
                `no schedule is named "${shortened(kind)}"; there are round-robin[:OPERATIONS], ` +
                    "random[:OPERATIONS], pct:DEPTH[:LENGTH], preempt:POINTS and replay:RUNS",
                2,
            );
    }
}

function parsePct(rest: string | undefined): ScheduleFactory {
    const [depthText, lengthText, more] = rest?.split(":", 3) ?? [];
    if (more !== undefined) {
        throw new UserError("pct has a depth and a length and no more, as pct:3:100000", 2);
    }
    const depth = parseNumber("pct", "depth", depthText, maxDepth);
    const what = "length of the run in operations";
    const runLength = parseNumber("pct", what, lengthText, maxRunLength, defaultRunLength);
    return (choices) => new PctSchedule(choices, depth, runLength);
}

/** A number from 1 to `highest`; `otherwise` where there is none. */
function parseNumber(
    kind: string,
    what: string,
    text: string | undefined,
    highest: number,
    otherwise?: number,
): number {
    if (text === undefined && otherwise !== undefined) {
        return otherwise;
    }
    if (text === undefined || !/^[1-9]\d{0,15}$/.test(text) || Number(text) > highest) {
        const found = text === undefined ? "it is missing" : `not "${shortened(text)}"`;
        throw new UserError(`${kind}: the ${what} is a number from 1 to ${highest}: ${found}`, 2);
    }
    return Number(text);
}

/** Text from a command line, cut to what a message has room for. */
function shortened(text: string): string {
    return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
