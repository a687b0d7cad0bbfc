/** What is explored: a program on the reference kernel, as `chickadee boot` would run it. */
import { KernelSubject } from "../../crash/exploration/kernel-subject.ts";
import type { RunFailure, Subject } from "../../crash/exploration/subject.ts";
import type { KernelRun } from "../../crash/kernel-run.ts";
import type { FaultName } from "../../kernel/faults.ts";
import { KeyScript, type KeyText } from "../boot/key-script.ts";
import { waitsForKey } from "../boot/situation.ts";
import { TypedRun } from "../boot/typed-run.ts";

/** As a message to a worker can carry it. */
export interface Target {
    readonly command: readonly string[];
    readonly cpuCount: number;
    readonly memoryBytes?: number;
    readonly limitNs: number;
    readonly faults: readonly FaultName[];
    readonly keys: KeyText | undefined;
}

const keysHint = "nobody types: --keys FILE would";

export function subjectOf({ keys, ...options }: Target): Subject {
    const hasKeys = keys !== undefined;
    return new KernelSubject({ ...options, keyboardIsOpen: hasKeys }, (run, maxOperations) => {
        try {
            return hasKeys
                ? new TypedRun(run, new KeyScript(keys)).finishWithin(maxOperations)
                : withKeysHint(run, run.advance({ operations: maxOperations }));
        } catch (error) {
            // None of the kernel's ways to give up, but a failure that a schedule leads to.
            const message = error instanceof Error ? `${error.name}: ${error.message}` : `${error}`;
            return { kind: "defect", message };
        }
    });
}

/** A deadlock in which somebody waits for the keyboard may be none of the kernel's. */
function withKeysHint(run: KernelRun, failure: RunFailure | undefined): RunFailure | undefined {
    if (failure?.kind !== "deadlock" || !waitsForKey(run.kernel)) {
        return failure;
    }
    return { kind: failure.kind, message: `${failure.message}\n${keysHint}` };
}
