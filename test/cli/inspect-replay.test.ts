/** The disk with its journal replayed, or with a word about what waits in it. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type JournalRecord, placeRecord } from "../../src/chkfs/journal/codec.ts";
import { chickadee } from "../../src/cli/chickadee-command.ts";
import { chickadeefsck } from "../../src/cli/fsck-command.ts";
import { buildImage, type TestImage } from "../support/image-builder.ts";
import { memoryHost, runProgram } from "../support/memory-host.ts";

function run(args: string, bytes: Uint8Array) {
    const memory = runProgram(chickadee, args.split(" "), { files: { "x.img": bytes } });
    const isUnchanged = Buffer.compare(memory.readFile("x.img"), bytes) === 0;
    return { status: memory.status, out: memory.stdout(), err: memory.stderr(), isUnchanged };
}

const crashed = new Uint8Array(readFileSync("images/crashed.img"));

const crashedHint =
    "x.img: 4 blocks of 1 committed transaction wait in the journal; " +
    "--replay shows the disk with them, chickadeefsck -s saves them\n";

/** A disk with one file, whose journal writes the file's block anew. */
function waiting(journalBlockCount = 4, fields: Partial<JournalRecord> = {}): TestImage {
    const blockCount = 60 + journalBlockCount;
    const image = buildImage({ root: { a: "old" }, blockCount, journalBlockCount });
    const content = new Uint8Array(4096);
    content.set(Buffer.from("new"));
    placeRecord(image.bytes.subarray(60 * 4096), 0, {
        seq: 1,
        tid: 1,
        commitBoundary: 2,
        completeBoundary: 1,
        flags: 0x30,
        writes: [{ blockNo: image.dataBlocks("/a")[0], content }],
        ...fields,
    });
    return image;
}

const oneHint =
    "x.img: 1 block of 1 committed transaction waits in the journal; " +
    "--replay shows the disk with it, chickadeefsck -s saves it\n";

describe("what waits in the journal", () => {
    it.each([
        ["ls x.img", 0],
        ["ls x.img /song.txt", 1],
        ["cat x.img haiku.txt", 0],
        ["stat x.img /", 0],
        ["tree x.img", 0],
        ["map x.img", 0],
        ["block x.img 0", 0],
    ])("is said on standard error, and changes no exit status: %s", (args, status) => {
        const result = run(args, crashed);
        expect([result.status, result.isUnchanged]).toEqual([status, true]);
        expect(result.err.startsWith(crashedHint)).toBe(true);
        expect(result.err.length === crashedHint.length).toBe(status === 0);
    });

    it("is a field of a document", () => {
        const { status, out, err } = run("stat --json x.img /", crashed);
        expect([status, err]).toEqual([0, ""]);
        expect(JSON.parse(out).pendingReplay).toEqual({ blocks: 4, transactions: 1 });
        const replayed = JSON.parse(run("stat --json --replay x.img /", crashed).out);
        expect(Object.keys(replayed)).not.toContain("pendingReplay");
    });

    it("is no matter where nothing waits, or the journal is refused", () => {
        const completed = waiting(4, { completeBoundary: 2, flags: 0x70 });
        const refused = waiting(4, { commitBoundary: 1 });
        for (const { bytes } of [completed, refused, buildImage({ root: { a: "old" } })]) {
            expect(run("cat x.img a", bytes)).toMatchObject({ status: 0, out: "old", err: "" });
        }
    });

    it("is not looked for in a journal of more than 4096 blocks", () => {
        expect(run("cat x.img a", waiting(4096).bytes)).toMatchObject({ out: "old", err: oneHint });
        const { bytes } = waiting(4097);
        expect(run("cat x.img a", bytes)).toMatchObject({ status: 0, out: "old", err: "" });
        expect(run("cat --replay x.img a", bytes)).toMatchObject({ status: 0, out: "new" });
    });
});

describe("--replay", () => {
    it("shows the disk with what waits in the journal, and leaves the image alone", () => {
        const { bytes } = waiting();
        expect(run("cat x.img a", bytes).out).toBe("old");
        expect(run("cat --replay x.img a", bytes)).toEqual({
            status: 0,
            out: "new",
            err: "",
            isUnchanged: true,
        });
        expect(run("block -x --replay x.img 3", bytes).out).toContain("6e 65 77 00");
    });

    it.each([
        "ls -l x.img",
        "cat x.img song.txt",
        "stat x.img /song.txt",
        "tree x.img",
        "map x.img",
        "block x.img 13",
    ])("shows what is there once the replay is saved: %s", (args) => {
        const memory = memoryHost({ files: { "x.img": crashed } });
        expect(runProgram(chickadeefsck, ["-s", "x.img"], memory).status).toBe(0);
        const saved = run(args, memory.readFile("x.img"));
        expect(saved).toMatchObject({ status: 0, err: "" });
        expect(run(`${args} --replay`, crashed)).toEqual(saved);
        expect(run(args, crashed)).not.toEqual(saved);
    });

    it("says that a journal is refused, and shows the disk without it", () => {
        const { bytes } = waiting(4, { flags: 0x20 });
        expect(run("cat --replay x.img a", bytes)).toEqual({
            status: 1,
            out: "old",
            err:
                "x.img: the journal is refused: block 60 (0 of the journal): " +
                "tid 1: jf_start flag in improper place\n" +
                "x.img: this is the disk without its journal\n",
            isUnchanged: true,
        });
        expect(JSON.parse(run("cat --json --replay x.img a", bytes).out).problems).toHaveLength(2);
    });

    it("does not replay a journal that is not all there", () => {
        const image = waiting();
        expect(run("cat --replay x.img a", image.truncated(62))).toMatchObject({
            status: 1,
            out: "old",
            err:
                "x.img: cut short: the last 8192 bytes of the journal are missing\n" +
                "x.img: this is the disk without its journal\n",
        });
        image.pokeSuperblock("njournal", 3);
        expect(run("cat --replay x.img a", image.bytes)).toMatchObject({
            status: 1,
            out: "old",
            err:
                "x.img: njournal is 3, but there are 4 blocks from journal_bn 60 " +
                "to the disk's end\nx.img: this is the disk without its journal\n",
        });
    });

    it("is the disk as it is where there is no journal", () => {
        const { bytes } = buildImage({ root: { a: "old" } });
        expect(run("cat --replay x.img a", bytes)).toMatchObject({
            status: 0,
            out: "old",
            err: "",
        });
    });
});
