/**
 * A run that nobody watches: in pieces, between which what scrolled off the console is printed and
 * signals are heard.
 */
import type { KernelRun } from "../../crash/kernel-run.ts";
import type { Invocation } from "../run.ts";
import type { ConsoleOutput } from "./console-output.ts";
import { type Ending, endingOf, interruptedBy, stuckAfter } from "./ending.ts";
import type { KeyScript } from "./key-script.ts";
import { PassingLine } from "./passing-line.ts";
import { TypedRun } from "./typed-run.ts";
import { progressText } from "./virtual-time.ts";

/** Operations after which signals are heard and a terminal is told how far it is: some 100 ms. */
const operationsPerLook = 250_000;
/** Runs that are shorter than this are over before anybody could read how far they are. */
const leastOperationsTold = 1_000_000;

export interface ScriptedRun {
    readonly run: KernelRun;
    /** What is typed, if anything is. */
    readonly keys: KeyScript | undefined;
    /** Prints the console while it runs; the caller has it print the rest. */
    readonly output: ConsoleOutput | undefined;
    /** Operations since power-on after which it is stuck. */
    readonly maxOperations: number;
}

/** Runs to the end, or until a signal. */
export async function runScripted(
    { host, out, err }: Invocation,
    { run, keys, output, maxOperations }: ScriptedRun,
): Promise<Ending> {
    const signals = host.watchSignals();
    const line = new PassingLine(err);
    const typed = new TypedRun(run, keys);
    try {
        for (;;) {
            const left = maxOperations - run.operations;
            const outcome = typed.advance(Math.min(operationsPerLook, left));
            if (output?.hasNews) {
                line.erase();
                output.update();
                out.flush();
            }
            if (outcome !== undefined) {
                return endingOf(outcome);
            }
            if (run.operations >= maxOperations) {
                return stuckAfter(maxOperations);
            }
            if (run.operations >= leastOperationsTold) {
                line.show(progressText(run));
            }
            await signals.breathe();
            if (signals.received !== undefined) {
                return interruptedBy(signals.received);
            }
        }
    } finally {
        line.erase();
        signals.close();
    }
}
