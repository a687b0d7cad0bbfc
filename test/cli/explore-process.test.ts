/** The built program: what only processes and threads can show of `chickadee explore`. */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const project = join(import.meta.dirname, "../..");
const bundled = join(project, "dist/bin/chickadee.js");
const compiled = join(project, "dist/src/cli/chickadee.js");
const lostWakeup = ["explore", "--run", "testfutex", "--fault", "futex-check-before-lock"];

/** A module for the child: tells its parent when it has begun to hear SIGINT. */
const tellWhenListening =
    "data:text/javascript,process.on('newListener', (name) => " +
    "{ if (name === 'SIGINT') process.send('listening'); })";

function run(program: string, args: readonly string[]) {
    return spawnSync(process.execPath, [program, ...args], { encoding: "utf8" });
}

describe("the chickadee program, exploring", () => {
    it("prints the same with one thread and with four, and names source lines", () => {
        const { status, stdout, stderr } = run(bundled, [...lostWakeup, "--jobs", "1"]);
        expect(status).toBe(1);
        expect(stderr).toMatch(/^searched \d+ runs in \d+\.\d s, [\d.,]+ a second\n$/);
        expect(run(bundled, [...lostWakeup, "--jobs", "4"]).stdout).toBe(stdout);
        const places = [...stdout.matchAll(/(src\/\S+\.ts):(\d+) \(#?(\w+)\)/g)];
        expect(places.length).toBeGreaterThan(5);
        for (const [, file, line, name] of places) {
            const lines = readFileSync(join(project, file), "utf8").split("\n");
            // The function that it is in begins above the line.
            const above = lines.slice(0, Number(line)).join("\n");
            expect({ file, line, name, isThere: above.includes(`${name}(`) }).toMatchObject({
                isThere: true,
            });
        }
    });

    it("names the same lines when it runs from the compiled modules", () => {
        const places = (text: string) => text.match(/src\/\S+\.ts:\d+ \(#?\w+\)/g);
        const { status, stdout } = run(compiled, lostWakeup);
        expect(status).toBe(1);
        expect(places(stdout)).toEqual(places(run(bundled, lostWakeup).stdout));
    });

    it("prints commands that work when they are pasted, in another process", () => {
        const { stdout } = run(bundled, lostWakeup);
        for (const name of ["replay", "as it was found"]) {
            const [, command = ""] =
                new RegExp(`^${name}: chickadee (.*)$`, "m").exec(stdout) ?? [];
            const { status, stderr } = run(bundled, command.split(" "));
            expect(status).toBe(3);
            expect(stderr).toMatch(/^deadlock: every task waits\n/);
        }
    });

    it("stops for Ctrl-C, and says how to go on", async () => {
        const args = [bundled, "explore", "--run", "testpipe", "--runs", "1000000"];
        const child = spawn(process.execPath, ["--import", tellWhenListening, ...args], {
            stdio: ["ignore", "pipe", "pipe", "ipc"],
        });
        let out = "";
        child.stdout?.on("data", (bytes) => {
            out += bytes;
        });
        child.once("message", () => child.kill("SIGINT"));
        const status = await new Promise((resolve) => child.on("close", resolve));
        expect(status).toBe(130);
        expect(out).toMatch(
            /^interrupted by SIGINT, after run [\d,]+ of 1,000,000; no run failed\n/,
        );
        expect(out).toMatch(/\ngo on: chickadee explore --run testpipe .* --first \d+ --seed 1 /);
    });

    it("reads keys from standard input", () => {
        const args = ["explore", "--run", "testrwaddr", "--keys", "-", "--runs", "20"];
        const { status, stdout } = spawnSync(process.execPath, [bundled, ...args], {
            input: "a few\nanother few\n",
            encoding: "utf8",
        });
        expect({ status, stdout }).toEqual({
            status: 0,
            stdout: "no run failed: 20 runs of testrwaddr on 2 CPUs, pct:3, seed 1\n",
        });
    });
});
