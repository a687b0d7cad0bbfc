/** Prints the lines of the recorded runs; a program of its own, for other processes and Nodes. */
import { recordedRuns, runLine } from "./kernel-runs.ts";

process.stdout.write(`${recordedRuns.map(runLine).join("\n")}\n`);
