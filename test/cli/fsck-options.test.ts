/** Options of `chickadeefsck` that say how to answer, and what it says before it looks. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { placeRecord } from "../../src/chkfs/journal/codec.ts";
import { chickadeefsck } from "../../src/cli/fsck-command.ts";
import { mkchickadeefs } from "../../src/cli/mkfs-command.ts";
import { buildImage, type TestImage } from "../support/image-builder.ts";
import {
    type MemoryHostOptions,
    memoryHost,
    runProgram,
    systemError,
} from "../support/memory-host.ts";

function fsck(args: readonly string[], options: MemoryHostOptions = {}) {
    const run = runProgram(chickadeefsck, args, options);
    return { status: run.status, stdout: run.stdout(), stderr: run.stderr() };
}

function disk(damage: (image: TestImage) => void = () => {}): Uint8Array {
    const image = buildImage({ root: { f: "text" }, journalBlockCount: 8 });
    damage(image);
    return image.bytes;
}

const usage = (problem: string) => ({
    status: 2,
    stdout: "",
    stderr:
        `chickadeefsck: ${problem}\n` +
        "Usage: chickadeefsck [-V] [-s | --no-journal] [-e FILE] [IMAGE]\n" +
        "Try 'chickadeefsck --help' for what they mean.\n",
});

describe("--fail-on", () => {
    const damages: Readonly<Record<string, (image: TestImage) => void>> = {
        nothing: () => {},
        note: (image) => image.pokeInode(2, "mlock", 1),
        warning: (image) => image.setFree(40, false),
        error: (image) => image.setFree(3, true),
    };
    const failing: readonly [severity: string | undefined, what: string[]][] = [
        [undefined, ["error"]],
        ["error", ["error"]],
        ["warning", ["warning", "error"]],
        ["note", ["note", "warning", "error"]],
    ];
    it.each(failing)("%s fails for %j", (severity, what) => {
        const args = severity === undefined ? [] : [`--fail-on=${severity}`];
        const statusOf = (...more: string[]) =>
            Object.keys(damages).filter((name) => {
                const files = { "x.img": disk(damages[name]) };
                return fsck(["--strict", ...args, ...more, "x.img"], { files }).status === 1;
            });
        expect(statusOf()).toEqual(what);
        expect(statusOf("--json")).toEqual(what);
    });

    it("does not count what is muted", () => {
        const files = { "x.img": disk(damages.warning) };
        expect(fsck(["--fail-on=note", "-Wno-leaks", "x.img"], { files }).status).toBe(0);
    });

    it("judges what a repair leaves", () => {
        const files = { "/x.img": disk(damages.note) };
        const answer = {
            stdout: expect.stringContaining("/x.img: nothing to repair, no errors\n"),
        };
        const args = ["--repair", "--strict", "/x.img"];
        expect(fsck(args, { files })).toMatchObject({ status: 0, ...answer });
        expect(fsck(["--fail-on=warning", ...args], { files })).toMatchObject({ status: 0 });
        expect(fsck(["--fail-on=note", ...args], { files })).toMatchObject({
            status: 1,
            ...answer,
        });
    });

    it("takes no other severity", () => {
        expect(fsck(["--fail-on=notes"])).toEqual(
            usage("unknown severity 'notes' (known are error, warning, note)"),
        );
        expect(fsck(["--fail-on"])).toEqual(usage("option '--fail-on' requires an argument"));
        expect(fsck(["--undo", "u", "--fail-on=note", "x.img"])).toEqual(
            usage("--undo and --fail-on exclude each other"),
        );
    });
});

describe("--version", () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));

    it.each([
        ["chickadeefsck", chickadeefsck],
        ["mkchickadeefs", mkchickadeefs],
    ])("of %s prints the package's", (name, program) => {
        const run = runProgram(program, ["--version", "--nope"]);
        expect([run.status, run.stdout(), run.stderr()]).toEqual([0, `${name} ${version}\n`, ""]);
    });

    it("leaves every abbreviation of --verbose as it was", () => {
        const files = { "x.img": disk() };
        for (const abbreviation of ["--v", "--ve", "--ver"]) {
            expect(fsck([abbreviation, "x.img"], { files }).stdout).toContain("superblock: ");
        }
        expect(fsck(["--vers"]).stdout).toBe(`chickadeefsck ${version}\n`);
    });
});

describe("the help", () => {
    it("fits 80 columns, and names every option", () => {
        const { status, stdout } = fsck(["--help"]);
        const lines = stdout.split("\n");
        expect(status).toBe(0);
        expect(lines.filter((line) => line.length > 80)).toEqual([]);
        expect(stdout).toContain(
            "  --extract, -e FILE          print FILE's content on standard output, findings\n" +
                "                              on standard error\n",
        );
        expect(stdout).toContain("but for what -W mutes");
        const options = lines.flatMap((line) => /^ {2}--([a-z-]+)/.exec(line)?.[1] ?? []);
        expect(options).toEqual([
            ...["verbose", "save-journal", "no-journal", "extract", "color", "no-color"],
            ...["reference", "strict", "json", "explain", "repair", "dry-run", "undo"],
            ...["fail-on", "help", "version"],
        ]);
    });
});

describe("an image that is none", () => {
    it("is not waited for at a terminal", () => {
        for (const args of [[], ["--strict"], ["--repair"], ["--undo", "u"], ["-s"]]) {
            expect(fsck(args, { terminal: true })).toEqual({
                status: 2,
                stdout: "",
                stderr:
                    "no image given, and standard input is a terminal; " +
                    "try 'chickadeefsck --help'\n",
            });
        }
        expect(fsck(["-"], { terminal: true }).stderr).toBe("<stdin>: Is a terminal\n");
    });

    it("is told by its magic number alone, except with --reference", () => {
        const files = { "x.img": new Uint8Array(5000).fill(0x61) };
        expect(fsck(["x.img"], { files })).toEqual({
            status: 1,
            stdout: "error: bad magic number 0x6161616161616161\n",
            stderr: "",
        });
        expect(fsck(["--reference", "x.img"], { files }).stdout).toMatch(
            /^error: unexpected size 5000 .*\nerror: bad magic number 0x6161616161616161\nerror: /,
        );
    });
});

describe("--reference -s", () => {
    /** Replays blocks into the superblock, the journal and the data, by the reference's rules. */
    const replaying = (...blockNos: number[]) =>
        disk((image) => {
            placeRecord(image.bytes.subarray(image.journal_bn * 4096), 0, {
                ...{ seq: 1, tid: 4, completeBoundary: 4, commitBoundary: 5, flags: 0x30 },
                writes: blockNos.map((blockNo) => ({ blockNo, content: new Uint8Array(4096) })),
            });
        });

    const save = (image: Uint8Array, ...args: string[]) =>
        fsck([...args, "disk.img"], { files: { "disk.img": image } }).stderr;

    it("warns before it spoils the image as the reference does", () => {
        const warning = (blocks: string) =>
            `disk.img: warning: replaying over ${blocks}, as the reference does\n`;
        expect(save(replaying(0, 20), "--reference", "-s")).toBe(warning("block 0"));
        expect(save(replaying(20, 57, 0), "--reference", "-s")).toBe(
            warning("block 57 and 1 more"),
        );
    });

    it("says so even where the writing fails", () => {
        const memory = memoryHost({ files: { "disk.img": replaying(0) } });
        const writeSync = () => {
            throw systemError("EIO");
        };
        const host = { ...memory.host, fs: { ...memory.host.fs, writeSync } };
        const run = runProgram(chickadeefsck, ["--reference", "-s", "disk.img"], {
            ...memory,
            host,
        });
        expect([run.status, run.stderr()]).toEqual([
            2,
            "disk.img: warning: replaying over block 0, as the reference does\n" +
                "disk.img: Input/output error\n",
        ]);
    });

    it("is silent where it writes only where it may, or not at all", () => {
        expect(save(replaying(20), "--reference", "-s")).toBe("");
        expect(save(replaying(0), "--reference")).toBe("");
        expect(save(replaying(0), "-s")).toBe("");
    });
});
