/**
 * A run of the machine is a function of its inputs: the same in this process, in another one, and
 * on every Node.
 *
 * What the runs come to is recorded in test/golden/recorded/machine-runs.txt. To compare another
 * Node, build the project, run this suite, and run `build/machine-runs.mjs` with it: it prints the
 * recorded lines. A state's hash covers the names and versions of all saved fields, so a device
 * that saves something else makes other lines; when that is meant, record them anew by
 * `node build/machine-runs.mjs > test/golden/recorded/machine-runs.txt`. The traces and the counts
 * of operations should stay as they were; if they do not, a run itself has changed.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { beforeAll, describe, expect, it } from "vitest";
import { type Run, recordedRuns, runLine } from "../support/machine-runs.ts";

const recorded = readFileSync(
    new URL("../golden/recorded/machine-runs.txt", import.meta.url),
    "utf8",
);
const program = fileURLToPath(new URL("../../build/machine-runs.mjs", import.meta.url));

function lineOf(run: Run): string {
    const name = `${run.kernel} ${run.schedule} seed ${run.seed}:`;
    return recorded.split("\n").find((line) => line.startsWith(name)) ?? `${name} not recorded`;
}

describe("a run of the machine", () => {
    beforeAll(async () => {
        const input = fileURLToPath(new URL("../support/machine-runs-main.ts", import.meta.url));
        const bundle = await rolldown({ input, platform: "node" });
        await bundle.write({ file: program, format: "esm" });
        await bundle.close();
    });

    it.each(recordedRuns)("is what was recorded: $kernel, $schedule, seed $seed", (run) => {
        expect(runLine(run)).toBe(lineOf(run));
    });

    it("comes out the same when it is done again after others", () => {
        const [first] = recordedRuns;
        expect(runLine(first)).toBe(lineOf(first));
    });

    it("comes out the same in other processes", () => {
        const outputs = [1, 2].map(() => {
            const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
                encoding: "utf8",
            });
            return { status, stdout, stderr };
        });
        const expected = { status: 0, stdout: recorded, stderr: "" };
        expect(outputs).toEqual([expected, expected]);
    });

    it("is right in all that its kernel can see", () => {
        const lines = recorded.trimEnd().split("\n");
        expect(lines).toHaveLength(18);
        for (const line of lines) {
            expect(line).toMatch(/^\S+ \S+ seed \d: right, powered off at \d+ ns after /);
        }
    });

    it("has another trace and another end under another seed (canary)", () => {
        const lines = recordedRuns.map(lineOf);
        for (const what of [/ trace (\w+)/, / state (\w+)/]) {
            expect(new Set(lines.map((line) => what.exec(line)?.[1])).size).toBe(lines.length);
        }
        const [first] = recordedRuns;
        expect(runLine({ ...first, seed: 77 })).not.toBe(
            lineOf(first).replace("seed 1", "seed 77"),
        );
    });
});
