/** A worker's share of a campaign of hostile programs, reported bit by bit to the main thread. */
import { parentPort, workerData } from "node:worker_threads";
import { emptyKernelResult, kernelTokens, runKernelToken } from "./campaign.ts";

export interface KernelShare {
    readonly seed: number;
    readonly caseCount: number;
    readonly part: number;
    readonly partCount: number;
}

/** Cases between two reports. */
const casesPerReport = 20;

const { seed, caseCount, part, partCount } = workerData as KernelShare;
let result = emptyKernelResult();
for (const token of kernelTokens(seed, caseCount, part, partCount)) {
    runKernelToken(token, result);
    if (result.caseCount === casesPerReport) {
        parentPort?.postMessage(result);
        result = emptyKernelResult();
    }
}
parentPort?.postMessage(result);
