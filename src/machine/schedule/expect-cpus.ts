/**
 * A schedule that was made for one machine may be given to another: a recording of four CPUs to a
 * machine with two. It would not be the run that was recorded, so the machine refuses it.
 */
import { UserError } from "../../base/user-error.ts";
import { parsePreemptions } from "./preemptions.ts";
import { parseRuns } from "./recorded.ts";

/** Throws `UserError` when a schedule names a CPU that a machine with `cpuCount` has not. */
export function expectCpus(scheduleName: string, cpuCount: number): void {
    const [kind, list = ""] = scheduleName.split(":", 2);
    const named =
        kind === "replay" ? parseRuns(list) : kind === "preempt" ? parsePreemptions(list) : [];
    const missing = named.find(({ cpu }) => cpu >= cpuCount);
    if (missing !== undefined) {
        const cpus = cpuCount === 1 ? "one CPU" : `${cpuCount} CPUs`;
        throw new UserError(
            `the schedule ${kind} is for a machine with a CPU ${missing.cpu}, ` +
                `and this one has ${cpus}`,
            2,
        );
    }
}
