/** The reference kernel with a program, as what is explored. */
import { KernelRun, type KernelRunOptions } from "../kernel-run.ts";
import type { RunOutcome, RunRequest, Subject } from "./subject.ts";
import { worldHash } from "./world-hash.ts";

/** A run without the choices that a request makes. */
export type KernelSubjectOptions = Omit<
    KernelRunOptions,
    "seed" | "schedule" | "recordsSchedule" | "makeContext"
>;

export class KernelSubject implements Subject {
    readonly #options: KernelSubjectOptions;

    constructor(options: KernelSubjectOptions) {
        this.#options = options;
    }

    run(request: RunRequest): RunOutcome {
        const { seed, schedule, recordsSchedule = false, observer, maxOperations } = request;
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
        const ended = run.advance(maxOperations === undefined ? {} : { operations: maxOperations });
        const { kind, message } = ended ?? {
            kind: "stuck",
            message: `it did not end within ${maxOperations} operations`,
        };
        return {
            failure: kind === "passed" ? undefined : { kind, message },
            operations: machine.operationsSinceMark,
            stateHash: () => worldHash(machine),
            ...(recordsSchedule ? { runs: machine.scheduleRuns } : {}),
        };
    }
}
