/** A slice of `npm run campaign`: all programs under few schedules; the commands it prints. */
import { describe, expect, it } from "vitest";
import { type CampaignPlan, commandOf, rowsOf, runRow } from "../../campaign/plan.ts";
import { chickadee } from "../../src/cli/chickadee-command.ts";
import { testPrograms } from "../../src/crash/test-programs.ts";
import { runProgramToEnd } from "../support/memory-host.ts";

const plan: CampaignPlan = {
    programs: testPrograms.map(({ name }) => name),
    cpuCounts: [1, 2, 4],
    schedules: ["random", "pct:3"],
    firstSeed: 5000,
    seedCount: 1,
};

describe("a campaign", () => {
    it.each(plan.programs)("has %s pass on 1, 2 and 4 CPUs", (program) => {
        for (const row of rowsOf({ ...plan, programs: [program] })) {
            expect(runRow(plan, row).failures).toEqual([]);
        }
    });

    it("tells of a program that fails, by a command that fails again (canary)", async () => {
        const row = { program: "false", cpuCount: 2, schedule: "pct:3" };
        const { failures } = runRow({ ...plan, seedCount: 2 }, row);
        expect(failures.map(({ outcome }) => outcome.message)).toEqual([
            "process 2 (false) ended with status 1",
            "process 2 (false) ended with status 1",
        ]);
        const command = commandOf(failures[1].campaignCase);
        expect(command).toMatch(
            /^chickadee boot --run false --cpus 2 --seed 5001 --schedule pct:3:\d+ --t\S+r 5000$/,
        );
        const again = await runProgramToEnd(chickadee, command.split(" ").slice(1));
        expect(again.status).toBe(1);
        expect(again.stderr()).toMatch(/^failed: process 2 \(false\) ended with status 1\n/);
    });

    it("prints a command that does the very same run", async () => {
        const row = { program: "testrwaddr", cpuCount: 2, schedule: "random" };
        const { operations } = runRow(plan, row);
        const command = commandOf({ ...row, seed: plan.firstSeed });
        const [typed, boot = ""] = command.split(" | chickadee ");
        expect(typed).toBe(String.raw`printf "a few\nanother few\n"`);
        const stdin = Buffer.from("a few\nanother few\n");
        const again = await runProgramToEnd(chickadee, [...boot.split(" "), "--json"], { stdin });
        expect(again.status).toBe(0);
        expect(JSON.parse(again.stdout()).operationCount).toBe(operations);
    });
});
