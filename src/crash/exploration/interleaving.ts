/**
 * A failing run told as an interleaving: who ran when, with the operations around each preemption
 * and the source lines that they came from, and for each preemption the lines that race.
 *
 * The run is looked at twice. The first time it is decided what is shown; the second time the
 * stacks of those operations are taken. In between the window of each preemption is measured
 * (race-window.ts): what the preempted CPU must have done before, what the other CPU must do
 * meanwhile, and what comes too late then. Those are the lines that race.
 */
import type { Preemption } from "../../machine/schedule/plain-policy.ts";
import { PreemptionSchedule } from "../../machine/schedule/preemptions.ts";
import { type ObservedOperation, type ObservedRun, observeRun } from "./observed-run.ts";
import { measureWindow } from "./race-window.ts";
import { linesOfStack, type MapPosition, type SourceLine } from "./stack-lines.ts";
import type { CpuSwitch, SwitchCause } from "./stepped-schedule.ts";
import type { RunFailure, Subject } from "./subject.ts";
import { sharedThing } from "./touch.ts";
import { type Points, Trials } from "./trials.ts";

/** An operation that is shown. */
export interface ShownOperation extends ObservedOperation {
    /** Operations of all CPUs before it since the mark. */
    readonly number: number;
    /** The chain of calls that asked for it, innermost first. */
    readonly lines: readonly SourceLine[];
}

/** Operations of one task on end that are not shown. */
export interface FoldedOperations {
    readonly task: string;
    readonly count: number;
    /** How many of them in user mode. */
    readonly userCount: number;
}

/** Operations that one CPU does on end. */
export interface Stretch {
    readonly cpu: number;
    /** What it came after; undefined for the first one. */
    readonly cause: SwitchCause | undefined;
    /** Index in `races` of the preemption that it begins with. */
    readonly race: number | undefined;
    readonly pieces: readonly (ShownOperation | FoldedOperations)[];
    readonly operationCount: number;
}

/** A preemption, and the lines that meet there. */
export interface Race {
    readonly preemptedCpu: number;
    readonly otherCpu: number;
    /** What the preempted CPU had done, so that it must not be left now, */
    readonly done: ShownOperation | undefined;
    /** what the other CPU did then, */
    readonly meanwhile: ShownOperation | undefined;
    /** and what the preempted CPU did too late; undefined if it never went on. */
    readonly next: ShownOperation | undefined;
    /** What both touch there, in words, where that is known. */
    readonly thing: string | undefined;
}

export interface Interleaving {
    readonly cpuCount: number;
    readonly stretches: readonly Stretch[];
    readonly races: readonly Race[];
    /** Of the run; undefined when it does not fail. */
    readonly failure: RunFailure | undefined;
}

export interface InterleavingOptions {
    readonly subject: Subject;
    readonly seed: number;
    readonly points: readonly Preemption[];
    readonly maxOperations?: number | undefined;
    readonly mapPosition?: MapPosition;
}

/** Operations shown on each side of a preemption, and before the end. */
const shownAround = 3;
/** Operations of a window that are looked at for what they share. */
const searchedInWindow = 16;
/** Runs that the window of a preemption may take. */
const runsForWindow = 100;

/** Does the run again and tells it. */
export function tellInterleaving(options: InterleavingOptions): Interleaving {
    const observed = observeRun(options);
    const { operations, switches, failure } = observed;
    const meetings = meetingsOf(options, observed);
    const shown = shownNumbers(operations, meetings);
    const stacks = shown.size === 0 ? new Map() : observeRun(options, shown).stacks;
    const show = (number: number): ShownOperation => ({
        ...operations[number],
        number,
        lines: linesOfStack(stacks.get(number) ?? "", options.mapPosition),
    });
    return {
        cpuCount: 1 + operations.reduce((highest, { cpu }) => Math.max(highest, cpu), 0),
        stretches: rangesOf(operations.length, switches).map((range) => ({
            cpu: range.cpu,
            cause: range.cause,
            race: indexOf(meetings, ({ first }) => first === range.first),
            pieces: piecesOf(operations, range, shown, show),
            operationCount: range.end - range.first,
        })),
        races: meetings.map(({ preemptedCpu, otherCpu, done, meanwhile, next, thing }) => ({
            preemptedCpu,
            otherCpu,
            done: done === undefined ? undefined : show(done),
            meanwhile: meanwhile === undefined ? undefined : show(meanwhile),
            next: next === undefined ? undefined : show(next),
            thing,
        })),
        failure,
    };
}

