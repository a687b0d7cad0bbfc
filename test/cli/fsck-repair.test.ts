/** `chickadeefsck --repair` and `--undo`, as a user runs them. */
import { describe, expect, it } from "vitest";
import { placeRecord } from "../../src/chkfs/journal/codec.ts";
import { chickadeefsck } from "../../src/cli/fsck-command.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { planRepair } from "../../src/fsck/repair/repair.ts";
import { planUndoLog, writeUndoLog } from "../../src/fsck/repair/undo-log.ts";
import { buildImage } from "../support/image-builder.ts";
import {
    type MemoryHostOptions,
    memoryHost,
    runProgram,
    systemError,
} from "../support/memory-host.ts";

const usage = (problem: string) =>
    expect.stringMatching(new RegExp(`^chickadeefsck: ${problem}\nUsage: chickadeefsck .+\n`));

/** An image with a leaked block and a wrong link count. */
function damaged(): Uint8Array {
    const image = buildImage({ root: { a: "a" }, blockCount: 64 });
    image.setFree(20, false);
    image.pokeInode(2, "nlink", 7);
    return image.bytes;
}

/** The same, once repaired. */
function sound(): Uint8Array {
    return buildImage({ root: { a: "a" }, blockCount: 64 }).bytes;
}

/** An image of which two files share a block. */
function beyondRepair(): Uint8Array {
    const image = buildImage({ root: { a: "a", b: "b" }, blockCount: 64 });
    image.pokeExtent(3, 0, { first: 3, count: 1 });
    image.setFree(20, false);
    return image.bytes;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
    return Buffer.compare(a, b) === 0;
}

const changeLines =
    "inode 2 (a): link count 7 set to 1\n" + "block 20: nothing uses it: marked as free\n";

/** A computer with files in /d, and runs of the program there. */
function computer(files: Record<string, Uint8Array>, options: MemoryHostOptions = {}) {
    const inFolder = Object.fromEntries(
        Object.entries(files).map(([name, bytes]) => [`/d/${name}`, bytes]),
    );
    const host = memoryHost({ files: inFolder, ...options });
    const run = (...args: string[]) => {
        const [outBefore, errBefore] = [host.stdout().length, host.stderr().length];
        const { status } = runProgram(chickadeefsck, args, host);
        return {
            status,
            out: host.stdout().slice(outBefore),
            err: host.stderr().slice(errBefore),
        };
    };
    return { ...host, run, file: (name: string) => host.readFile(`/d/${name}`) };
}

