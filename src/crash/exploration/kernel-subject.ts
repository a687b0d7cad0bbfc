/** The reference kernel with a program, as what is explored. */
import { KernelRun, type KernelRunOptions } from "../kernel-run.ts";
import { lastLines } from "./last-lines.ts";
import type { RunFailure, RunOutcome, RunRequest, Subject } from "./subject.ts";
import { worldHash } from "./world-hash.ts";

/** A run without the choices that a request makes. */
export type KernelSubjectOptions = Omit<
    KernelRunOptions,
    "seed" | "schedule" | "recordsSchedule" | "makeContext"
>;

/**
 * Goes on with a run to its end, or until there were so many operations since power-on, as somebody
 * does who types while it runs. Returns how it ended, if it did; of kind `passed`, if it passed.
 */
export type FinishRun = (run: KernelRun, maxOperations: number) => RunFailure | undefined;

/** Lines of the console that are told of a program that failed. */
const consoleLineCount = 5;

export class KernelSubject implements Subject {
    readonly #options: KernelSubjectOptions;
    readonly #finish: FinishRun;

    constructor(
        options: KernelSubjectOptions,
        finish: FinishRun = (run, operations) => run.advance({ operations }),
    ) {
        this.#options = options;
        this.#finish = finish;
    }

    run(request: RunRequest): RunOutcome {
        const { seed, schedule, recordsSchedule = false, observer } = request;
        const { maxOperations = Number.POSITIVE_INFINITY } = request;
        const run = new KernelRun({
            ...this.#options,
            seed,
            schedule,
            recordsSchedule,
            ...(observer === undefined
                ? {}
                : { makeContext: (name: string) => observer.makeContext(name) }),
        });
        const { machine } = run;
        observer?.attach(machine);
        const { kind, message } = this.#finish(run, maxOperations) ?? {
            kind: "stuck",
            message: `it did not end within ${maxOperations} operations`,
        };
        return {
            failure: kind === "passed" ? undefined : { kind, message: withoutKind(kind, message) },
            operations: machine.operationsSinceMark,
            stateHash: () => worldHash(machine),
            ...(kind === "failed" ? { console: lastLines(machine.console, consoleLineCount) } : {}),
            ...(recordsSchedule ? { runs: machine.scheduleRuns } : {}),
        };
    }
}

/** What the kernel says begins with the kind where that is the exception's own text. */
function withoutKind(kind: string, message: string): string {
    return message.startsWith(`${kind}: `) ? message.slice(kind.length + 2) : message;
}