/** A stretch by the numbers of its operations. */
interface Range {
    readonly cpu: number;
    readonly cause: SwitchCause | undefined;
    readonly first: number;
    readonly end: number;
}

/** A preemption by the numbers of operations. */
interface Meeting {
    readonly preemptedCpu: number;
    readonly otherCpu: number;
    /** Of the operations in between. */
    readonly first: number;
    readonly end: number;
    readonly done: number | undefined;
    readonly meanwhile: number | undefined;
    readonly next: number | undefined;
    readonly thing: string | undefined;
}

/** What lies between switches. */
function rangesOf(operationCount: number, switches: readonly CpuSwitch[]): Range[] {
    const ranges = switches.map(({ to, cause, after }, index) => ({
        cpu: to,
        cause,
        first: after,
        end: switches.at(index + 1)?.after ?? operationCount,
    }));
    const end = ranges.at(0)?.first ?? operationCount;
    const first = { cpu: switches.at(0)?.from ?? 0, cause: undefined, first: 0, end };
    return end > 0 ? [first, ...ranges] : ranges;
}

/** The preemptions of a run, each with its window. */
function meetingsOf(options: InterleavingOptions, { operations, switches }: ObservedRun) {
    const { subject, seed, maxOperations } = options;
    const maxRuns = 1 + runsForWindow * options.points.length;
    const trials = new Trials({ subject, seed, maxRuns, maxOperations });
    const points = trials.first(() => new PreemptionSchedule(options.points));
    const numbers = new OwnNumbers(operations);
    return switches
        .filter(({ cause }) => cause === "preempted" || cause === "chosen")
        .map((one) => meetingOf(operations, numbers, one, points, trials));
}

function meetingOf(
    operations: readonly ObservedOperation[],
    numbers: OwnNumbers,
    { from, to, after: first }: CpuSwitch,
    points: Points | undefined,
    trials: Trials,
): Meeting {
    const doneCount = numbers.countBefore(from, first);
    const last = doneCount === 0 ? undefined : operations[numbers.at(from, doneCount - 1)];
    // It goes on where it was left, maybe after an interrupt.
    const goesOn = ({ cpu, task, interruptDepth }: ObservedOperation) =>
        last === undefined ? cpu === from : task === last.task && interruptDepth <= last.depth;
    const next = indexOf(operations, goesOn, first, 1);
    const end = next ?? operations.length;
    const before = numbers.countBefore(to, first);
    const meanwhile = numbers.countBefore(to, end) - before;
    const meeting = { preemptedCpu: from, otherCpu: to, first, end, next };
    const index =
        points === undefined ? undefined : indexOf(points, ({ after }) => after === first);
    if (points === undefined || index === undefined || meanwhile === 0) {
        return { ...meeting, done: undefined, meanwhile: undefined, thing: undefined };
    }
    const window = measureWindow(trials, points, index, { before, meanwhile });
    const doneFirst = doneCount - window.earlierBy - 1;
    const done = doneFirst < 0 ? undefined : numbers.at(from, doneFirst);
    const theirs = numbers.at(to, before + window.meanwhile - 1);
    const near = { ...meeting, done, meanwhile: theirs };
    return { ...near, thing: thingOf(operations, numbers, near) };
}

/** What the operations at the ends of a window share with the other CPU's, or those beside them. */
function thingOf(
    operations: readonly ObservedOperation[],
    numbers: OwnNumbers,
    { preemptedCpu, otherCpu, done, next, meanwhile, first, end }: Omit<Meeting, "thing">,
): string | undefined {
    const theirs = numbers
        .around(otherCpu, meanwhile)
        .filter((number) => number >= first && number < end);
    const window = numbers.between(preemptedCpu, done ?? first, first).toReversed();
    const mine = [
        ...numbers.between(preemptedCpu, end, operations.length).slice(0, 1),
        ...window.slice(0, searchedInWindow),
        ...numbers.around(preemptedCpu, done).filter((number) => number < first),
        ...numbers.around(preemptedCpu, next).filter((number) => number >= end),
    ];
    for (const other of theirs) {
        for (const one of mine) {
            const thing = sharedThing(operations[one], operations[other]);
            if (thing !== undefined) {
                return thing;
            }
        }
    }
    return undefined;
}

