/** A worker of a campaign: does every n-th piece of the work, and tells of each. */
import { parentPort, workerData } from "node:worker_threads";
import { type HuntPlan, hunt, huntsOf } from "./fault-hunts.ts";
import { type CampaignPlan, rowsOf, runRow } from "./plan.ts";

/** What is to be done: programs under schedules, or hunts for planted faults. */
export type CampaignWork =
    | { readonly kind: "programs"; readonly plan: CampaignPlan }
    | { readonly kind: "faults"; readonly plan: HuntPlan };

export interface CampaignShare {
    readonly work: CampaignWork;
    readonly part: number;
    readonly partCount: number;
}

const { work, part, partCount } = workerData as CampaignShare;
const isMine = (_: unknown, index: number) => index % partCount === part;
if (work.kind === "programs") {
    for (const row of rowsOf(work.plan).filter(isMine)) {
        parentPort?.postMessage(runRow(work.plan, row));
    }
} else {
    for (const one of huntsOf(work.plan).filter(isMine)) {
        parentPort?.postMessage(hunt(work.plan, one));
    }
}
