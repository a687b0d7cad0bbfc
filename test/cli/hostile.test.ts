/**
 * The programs in a bad world: files that are missing, unreadable or too large, streams that end,
 * disks that are full. There is always one clear message, the exit status that the reference has,
 * an unharmed target, and nothing left behind.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { placeRecord } from "../../src/chkfs/journal/codec.ts";
import { chickadeefsck } from "../../src/cli/fsck-command.ts";
import { mkchickadeefs } from "../../src/cli/mkfs-command.ts";
import type { FileSystem } from "../../src/host/host.ts";
import { buildImage } from "../support/image-builder.ts";
import { memoryHost, runProgram, systemError } from "../support/memory-host.ts";

const programs = join(import.meta.dirname, "../../dist/bin");
let folder = "";

/** 64 blocks with a journal that writes block 40. */
const journaled = (() => {
    const image = buildImage({ root: { a: "text" }, journalBlockCount: 8 });
    const journal = new Uint8Array(8 * 4096);
    const content = new Uint8Array(4096).fill(7);
    placeRecord(journal, 0, {
        seq: 1,
        tid: 1,
        commitBoundary: 2,
        completeBoundary: 1,
        flags: 0x30,
        writes: [{ blockNo: 40, content }],
    });
    image.pokeBlock(56, 0, journal);
    return image.bytes;
})();

beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "chickadee-hostile-"));
    mkdirSync(join(folder, "folder"));
    writeFileSync(join(folder, "empty.img"), "");
    writeFileSync(join(folder, "a.txt"), "alpha\n");
    writeFileSync(join(folder, "old.img"), "precious");
    writeFileSync(join(folder, "good.img"), journaled);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a shell command in the folder; `mkfs` and `fsck` in it are the programs. */
function shell(command: string): { status: number | null; stdout: string; stderr: string } {
    const script =
        'mkfs() { "$NODE" "$PROGRAMS/mkchickadeefs.js" "$@"; }; ' +
        'fsck() { "$NODE" "$PROGRAMS/chickadeefsck.js" "$@"; }; ' +
        `set -o pipefail; ${command}`;
    const { status, stdout, stderr } = spawnSync("bash", ["-c", script], {
        cwd: folder,
        env: { ...process.env, NODE: process.execPath, PROGRAMS: programs },
        encoding: "latin1",
    });
    return { status, stdout, stderr };
}

const names = () => readdirSync(folder).sort();
const everything = ["a.txt", "empty.img", "folder", "good.img", "old.img"];

/** Commands on the real computer, what they say, and how they end. */
const bad: readonly [command: string, stderr: string, status: number][] = [
    ["fsck missing.img", "missing.img: No such file or directory\n", 2],
    ["fsck a.txt/x.img", "a.txt/x.img: Not a directory\n", 2],
    ["fsck folder", "folder: Is a directory\n", 2],
    ["fsck -s folder", "folder: Is a directory\n", 2],
    ["fsck -s < good.img", "<stdin>: cannot save to something that is not a regular file\n", 2],
    ["fsck -V good.img > /dev/full", "standard output: No space left on device\n", 2],
    ["fsck --help > /dev/full", "standard output: No space left on device\n", 2],
    ["fsck -e a good.img > /dev/full", "standard output: No space left on device\n", 2],
    ["mkfs -o new.img missing.txt", "missing.txt: No such file or directory\n", 1],
    ["mkfs -o new.img folder", "folder: Is a directory\n", 1],
    ["mkfs -o folder a.txt", "folder: Is a directory\n", 1],
    ["mkfs -o nowhere/new.img a.txt", "nowhere/new.img: No such file or directory\n", 1],
    ["mkfs -o a.txt/new.img a.txt", "a.txt/new.img: Not a directory\n", 1],
    ["mkfs -o old.img missing.txt", "missing.txt: No such file or directory\n", 1],
    ["mkfs -b 20 -o old.img old.img a.txt good.img", "good.img: out of space on output disk\n", 1],
    ["mkfs a.txt > /dev/full", "-: No space left on device\n", 1],
    ["mkfs -o /dev/full a.txt", "/dev/full: No space left on device\n", 1],
    ["mkfs --json -o /dev/null a.txt > /dev/full", "standard output: No space left on device\n", 1],
];

describe("on the real computer", () => {
    it.each(bad)("%s", (command, stderr, status) => {
        expect(shell(command)).toEqual({ status, stdout: "", stderr });
        expect(names()).toEqual(everything);
        expect(readFileSync(join(folder, "old.img"), "latin1")).toBe("precious");
        expect(Buffer.compare(readFileSync(join(folder, "good.img")), journaled)).toBe(0);
    });

    it("a file that is no image is an error, not a failure", () => {
        const message = "error: file size 0 too small (need at least 4096)\n";
        for (const command of ["fsck empty.img", "fsck < empty.img", "true | fsck"]) {
            const run = shell(command);
            expect([run.status, run.stdout.split("\n").length > 1, run.stderr]).toEqual([
                1,
                true,
                "",
            ]);
            expect(run.stdout).toContain(message.slice(0, 16));
        }
    });

    it("a reader that goes away is named, and ends a program early", () => {
        const mkfs = shell("mkfs -b 30000 a.txt | head -c 1");
        expect([mkfs.status, mkfs.stderr]).toEqual([141, "-: Broken pipe\n"]);
        const fsck = shell("(sleep 0.1; fsck -V good.img) | true");
        expect([fsck.status, fsck.stderr]).toEqual([141, "standard output: Broken pipe\n"]);
        expect(names()).toEqual(everything);
    });

    it("closed standard streams do no harm", () => {
        expect(shell("fsck good.img >&- 2>&-").status).toBe(0);
        expect(shell("fsck <&-").status).toBe(1);
        expect(shell("mkfs -o old.img missing.txt >&- 2>&-").status).toBe(1);
        expect(readFileSync(join(folder, "old.img"), "latin1")).toBe("precious");
    });
});

