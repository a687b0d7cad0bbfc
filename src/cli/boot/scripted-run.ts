/**
 * A run that nobody watches: in slices of virtual time, between which what scrolled off the console
 * is printed, keys are typed and signals are heard.
 *
 * The slices end at fixed virtual times, so that keys are typed at the same operation every time.
 */
import type { KernelRun } from "../../crash/kernel-run.ts";
import type { Invocation } from "../run.ts";
import type { ConsoleOutput } from "./console-output.ts";
import { type Ending, endingOf, interruptedBy } from "./ending.ts";
import type { KeyScript } from "./key-script.ts";
import { PassingLine } from "./passing-line.ts";
import { progressText } from "./virtual-time.ts";

/** Virtual time of a slice: a tick of the kernel's. */
const sliceNs = 10_000_000;
/** Operations after which signals are heard and a terminal is told how far it is: some 100 ms. */
const operationsPerLook = 250_000;
/** Runs that are shorter than this are over before anybody could read how far they are. */
const leastOperationsTold = 1_000_000;

/**
 * Runs to the end, or until a signal.
 *
 * @param output prints the console while it runs; the caller has it print the rest
 */
export async function runScripted(
    { host, out, err }: Invocation,
    run: KernelRun,
    keys: KeyScript | undefined,
    output: ConsoleOutput | undefined,
): Promise<Ending> {
    const signals = host.watchSignals();
    const line = new PassingLine(err);
    let untilNs = sliceNs;
    try {
        for (;;) {
            const outcome = run.advance({ untilNs, operations: operationsPerLook });
            if (output?.hasNews) {
                line.erase();
                output.update();
                out.flush();
            }
            if (outcome !== undefined) {
                return endingOf(outcome);
            }
            if (run.machine.clock.nowNs >= untilNs) {
                keys?.update(run);
                untilNs += sliceNs;
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
