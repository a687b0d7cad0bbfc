/** The built program on the real computer: what only a kernel can show. */
import { spawnSync } from "node:child_process";
import {
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    statSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readImage } from "../support/read-image.ts";

const program = join(import.meta.dirname, "../../dist/bin/mkchickadeefs.js");
let folder = "";

beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "mkchickadeefs-"));
    writeFileSync(join(folder, "a.txt"), "alpha\n");
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a shell command in the folder; `mkfs` in it is the program. */
function shell(command: string): { status: number | null; stdout: Buffer; stderr: string } {
    const script = `mkfs() { "$NODE" "$PROGRAM" "$@"; }; ${command}`;
    const environment = { ...process.env, NODE: process.execPath, PROGRAM: program };
    const options = { cwd: folder, env: environment, maxBuffer: 1 << 26 };
    const { status, stdout, stderr } = spawnSync("bash", ["-c", script], options);
    return { status, stdout, stderr: stderr.toString("latin1") };
}

describe("the mkchickadeefs program", () => {
    it("writes the same image into a pipe and a file, which is sparse", () => {
        expect(shell("mkfs -b 3000 -o a.img a.txt").status).toBe(0);
        const piped = shell("mkfs -b 3000 a.txt | cat");
        expect(Buffer.compare(piped.stdout, readFileSync(join(folder, "a.img")))).toBe(0);
        const stats = statSync(join(folder, "a.img"));
        expect(stats.size).toBe(3000 * 4096);
        expect(stats.blocks * 512).toBeLessThan(100 * 4096);
    });

    it("reads pipes, standard input and files without a size", () => {
        const run = shell("mkfs -o p.img -- <(printf one):1 -:2 /proc/self/cmdline:3 <a.txt");
        expect(run.stderr).toBe("");
        const { files, problems } = readImage(readFileSync(join(folder, "p.img")));
        expect(problems).toEqual([]);
        const texts = [...files.values()].map((file) => Buffer.from(file.content).toString());
        expect(texts.slice(0, 2)).toEqual(["one", "alpha\n"]);
        expect(texts[2]).toContain("mkchickadeefs.js\0-o\0p.img\0--\0");
    });

    it.each([
        ["the largest image", "-w 0x08000000 -b 0x0fffffff", 0x0fffffff],
        ["the largest of the reference", "--reference -w 0x70000000 -b 0x7fffffff", 0x7fffffff],
    ])("makes %s at once, in little memory", (_, options, blockCount) => {
        const printMemory = "process.on('exit',()=>console.log(process.resourceUsage().maxRSS))";
        const run = shell(
            `"$NODE" --import "data:text/javascript,${printMemory}" "$PROGRAM" ` +
                `${options} -o w.img a.txt`,
        );
        expect(run).toMatchObject({ status: 0, stderr: "" });
        // The reference's bitmap alone is 256 MiB, Node itself some 50.
        expect(Number(run.stdout) / 1024).toBeGreaterThan(20);
        expect(Number(run.stdout) / 1024).toBeLessThan(150);
        expect(statSync(join(folder, "w.img")).size).toBe(blockCount * 4096);
        rmSync(join(folder, "w.img"));
    });

    it.each([
        ["mkfs a.txt >/dev/full", "-: No space left on device\n"],
        ["mkfs -o /dev/full a.txt", "/dev/full: No space left on device\n"],
        ["mkfs -o . a.txt", ".: Is a directory\n"],
        ["mkfs -o no/such/x.img a.txt", "no/such/x.img: No such file or directory\n"],
        ["mkfs -o a.txt/x.img a.txt", "a.txt/x.img: Not a directory\n"],
        ["mkfs -o ''", ": No such file or directory\n"],
        ["mkfs -o x.img ''", ": No such file or directory\n"],
        ["mkfs -o x.img .", ".: Is a directory\n"],
        ["mkfs -o x.img - <.", "-: Is a directory\n"],
        ["mkfs -b 64 -o x.img /dev/zero:z", "/dev/zero: out of space on output disk\n"],
    ])("fails in %s", (command, stderr) => {
        const before = readdirSync(folder).sort();
        expect(shell(command)).toMatchObject({ status: 1, stderr });
        expect(readdirSync(folder).sort()).toEqual(before);
    });

    it("says that nobody reads the pipe any more", () => {
        const run = shell("set -o pipefail; mkfs -b 9000 a.txt | head -c 10 >/dev/null");
        expect(run).toMatchObject({ status: 141, stderr: "-: Broken pipe\n" });
    });

    it("removes, the next time, what a killed run left", () => {
        // A process that ends itself at the first write to the image, as a signal would.
        const kill =
            "import fs from 'node:fs';import{syncBuiltinESMExports as s}from'node:module';" +
            "fs.writeSync=()=>process.kill(process.pid,'SIGINT')&&process.abort();s()";
        const killed = shell(
            `mkdir k; "$NODE" --import "data:text/javascript,${kill}" "$PROGRAM" -o k/x a.txt`,
        );
        expect(killed.status).not.toBe(0);
        expect(shell("ls -A k").stdout.toString()).toMatch(/^\.chickadee-.*-1\.part\n$/);
        expect(shell("mkfs -o k/x a.txt && ls -A k").stdout.toString()).toBe("x\n");
    });

    it("packs names of any bytes, and names what it cannot pack", () => {
        const tree = join(folder, "tree");
        mkdirSync(tree);
        writeFileSync(Buffer.from(`${tree}/\xff\n`, "latin1"), "odd");
        writeFileSync(join(tree, "ä"), "utf-8");
        expect(shell("mkfs --from tree -o t.img").stderr).toBe("");
        const { files, problems } = readImage(readFileSync(join(folder, "t.img")));
        expect(problems).toEqual([]);
        expect([...files.keys()]).toEqual(["\xc3\xa4", "\xff\n"]);
        symlinkSync("x", Buffer.from(`${tree}/\xfe`, "latin1"));
        expect(shell("mkfs --from tree -o t.img").stderr).toBe(
            "tree/\\xfe: symbolic link; an image holds files and folders\n",
        );
        expect(shell("rm tree/?; mkfifo tree/q; mkfs --from tree -o t.img").stderr).toBe(
            "tree/q: named pipe; an image holds files and folders\n",
        );
    });
});