/** Each CPU's own operations by their numbers among all. */
class OwnNumbers {
    readonly #numbers = new Map<number, number[]>();

    constructor(operations: readonly ObservedOperation[]) {
        for (const [number, { cpu }] of operations.entries()) {
            const own = this.#numbers.get(cpu) ?? [];
            own.push(number);
            this.#numbers.set(cpu, own);
        }
    }

    /** The number of a CPU's own operation `index`. */
    at(cpu: number, index: number): number {
        return this.#numbers.get(cpu)?.[index] ?? 0;
    }

    /** How many operations a CPU did before `number`. */
    countBefore(cpu: number, number: number): number {
        const own = this.#numbers.get(cpu) ?? [];
        return indexOf(own, (one) => one >= number) ?? own.length;
    }

    /** A CPU's operations from one number on and before another. */
    between(cpu: number, from: number, end: number): number[] {
        const own = this.#numbers.get(cpu) ?? [];
        return own.slice(this.countBefore(cpu, from), this.countBefore(cpu, end));
    }

    /** A CPU's operation, then those beside it, the nearest first. */
    around(cpu: number, number: number | undefined): number[] {
        const own = this.#numbers.get(cpu) ?? [];
        const middle = number === undefined ? -1 : own.indexOf(number);
        return middle < 0
            ? []
            : [0, -1, 1, -2, 2].flatMap((by) => own.slice(middle + by).slice(0, 1));
    }
}

/** Numbers of the operations that are shown. */
function shownNumbers(
    operations: readonly ObservedOperation[],
    meetings: readonly Meeting[],
): ReadonlySet<number> {
    const shown = new Set<number>();
    const show = (number: number | undefined, step: number, count: number) => {
        for (let left = count, at = number; left > 0 && at !== undefined; left--) {
            shown.add(at);
            const { cpu } = operations[at];
            at = indexOf(operations, (one) => one.cpu === cpu, at + step, step);
        }
    };
    for (const { preemptedCpu, otherCpu, first, done, meanwhile, next } of meetings) {
        const isMine = ({ cpu }: ObservedOperation) => cpu === preemptedCpu;
        show(indexOf(operations, isMine, first - 1, -1), -1, shownAround);
        show(next, 1, shownAround);
        show(
            indexOf(operations, ({ cpu }) => cpu === otherCpu, first, 1),
            1,
            1,
        );
        show(done, 1, 1);
        show(meanwhile, -1, shownAround);
    }
    for (const which of new Set(operations.map(({ cpu }) => cpu))) {
        const isTheirs = ({ cpu }: ObservedOperation) => cpu === which;
        show(indexOf(operations, isTheirs, operations.length - 1, -1), -1, shownAround);
    }
    return shown;
}

/** A stretch's operations: those that are shown, and the others folded by task. */
function piecesOf(
    operations: readonly ObservedOperation[],
    { first, end }: Range,
    shown: ReadonlySet<number>,
    show: (number: number) => ShownOperation,
): (ShownOperation | FoldedOperations)[] {
    const pieces: (ShownOperation | FoldedOperations)[] = [];
    for (let number = first; number < end; number++) {
        const { task, isUser } = operations[number];
        const last = pieces.at(-1);
        const isUserCount = isUser ? 1 : 0;
        if (shown.has(number)) {
            pieces.push(show(number));
        } else if (last !== undefined && "count" in last && last.task === task) {
            const userCount = last.userCount + isUserCount;
            pieces[pieces.length - 1] = { task, count: last.count + 1, userCount };
        } else {
            pieces.push({ task, count: 1, userCount: isUserCount });
        }
    }
    return pieces;
}

/** Index of the nearest element that is so, from `from` on or back; undefined when none is. */
function indexOf<T>(
    list: readonly T[],
    isSo: (one: T) => boolean,
    from = 0,
    step = 1,
): number | undefined {
    for (let index = from; index >= 0 && index < list.length; index += step) {
        if (isSo(list[index])) {
            return index;
        }
    }
    return undefined;
}
