/** The built program: what only a process can show of `chickadee boot`. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const programs = join(import.meta.dirname, "../../dist/bin");
const chickadee = join(programs, "chickadee.js");

describe("the chickadee program", () => {
    let folder = "";

    beforeAll(() => {
        folder = mkdtempSync(join(tmpdir(), "chickadee-boot-"));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it("types its standard input, and ends when the shell does", () => {
        const input = "echo one; sleep 1; echo two | cat\n";
        const { status, stdout, stderr } = spawnSync(process.execPath, [chickadee, "boot"], {
            input,
            encoding: "utf8",
        });
        expect(status).toBe(0);
        expect(stdout.split("\n").map((line) => line.trimEnd())).toEqual([
            `sh$ ${input.trimEnd()}`,
            "one",
            "two",
            "sh$",
            "",
        ]);
        expect(stderr).toMatch(
            /^passed: the program and all orphans ended with status 0\nafter 1\.\d{3} s of /,
        );
    });

    it("gives the same document in another process", () => {
        const document = () =>
            spawnSync(
                process.execPath,
                [chickadee, ...["boot", "--run", "testpipe", "--schedule", "pct:3", "--json"]],
                { encoding: "utf8" },
            ).stdout;
        const first = document();
        expect(JSON.parse(first)).toMatchObject({ outcome: "passed", schedule: "pct:3" });
        expect(document()).toBe(first);
    });

    it("prints while it runs, and stops for Ctrl-C with a verdict", async () => {
        const lines = Array.from({ length: 60 }, (_, index) => `echo line ${index}`);
        writeFileSync(join(folder, "keys"), `${lines.join("\n")}\nsleep 1000000\n`);
        const args = [chickadee, "boot", "--keys", join(folder, "keys"), "--limit", "1000000"];
        const run = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
        let out = "";
        let err = "";
        run.stderr.on("data", (bytes) => {
            err += bytes;
        });
        run.stdout.on("data", (bytes) => {
            out += bytes;
            if (out.includes("\nline 10\n")) {
                run.kill("SIGINT");
                run.stdout.removeAllListeners("data").on("data", () => {});
            }
        });
        const status = await new Promise((resolve) => run.on("close", resolve));
        expect(status).toBe(130);
        expect(err).toMatch(/^interrupted: by SIGINT\nafter \d+\.\d{3} s of virtual time, /);
    });

    it("does not load the machine for other commands", () => {
        const main = readFileSync(chickadee, "utf8");
        expect(main).toContain('import("./chickadee-boot-command.js")');
        const bodies = /^(?:var|const|let) (?:Machine|Kernel) = class|^class (?:Machine|Kernel)\b/m;
        expect(main).not.toMatch(bodies);
        const imported = [...main.matchAll(/ from "\.\/(chickadee-[\w-]+\.js)"/g)].map(
            ([, name]) => name,
        );
        for (const name of imported) {
            expect(readFileSync(join(programs, name), "utf8")).not.toMatch(bodies);
        }
        expect(readFileSync(join(programs, "chickadee-kernel.js"), "utf8")).toMatch(bodies);
    });
});
