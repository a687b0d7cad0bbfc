/**
 * Where the tasks of a run stood at its end: for each the chain of calls, by source lines.
 *
 * A stack is dear, so no run keeps any. But a run can be done again: once to count what each
 * context asks for, and once more to take the stack at the last of it. The programs of a context
 * delegate with `yield*`, so such a stack has the whole chain of calls within the kernel.
 *
 * The stacks that the exception brings are had anew with it, deeper than engines keep them unless
 * told so: where it was thrown, and for a cycle of locks where each of two was taken.
 */
import { LockCycle } from "../kernel/sync/lock-order.ts";
import { Context } from "../machine/cpu/context.ts";
import type { Operation } from "../machine/cpu/operation.ts";
import { linesOfStack, type MapPosition, type SourceLine } from "./exploration/stack-lines.ts";
import type { KernelRun } from "./kernel-run.ts";

/** Does the same run, every time, to its end; its contexts are made by what is given. */
export type RunAgain = (makeContext: (name: string) => Context) => KernelRun;

/** In a cycle of locks: who took the one while it had the other. */
export interface LockStack {
    readonly held: string;
    readonly taken: string;
    readonly lines: readonly SourceLine[];
}

/** Chains of calls, innermost first. */
export interface KernelStacks {
    /** By thread id, of the tasks that there are. */
    readonly tasks: ReadonlyMap<number, readonly SourceLine[]>;
    /** Where the exception was thrown that ended the run. */
    readonly thrown: readonly SourceLine[];
    readonly lockCycle: readonly LockStack[];
}

/** Deeper than the chain of calls of any program. */
const stackDepth = 60;

export function kernelStacks(runAgain: RunAgain, mapPosition?: MapPosition): KernelStacks {
    const counted: CountingContext[] = [];
    runAgain((name) => {
        const context = new CountingContext(name, Number.POSITIVE_INFINITY);
        counted.push(context);
        return context;
    });
    const stopped: CountingContext[] = [];
    const run = withDeepStacks(() =>
        runAgain((name) => {
            const last = counted.at(stopped.length)?.askedCount ?? 0;
            const context = new CountingContext(name, last);
            stopped.push(context);
            return context;
        }),
    );
    const linesOf = (stack: string) => linesOfStack(stack, mapPosition);
    const tasks = run.kernel.tasks.entries.filter((task) => task !== "reserved");
    const error = run.outcome?.error;
    const cycle = error instanceof LockCycle ? error.cycle : [];
    return {
        tasks: new Map(
            tasks.map(({ tid, context }) => {
                const own = stopped.find((one) => one === context);
                return [tid, outside(schedulerFile, linesOf(own?.lastStack ?? ""))];
            }),
        ),
        thrown: linesOf(error?.stack ?? ""),
        lockCycle: cycle.map(({ held, taken, stack }) => {
            return { held, taken, lines: outside(lockFiles, linesOf(stack)) };
        }),
    };
}

/** Every task that does not run left its CPU here; what counts is who had it leave. */
const schedulerFile = /^src\/kernel\/tasks\/scheduler\.ts$/;
/** Every lock is taken here; what counts is by whom. */
const lockFiles = /^src\/kernel\/sync\/(lock-order|spin-lock)\.ts$/;

/** A chain from the first call on that is not in such a file. */
function outside(files: RegExp, lines: readonly SourceLine[]): readonly SourceLine[] {
    const first = lines.findIndex(({ file }) => !files.test(file));
    return lines.slice(Math.max(0, first));
}

/** A context that counts what is asked of it, and keeps the stack of one operation. */
class CountingContext extends Context {
    readonly #last: number;
    askedCount = 0;
    lastStack: string | undefined;

    /** @param last the count after the operation whose stack is kept */
    constructor(name: string, last: number) {
        super(name);
        this.#last = last;
    }

    protected override ask(operation: Operation): Operation {
        this.askedCount++;
        if (this.askedCount === this.#last) {
            this.lastStack = new Error("here").stack;
        }
        return super.ask(operation);
    }
}

function withDeepStacks<Result>(action: () => Result): Result {
    const engine: ErrorConstructor & { stackTraceLimit?: number } = Error;
    const limit = engine.stackTraceLimit;
    engine.stackTraceLimit = stackDepth;
    try {
        return action();
    } finally {
        if (limit !== undefined) {
            engine.stackTraceLimit = limit;
        }
    }
}
