/** A worker's share of a campaign of pokes, reported bit by bit to the main thread. */
import { parentPort, workerData } from "node:worker_threads";
import { emptyMachineResult, machineTokens, runMachineCase } from "./campaign.ts";

export interface MachineShare {
    readonly seed: number;
    readonly pokeCount: number;
    readonly part: number;
    readonly partCount: number;
}

/** Cases between two reports. */
const casesPerReport = 50;

const { seed, pokeCount, part, partCount } = workerData as MachineShare;
let result = emptyMachineResult();
let pending = 0;
for (const token of machineTokens(seed, pokeCount, part, partCount)) {
    runMachineCase(token, result);
    pending++;
    if (pending === casesPerReport) {
        parentPort?.postMessage(result);
        result = emptyMachineResult();
        pending = 0;
    }
}
parentPort?.postMessage(result);
