/** Virtual time and operations in words. */
import type { KernelRun } from "../../crash/kernel-run.ts";
import { grouped } from "../../report/size.ts";

/** As "1.234 s". */
function seconds(timeNs: number): string {
    return `${(timeNs / 1e9).toFixed(3)} s`;
}

/** How far a run is: "1.234 s of virtual time, 5,678,901 operations". */
export function progressText({ machine, operations }: KernelRun): string {
    return `${seconds(machine.clock.nowNs)} of virtual time, ${grouped(operations)} operations`;
}
