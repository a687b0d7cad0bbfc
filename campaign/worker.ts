/** A worker of a campaign: does every n-th row, and tells of each. */
import { parentPort, workerData } from "node:worker_threads";
import { type CampaignPlan, rowsOf, runRow } from "./plan.ts";

export interface CampaignShare {
    readonly plan: CampaignPlan;
    readonly part: number;
    readonly partCount: number;
}

const { plan, part, partCount } = workerData as CampaignShare;
for (const [index, row] of rowsOf(plan).entries()) {
    if (index % partCount === part) {
        parentPort?.postMessage(runRow(plan, row));
    }
}
