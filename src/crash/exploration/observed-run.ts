/**
 * A run with preemptions, looked at: each of its operations since the mark, who did it and what it
 * was about, and when it went from one CPU to another.
 *
 * A program asks for an operation and the CPU carries it out at once, so asking is the place to
 * look: a context that tells, and is otherwise a plain one. A handler's return is an operation
 * without being asked for, and one that faulted is done again unasked; such a one has its place in
 * the list, as what the CPU's program did before.
 *
 * The stack says from which source line an operation was asked for. It is dear, so it is taken only
 * of operations that are named: the same run done again has the same operations.
 */
import { Context } from "../../machine/cpu/context.ts";
import { type Operation, OperationCode } from "../../machine/cpu/operation.ts";
import type { Machine } from "../../machine/machine.ts";
import { FromMark } from "../../machine/schedule/from-mark.ts";
import type { Preemption } from "../../machine/schedule/plain-policy.ts";
import { PreemptionSchedule } from "../../machine/schedule/preemptions.ts";
import { type CpuSwitch, SteppedSchedule } from "./stepped-schedule.ts";
import type { RunFailure, RunObserver, Subject } from "./subject.ts";
import { type Touch, touchOf } from "./touch.ts";

export interface ObservedOperation extends Touch {
    readonly cpu: number;
    /** The context's name. */
    readonly task: string;
    readonly isUser: boolean;
    /** Programs on the context's stack, */
    readonly depth: number;
    /** and those up to the topmost handler of an interrupt; 0 when there is none. */
    readonly interruptDepth: number;
    /** `OperationCode.endOfProgram` for what was not asked for. */
    readonly operation: Operation;
    /** As it was asked for: a virtual address, or a port. */
    readonly address: number;
    /** Of a system call its number; otherwise what is stored. */
    readonly value: number;
}

export interface ObservedRun {
    /** By number: operations of all CPUs that came before it since the mark. */
    readonly operations: readonly ObservedOperation[];
    readonly switches: readonly CpuSwitch[];
    /** By number of the operation, of those that were named. */
    readonly stacks: ReadonlyMap<number, string>;
    readonly failure: RunFailure | undefined;
}

export interface ObservedRequest {
    readonly subject: Subject;
    readonly seed: number;
    readonly points: readonly Preemption[];
    readonly maxOperations?: number | undefined;
}

/** More operations than anybody looks at; what comes after them is left out. */
const maxObserved = 1_000_000;

/** Does the run, and takes the stacks of some of its operations. */
export function observeRun(
    { subject, seed, points, maxOperations }: ObservedRequest,
    stacksOf: ReadonlySet<number> = new Set(),
): ObservedRun {
    const watch = new Watch(stacksOf);
    let stepped: SteppedSchedule | undefined;
    const schedule = () => {
        stepped = new SteppedSchedule(new PreemptionSchedule(points), (after) => watch.next(after));
        return new FromMark(stepped);
    };
    const limit = maxOperations === undefined ? {} : { maxOperations };
    const { failure } = subject.run({ seed, schedule, observer: watch, ...limit });
    const { operations, stacks } = watch;
    const seen = stepped?.switches.filter(({ after }) => after < operations.length) ?? [];
    return { operations, stacks, switches: seen, failure };
}

/** Sees what is asked for, one operation after the other. */
class Watch implements RunObserver {
    readonly operations: ObservedOperation[] = [];
    readonly stacks = new Map<number, string>();
    readonly #stacksOf: ReadonlySet<number>;
    #machine: Machine | undefined;
    /** Number of the operation that comes next; -1 before the mark. */
    #number = -1;

    constructor(stacksOf: ReadonlySet<number>) {
        this.#stacksOf = stacksOf;
    }

    makeContext(name: string): Context {
        return new ObservedContext(name, (context, operation) => this.#asked(context, operation));
    }

    attach(machine: Machine): void {
        this.#machine = machine;
    }

    /** The operation that comes next has this number. */
    next(number: number): void {
        this.#fillTo(number);
        this.#number = number;
    }

    #asked(context: Context, operation: Operation): void {
        const { cpu, frames } = context;
        const memory = this.#machine?.memory;
        const number = this.#number;
        // Without a CPU it is a program that is played back for a fork, and does nothing.
        if (number < 0 || cpu === undefined || memory === undefined || number >= maxObserved) {
            return;
        }
        if (this.#stacksOf.has(number)) {
            this.stacks.set(number, stackHere());
        }
        this.#fillTo(number);
        this.operations[number] = {
            cpu: cpu.index,
            task: context.name,
            isUser: frames.at(-1)?.isUser ?? false,
            depth: frames.length,
            interruptDepth: 1 + frames.findLastIndex(({ cause }) => cause === "interrupt"),
            operation,
            address: context.address,
            value: context.value,
            ...touchOf(context, operation, memory),
        };
    }

    /** What was done and not asked for, before operation `number`. */
    #fillTo(number: number): void {
        const last = this.operations.at(-1);
        while (last !== undefined && this.operations.length < Math.min(number, maxObserved)) {
            this.operations.push({ ...last, ...unasked });
        }
        while (this.operations.length < Math.min(number, maxObserved)) {
            this.operations.push(atFirst);
        }
    }
}

const unasked = { operation: OperationCode.endOfProgram, subject: undefined, bytes: [] };
const atFirst: ObservedOperation = {
    cpu: 0,
    task: "",
    isUser: false,
    depth: 1,
    interruptDepth: 0,
    address: 0,
    value: 0,
    ...unasked,
};

/** A context that tells of every operation that is asked of it. */
class ObservedContext extends Context {
    readonly #asked: (context: Context, operation: Operation) => void;

    constructor(name: string, asked: (context: Context, operation: Operation) => void) {
        super(name);
        this.#asked = asked;
    }

    protected override ask(operation: Operation): Operation {
        this.#asked(this, operation);
        this.subject = undefined;
        return super.ask(operation);
    }
}

/** Deeper than the chain of calls of any program. */
const stackDepth = 60;

/** The stack from here, deeper than engines keep it unless told so. */
function stackHere(): string {
    const engine: ErrorConstructor & { stackTraceLimit?: number } = Error;
    const limit = engine.stackTraceLimit;
    engine.stackTraceLimit = stackDepth;
    const { stack = "" } = new Error("here");
    if (limit !== undefined) {
        engine.stackTraceLimit = limit;
    }
    return stack;
}
