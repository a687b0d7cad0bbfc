/**
 * A run of the kernel is a function of its inputs: the same in this process, in another one, and
 * on every Node.
 *
 * What the runs come to is recorded in test/golden/recorded/kernel-runs.txt. To compare another
 * Node, build the project, run this suite, and run `build/kernel-runs.mjs` with it: it prints the
 * recorded lines. A kernel or a program that does something else makes other lines; when that is
 * meant, record them anew by
 * `node build/kernel-runs.mjs > test/golden/recorded/kernel-runs.txt`.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { beforeAll, describe, expect, it } from "vitest";
import { type RecordedRun, recordedRuns, runLine, runName } from "../support/kernel-runs.ts";

const recorded = readFileSync(
    new URL("../golden/recorded/kernel-runs.txt", import.meta.url),
    "utf8",
);
const program = fileURLToPath(new URL("../../build/kernel-runs.mjs", import.meta.url));

function lineOf(run: RecordedRun): string {
    const name = runName(run);
    return recorded.split("\n").find((line) => line.startsWith(name)) ?? `${name} not recorded`;
}

describe("a run of the kernel", () => {
    beforeAll(async () => {
        const input = fileURLToPath(new URL("../support/kernel-runs-main.ts", import.meta.url));
        const bundle = await rolldown({ input, platform: "node" });
        await bundle.write({ file: program, format: "esm" });
        await bundle.close();
    });

    it.each(recordedRuns)("is what was recorded: $program, $cpuCount CPUs, $schedule", (run) => {
        expect(runLine(run)).toBe(lineOf(run));
    });

    it("comes out the same when it is done again after others", () => {
        const [first] = recordedRuns;
        expect(runLine(first)).toBe(lineOf(first));
    });

    it("comes out the same in another process", () => {
        const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
            encoding: "utf8",
        });
        expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: recorded, stderr: "" });
    });

    it("passes, but for the one with a planted fault", () => {
        const kinds = recorded
            .trimEnd()
            .split("\n")
            .map((line) => /: (\w+) at \d+ ns/.exec(line)?.[1]);
        const passed = new Array<string>(recordedRuns.length - 1).fill("passed");
        expect(kinds).toEqual([...passed, "deadlock"]);
    });

    it("ends in another state under another seed (canary)", () => {
        const [, random] = recordedRuns;
        const state = (line: string) => / state (\w+)/.exec(line)?.[1];
        expect(state(runLine({ ...random, seed: 77 }))).not.toBe(state(lineOf(random)));
        expect(new Set(recorded.trimEnd().split("\n").map(state)).size).toBe(recordedRuns.length);
    });
});