describe("--repair", () => {
    it("repairs, says what it did, and keeps an undo file with which it can be taken back", () => {
        const { run, file, list } = computer({ "x.img": damaged() });
        expect(run("--repair", "/d/x.img")).toEqual({
            status: 0,
            out:
                `${changeLines}/d/x.img: 2 changes made, no error left\n` +
                "To take it back: chickadeefsck --undo /d/x.img.undo /d/x.img\n",
            err: "",
        });
        expect(same(file("x.img"), sound())).toBe(true);
        expect(list("/d")).toEqual(["x.img", "x.img.undo"]);
        expect(run("--undo", "/d/x.img.undo", "/d/x.img")).toEqual({
            status: 0,
            out: "/d/x.img: 2 blocks restored; as it was before the repair\n",
            err: "",
        });
        expect(same(file("x.img"), damaged())).toBe(true);
    });

    it("never writes to a clean image, nor a second time to a repaired one", () => {
        const { host, run, list } = computer({ "x.img": sound() });
        const failing = () => {
            throw systemError("EIO");
        };
        Object.assign(host.fs, { writeSync: failing });
        expect(run("--repair", "/d/x.img")).toEqual({
            status: 0,
            out: "/d/x.img: nothing to repair, no errors\n",
            err: "",
        });
        expect(list("/d")).toEqual(["x.img"]);
    });

    it("keeps the undo files of earlier repairs", () => {
        const { run, list, volume } = computer({ "x.img": damaged() });
        run("--repair", "/d/x.img");
        volume.writeFileSync("/d/x.img", damaged());
        expect(run("--repair", "/d/x.img").out).toContain("--undo /d/x.img.undo.2 /d/x.img\n");
        volume.writeFileSync("/d/x.img", damaged());
        run("--repair", "/d/x.img");
        expect(list("/d")).toEqual(["x.img", "x.img.undo", "x.img.undo.2", "x.img.undo.3"]);
    });

    it("keeps the undo file beside the image that a symbolic link leads to", () => {
        const { run, list, volume } = computer({ "x.img": damaged() });
        volume.mkdirSync("/links");
        volume.symlinkSync("/d/x.img", "/links/l.img");
        expect(run("--repair", "/links/l.img").out).toContain("--undo /d/x.img.undo /links/l.img");
        expect([list("/d"), list("/links")]).toEqual([["x.img", "x.img.undo"], ["l.img"]]);
    });

    it("refuses as a whole when anything needs a decision, and says what", () => {
        const { run, file, list } = computer({ "x.img": beyondRepair() });
        expect(run("--repair", "/d/x.img")).toEqual({
            status: 1,
            out:
                "/d/x.img: not repaired, because of what follows\n" +
                "block 3: reusing block for b[0] as regular [block-reused]\n",
            err: "",
        });
        expect(same(file("x.img"), beyondRepair())).toBe(true);
        expect(list("/d")).toEqual(["x.img"]);
    });

    it("says what is left, and fails, when it could not take all errors away", () => {
        const image = buildImage({ root: { f: "x" }, blockCount: 64, journalBlockCount: 8 });
        image.setFree(40, false);
        // A record that its kernel marked as bad is an error, and nothing that could be repaired.
        placeRecord(image.bytes.subarray(56 * 4096), 0, {
            seq: 1,
            tid: 1,
            commitBoundary: 1,
            completeBoundary: 1,
            flags: 0x02,
        });
        const { run } = computer({ "x.img": image.bytes });
        const { status, out } = run("--repair", "/d/x.img");
        expect(status).toBe(1);
        expect(out).toContain("/d/x.img: 1 change made, 1 error left\n");
        expect(run("--repair", "/d/x.img").status).toBe(1);
    });

    it("refuses a circle of lost directories, and says which", () => {
        const image = buildImage({ root: { outer: { inner: { f: "x" } } }, blockCount: 64 });
        image.pokeDirent("/outer/inner", 1, { inum: 2, name: "up" });
        image.pokeDirent("/", 0, { inum: 0, name: "" });
        const { run } = computer({ "x.img": image.bytes });
        expect(run("--repair", "/d/x.img")).toEqual({
            status: 1,
            out:
                "/d/x.img: not repaired, because of what follows\n" +
                "inode 2: lost in a circle of directories; clear one of their entries by hand " +
                "[directory-cycle]\n",
            err: "",
        });
    });

    it("shows control characters of names on a terminal as what they are", () => {
        const image = buildImage({ root: { "a\x1b[2J": "a" }, blockCount: 64 });
        image.pokeInode(2, "nlink", 0);
        const { run } = computer({ "x.img": image.bytes }, { terminal: true });
        expect(run("--repair", "/d/x.img").out).toContain(
            "inode 2 (a\\x1b[2J): link count 0 set to 1\n",
        );
    });

    it("leaves the image and nothing else behind when there is no room for the undo file", () => {
        const { run, file, list } = computer({ "x.img": damaged() }, { freeBytes: 3000 });
        expect(run("--repair", "/d/x.img")).toEqual({
            status: 2,
            out: "",
            err: "/d/x.img.undo: No space left on device\n",
        });
        expect(same(file("x.img"), damaged())).toBe(true);
        expect(list("/d")).toEqual(["x.img"]);
    });

    it("says how to go on when the image cannot be written to the end", () => {
        const { host, run, file, volume } = computer({ "x.img": damaged() });
        const { writeSync } = host.fs;
        const whole = { ...host.fs };
        let imageWriteCount = 0;
        const failing = (...request: unknown[]): number => {
            // Undo files have a header, so what is not written at its offsets is the image's.
            if (volume.existsSync("/d/x.img.undo") && request[3] === 4096 && request[4] === 8192) {
                imageWriteCount++;
                throw systemError("EIO");
            }
            return Reflect.apply(writeSync, host.fs, request);
        };
        Object.assign(host.fs, { writeSync: failing });
        expect(run("--repair", "/d/x.img")).toEqual({
            status: 2,
            out: "",
            err:
                "/d/x.img: Input/output error\n" +
                "/d/x.img may be repaired in part: repair it again, or take back what was done " +
                "with chickadeefsck --undo /d/x.img.undo /d/x.img\n",
        });
        expect(imageWriteCount).toBe(1);
        Object.assign(host.fs, whole);
        expect(run("--repair", "/d/x.img").status).toBe(0);
        expect(same(file("x.img"), sound())).toBe(true);
    });

    it("reads standard input for a dry run only", () => {
        expect(computer({}, { stdin: damaged() }).run("--repair", "--dry-run")).toEqual({
            status: 0,
            out: `${changeLines}<stdin>: dry run: 2 changes to make, no error left\n`,
            err: "",
        });
        expect(computer({}, { stdin: damaged() }).run("--repair")).toEqual({
            status: 2,
            out: "",
            err: "<stdin>: cannot save to something that is not a regular file\n",
        });
    });

    it("fails with 2 where there is no image, and with 1 where it is none", () => {
        expect(computer({}).run("--repair", "/d.img")).toEqual({
            status: 2,
            out: "",
            err: "/d.img: No such file or directory\n",
        });
        const { status, out } = computer({ x: new Uint8Array(4096) }).run("--repair", "/d/x");
        expect(status).toBe(1);
        expect(out).toContain("bad magic number 0x0 [superblock-magic]\n");
    });
});