/** A host whose files fail: each function of `failing` throws the error of that code. */
function failingHost(failing: Readonly<Record<string, string>>) {
    const memory = memoryHost({ files: { "/d/x.img": journaled, "/d/a.txt": "alpha\n" } });
    const throwing = Object.fromEntries(
        Object.entries(failing).map(([name, code]) => [
            name,
            () => {
                throw systemError(code);
            },
        ]),
    );
    const fs = { ...memory.host.fs, ...throwing } as FileSystem;
    return { ...memory, host: { ...memory.host, fs } };
}

describe("with files that fail", () => {
    it.each([
        ["openSync", "EACCES", "/d/x.img: Permission denied\n"],
        ["openSync", "EMFILE", "/d/x.img: Too many open files\n"],
        ["readSync", "EIO", "/d/x.img: Input/output error\n"],
    ])("an image is not checked: %s %s", (name, code, stderr) => {
        const run = runProgram(chickadeefsck, ["/d/x.img"], failingHost({ [name]: code }));
        expect([run.status, run.stdout(), run.stderr()]).toEqual([2, "", stderr]);
    });

    it.each([
        ["writeSync", "EROFS", "/d/x.img: Read-only file system\n"],
        ["writeSync", "EIO", "/d/x.img: Input/output error\n"],
        ["fsyncSync", "EIO", "/d/x.img: Input/output error\n"],
    ])("a journal is not wiped: %s %s", (name, code, stderr) => {
        const run = runProgram(chickadeefsck, ["-s", "/d/x.img"], failingHost({ [name]: code }));
        expect([run.status, run.stderr()]).toEqual([2, stderr]);
        const journal = run.readFile("/d/x.img").subarray(56 * 4096);
        expect(Buffer.compare(journal, journaled.subarray(56 * 4096))).toBe(0);
    });

    it.each([
        ["openSync", "EACCES", "/d/a.txt: Permission denied\n"],
        ["readSync", "EIO", "/d/a.txt: Input/output error\n"],
        ["ftruncateSync", "EFBIG", "/d/x.img: File too large\n"],
        ["writeSync", "ENOSPC", "/d/x.img: No space left on device\n"],
        ["fsyncSync", "EDQUOT", "/d/x.img: Disk quota exceeded\n"],
        ["renameSync", "EPERM", "/d/x.img: Operation not permitted\n"],
    ])("an image is not replaced: %s %s", (name, code, stderr) => {
        const args = ["-o", "/d/x.img", "/d/a.txt:a"];
        const run = runProgram(mkchickadeefs, args, failingHost({ [name]: code }));
        expect([run.status, run.stdout(), run.stderr()]).toEqual([1, "", stderr]);
        expect(run.list("/d")).toEqual(["a.txt", "x.img"]);
        expect(Buffer.compare(run.readFile("/d/x.img"), journaled)).toBe(0);
    });

    it.each([0, 1, 4096, 20_000])("an image is not replaced with %d bytes free", (freeBytes) => {
        const files = { "/d/x.img": journaled, "/d/a.txt": "alpha\n".repeat(5000) };
        const args = ["-o", "/d/x.img", "/d/a.txt:a"];
        const run = runProgram(mkchickadeefs, args, { files, freeBytes });
        expect([run.status, run.stderr()]).toEqual([1, "/d/x.img: No space left on device\n"]);
        expect(run.list("/d")).toEqual(["a.txt", "x.img"]);
        expect(Buffer.compare(run.readFile("/d/x.img"), journaled)).toBe(0);
    });

    it("a check of an image that shrinks meanwhile ends, and reads zeros", () => {
        const memory = memoryHost({ files: { "/x.img": journaled } });
        const readSync: FileSystem["readSync"] = (...args: unknown[]) => {
            memory.volume.truncateSync("/x.img", 4096);
            return Reflect.apply(memory.host.fs.readSync, undefined, args);
        };
        const host = { ...memory.host, fs: { ...memory.host.fs, readSync } };
        const run = runProgram(chickadeefsck, ["/x.img"], { ...memory, host });
        expect([run.status, run.stderr()]).toEqual([1, ""]);
        expect(run.stdout()).toContain("inode 1 (root directory)");
    });

    it("would be noticed if they did work (canary)", () => {
        const args = ["-o", "/d/x.img", "/d/a.txt:a"];
        const run = runProgram(mkchickadeefs, args, failingHost({}));
        expect([run.status, run.stderr()]).toEqual([0, ""]);
        expect(Buffer.compare(run.readFile("/d/x.img"), journaled)).not.toBe(0);
    });
});
