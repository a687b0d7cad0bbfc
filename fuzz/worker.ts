/** A worker's share of a campaign: told by `workerData`, reported bit by bit to the main thread. */
import { parentPort, workerData } from "node:worker_threads";
import { makeBaseImages } from "./base-images.ts";
import { type CampaignResult, emptyResult, runCase } from "./campaign.ts";
import { type CampaignPlan, tokensOf } from "./plan.ts";

export interface WorkerShare {
    readonly plan: CampaignPlan;
    readonly part: number;
    readonly partCount: number;
}

/** Cases between two reports. */
const casesPerReport = 100;

const { plan, part, partCount } = workerData as WorkerShare;
const bases = makeBaseImages();
const report = (result: CampaignResult) => parentPort?.postMessage(result);
let result = emptyResult();
let pending = 0;
for (const token of tokensOf(plan, part, partCount)) {
    runCase(token, bases, result);
    pending++;
    if (pending === casesPerReport) {
        report(result);
        result = emptyResult();
        pending = 0;
    }
}
report(result);