describe("--repair --json", () => {
    it("is the check of what is left, and the repair", () => {
        const { run } = computer({ "x.img": damaged() });
        const { status, out, err } = run("--repair", "--json", "--strict", "/d/x.img");
        expect([status, err]).toEqual([0, ""]);
        expect(JSON.parse(out)).toMatchObject({
            format: 1,
            image: "/d/x.img",
            strict: true,
            counts: { error: 0, warning: 0 },
            findings: [],
            exitStatus: 0,
            dryRun: false,
            repairs: [
                {
                    code: "set-link-count",
                    place: { kind: "inode", inodeNo: 2, name: "a" },
                    message: "link count 7 set to 1",
                },
                {
                    code: "mark-free",
                    place: { kind: "block", blockNo: 20 },
                    message: "nothing uses it: marked as free",
                },
            ],
            repairCount: 2,
            refused: [],
            rolledBack: [],
            undoFile: "/d/x.img.undo",
        });
    });

    it("says what it refuses, and that there is no undo file", () => {
        const { run } = computer({ "x.img": beyondRepair() });
        const { status, out } = run("--repair", "--json", "--dry-run", "/d/x.img");
        expect(status).toBe(1);
        expect(JSON.parse(out)).toMatchObject({
            counts: { error: 1, warning: 2 },
            exitStatus: 1,
            dryRun: true,
            repairs: [],
            repairCount: 0,
            refused: [
                {
                    code: "block-reused",
                    place: { kind: "block", blockNo: 3 },
                    message: "reusing block for b[0] as regular",
                },
            ],
            undoFile: null,
        });
    });
});

describe("--repair --dry-run", () => {
    it("says the same, with the same exit status, and writes nothing", () => {
        const { run, file, list } = computer({ "x.img": damaged() });
        expect(run("--repair", "--dry-run", "/d/x.img")).toEqual({
            status: 0,
            out: `${changeLines}/d/x.img: dry run: 2 changes to make, no error left\n`,
            err: "",
        });
        expect(same(file("x.img"), damaged())).toBe(true);
        expect(list("/d")).toEqual(["x.img"]);
    });
});

describe("--repair after a repair that was interrupted", () => {
    /** The image with only its first block repaired, and the undo file as it then is. */
    function interrupted() {
        const image = new MemoryStore(damaged());
        const { recording } = planRepair(image);
        const planned = planUndoLog(image, recording);
        const undo = new MemoryStore(new Uint8Array(planned.sizeBytes));
        writeUndoLog(image, planned, undo);
        const [first] = recording.writes;
        image.write(first.byteOffset, first.bytes);
        return { image: image.bytes, undo: undo.bytes };
    }

    it("takes it back and begins anew", () => {
        const { image, undo } = interrupted();
        const { run, file, list } = computer({ "x.img": image, "x.img.undo": undo });
        expect(run("--repair", "/d/x.img")).toEqual({
            status: 0,
            out:
                "/d/x.img.undo: a repair that was interrupted, taken back\n" +
                `${changeLines}/d/x.img: 2 changes made, no error left\n` +
                "To take it back: chickadeefsck --undo /d/x.img.undo /d/x.img\n",
            err: "",
        });
        expect(same(file("x.img"), sound())).toBe(true);
        expect(list("/d")).toEqual(["x.img", "x.img.undo"]);
        run("--undo", "/d/x.img.undo", "/d/x.img");
        expect(same(file("x.img"), damaged())).toBe(true);
    });

    it("would do so in a dry run", () => {
        const { image, undo } = interrupted();
        const { run, file } = computer({ "x.img": image, "x.img.undo": undo });
        expect(run("--repair", "--dry-run", "/d/x.img")).toEqual({
            status: 0,
            out:
                "/d/x.img.undo: a repair that was interrupted, taken back\n" +
                `${changeLines}/d/x.img: dry run: 2 changes to make, no error left\n`,
            err: "",
        });
        expect(same(file("x.img"), image) && same(file("x.img.undo"), undo)).toBe(true);
    });

    it("can be taken back by hand as well", () => {
        const { image, undo } = interrupted();
        const { run, file } = computer({ "x.img": image, other: undo });
        expect(run("--undo", "/d/other", "/d/x.img").status).toBe(0);
        expect(same(file("x.img"), damaged())).toBe(true);
    });

    it("refuses where the image has changed since", () => {
        const { image, undo } = interrupted();
        image[2 * 4096 + 999] ^= 1;
        const { run, file } = computer({ "x.img": image, "x.img.undo": undo });
        expect(run("--repair", "/d/x.img")).toEqual({
            status: 1,
            out: "",
            err:
                "/d/x.img.undo: of a repair that was interrupted, but the image is not as the " +
                "repair left it: block 2 has changed since; /d/x.img is left as it is " +
                "(move /d/x.img.undo away to repair it all the same)\n",
        });
        expect(same(file("x.img"), image)).toBe(true);
    });

    it("passes over an undo file that never became whole: the image was not touched", () => {
        const { undo } = interrupted();
        const short = undo.slice(0, 700);
        const { run, file, list } = computer({ "x.img": damaged(), "x.img.undo": short });
        expect(run("--repair", "/d/x.img").status).toBe(0);
        expect(same(file("x.img"), sound())).toBe(true);
        expect(same(file("x.img.undo"), short)).toBe(true);
        expect(list("/d")).toEqual(["x.img", "x.img.undo", "x.img.undo.2"]);
    });

    it("is told from other files with a like name, and from directories", () => {
        const { undo } = interrupted();
        const { run, volume } = computer({ "x.img": damaged(), "x.img.undo.old": undo });
        volume.mkdirSync("/d/x.img.undo");
        expect(run("--repair", "/d/x.img").out).toContain("2 changes made");
    });
});

