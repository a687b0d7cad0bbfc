/** How `chickadee boot` ended: its exit status, and what is said of it. */
import { printable, utf8Encode } from "../../base/byte-string.ts";
import type { KernelRun, Outcome } from "../../crash/kernel-run.ts";
import type { KernelStacks } from "../../crash/kernel-stacks.ts";
import { type EndingSignal, exitStatusOf } from "../../host/signals.ts";
import { situationLines, situationOf, waitsForKey } from "./situation.ts";
import { thrownLines } from "./stack-text.ts";
import { progressText } from "./virtual-time.ts";

export interface Ending {
    readonly kind:
        | Outcome["kind"]
        /** It had done as many operations as it may. */
        | "stuck"
        /** A signal came. */
        | "interrupted"
        /** The person at the live console went away. */
        | "left";
    readonly message: string;
    readonly exitStatus: number;
}

const exitStatuses: Readonly<Record<Outcome["kind"], number>> = {
    passed: 0,
    failed: 1,
    "time limit": 1,
    panic: 3,
    deadlock: 3,
};

export function endingOf({ kind, message }: Outcome): Ending {
    return { kind, message, exitStatus: exitStatuses[kind] };
}

export function interruptedBy(signal: EndingSignal): Ending {
    return { kind: "interrupted", message: `by ${signal}`, exitStatus: exitStatusOf(signal) };
}

export function stuckAfter(maxOperations: number): Ending {
    const message = `it did not end within ${maxOperations} operations`;
    return { kind: "stuck", message, exitStatus: exitStatuses["time limit"] };
}

export const left: Ending = { kind: "left", message: "while it was running", exitStatus: 0 };

/** Of a deadlock that may be none of the kernel's. */
const keysHint = "nobody types: --keys FILE would, and without --run standard input does";

/**
 * The verdict in lines: what happened and when; where tasks and locks stood, unless all had ended
 * or a program's own check says enough; and how to have it again.
 *
 * @param replay a command line, or why there is none
 * @param stacks of the tasks, where they were taken
 */
export function endingLines(
    ending: Ending,
    run: KernelRun,
    replay: string,
    stacks?: KernelStacks,
): string[] {
    const { kind, message } = ending;
    // Who waits for what is told below, with more of it.
    const told = kind === "deadlock" ? message.slice("deadlock: ".length).split("\n")[0] : message;
    const [first, ...more] = told.split("\n").map((line) => printable(utf8Encode(line)));
    const hasSituation = kind !== "passed" && kind !== "failed" && kind !== "left";
    const hasReplay = kind !== "passed" && kind !== "left";
    return [
        `${kind}: ${first}`,
        ...more,
        `after ${progressText(run)}`,
        ...(hasSituation ? situationLines(situationOf(run.kernel), stacks) : []),
        ...(stacks === undefined || kind === "deadlock" ? [] : thrownLines(stacks)),
        ...(kind === "deadlock" && waitsForKey(run.kernel) ? [keysHint] : []),
        ...(hasReplay ? [`replay: ${replay}`] : []),
    ];
}