describe("--undo", () => {
    it.each([
        ["is no undo file", sound(), "/d/u: not an undo file; /d/x.img is left as it is\n"],
        [
            "is empty",
            new Uint8Array(0),
            "/d/u: not an undo file: too short; /d/x.img is left as it is\n",
        ],
    ])("says so, and writes nothing, where the file %s", (_, undo, message) => {
        const { run, file } = computer({ "x.img": damaged(), u: undo });
        expect(run("--undo", "/d/u", "/d/x.img")).toEqual({ status: 1, out: "", err: message });
        expect(same(file("x.img"), damaged())).toBe(true);
    });

    it("refuses an image that is not what the repair left, and one that was taken back", () => {
        const { run, file, volume } = computer({ "x.img": damaged() });
        run("--repair", "/d/x.img");
        const changed = sound();
        changed[2 * 4096 + 64] ^= 1;
        volume.writeFileSync("/d/x.img", changed);
        expect(run("--undo", "/d/x.img.undo", "/d/x.img").err).toBe(
            "/d/x.img.undo: the image is not as the repair left it: block 2 has changed since; " +
                "/d/x.img is left as it is\n",
        );
        expect(same(file("x.img"), changed)).toBe(true);
        volume.writeFileSync("/d/x.img", sound());
        expect(run("--undo", "/d/x.img.undo", "/d/x.img").status).toBe(0);
        expect(run("--undo", "/d/x.img.undo", "/d/x.img").err).toBe(
            "/d/x.img.undo: the repair has been undone already; /d/x.img is left as it is\n",
        );
    });

    it("fails with 2 where a file is missing", () => {
        const { run } = computer({ "x.img": damaged() });
        expect(run("--undo", "/d/none", "/d/x.img")).toEqual({
            status: 2,
            out: "",
            err: "/d/none: No such file or directory\n",
        });
        expect(run("--undo", "/d/x.img", "/d/none").err).toBe(
            "/d/none: No such file or directory\n",
        );
    });
});

describe("a command line", () => {
    it.each([
        [["--repair", "--undo", "u"], "--repair and --undo exclude each other"],
        [["--repair", "-s"], "--repair and --save-journal exclude each other"],
        [["--repair", "--no-journal"], "--repair and --no-journal exclude each other"],
        [["--repair", "-e", "f"], "--repair and --extract exclude each other"],
        [["--repair", "--reference"], "--repair and --reference exclude each other"],
        [["--undo", "u", "-s"], "--undo and --save-journal exclude each other"],
        [["--undo", "u", "--no-journal"], "--undo and --no-journal exclude each other"],
        [["--undo", "u", "--json"], "--undo and --json exclude each other"],
        [["--undo", "u", "--strict"], "--undo and --strict exclude each other"],
        [["--dry-run"], "--dry-run is for --repair"],
        [["--undo", "u", "--dry-run"], "--dry-run is for --repair"],
    ])("%j is refused", (args, problem) => {
        expect(computer({}).run(...args, "x.img")).toEqual({
            status: 2,
            out: "",
            err: usage(problem),
        });
    });

    it("is told of in the help", () => {
        const { out } = computer({}).run("--help");
        expect(out).toMatch(/^ {2}--repair +repair IMAGE where there is one safe answer/m);
        expect(out).toMatch(/^ {2}--dry-run +with --repair: say what it would do/m);
        expect(out).toMatch(/^ {2}--undo FILE +take back the repair of IMAGE/m);
    });
});
