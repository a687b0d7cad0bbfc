/** `chickadeefsck --json`: one document, the same for the same image. */
import { describe, expect, it } from "vitest";
import { utf8Decode } from "../../src/base/byte-string.ts";
import { placeRecord } from "../../src/chkfs/journal/codec.ts";
import { chickadeefsck } from "../../src/cli/fsck-command.ts";
import { FindingCollector } from "../../src/report/fsck-json.ts";
import { buildImage, type ImageDescription, type TestImage } from "../support/image-builder.ts";
import { runProgram } from "../support/memory-host.ts";

function run(
    args: readonly string[],
    description: ImageDescription,
    damage: (image: TestImage) => void = () => {},
) {
    const image = buildImage(description);
    damage(image);
    const program = runProgram(chickadeefsck, ["--json", ...args, "disk.img"], {
        files: { "disk.img": image.bytes },
    });
    return { status: program.status, stdout: program.stdout(), stderr: program.stderr() };
}

function documentOf(...args: Parameters<typeof run>) {
    const { stdout, stderr } = run(...args);
    expect(stderr).toBe("");
    return JSON.parse(utf8Decode(stdout) ?? "");
}

const oneFile: ImageDescription = { root: { f: "text" } };

/** Three transactions: one completed, one to be replayed, one without its commit. */
const journaled = (image: TestImage) => {
    const journal = image.bytes.subarray(image.journal_bn * 4096);
    const content = new Uint8Array(4096).fill(7);
    const boundaries = { completeBoundary: 5, commitBoundary: 5 };
    placeRecord(journal, 0, { seq: 1, tid: 4, ...boundaries, flags: 0x10 });
    placeRecord(journal, 1, {
        ...{ seq: 2, tid: 5, completeBoundary: 5, commitBoundary: 6, flags: 0x30 },
        writes: [{ blockNo: 20, content }],
    });
    placeRecord(journal, 3, {
        ...{ seq: 3, tid: 6, completeBoundary: 5, commitBoundary: 6, flags: 0x10 },
        writes: [{ blockNo: 21, content }],
    });
};

const withJournal: ImageDescription = { ...oneFile, journalBlockCount: 8 };

describe("chickadeefsck --json", () => {
    it("tells all of a damaged image in one document", () => {
        const { status, stdout, stderr } = run(["--strict"], oneFile, (image) => {
            image.setFree(3, true);
            image.pokeInode(2, "flags", 5);
        });
        expect({ status, stderr }).toEqual({ status: 1, stderr: "" });
        expect(JSON.parse(stdout)).toEqual({
            format: 1,
            image: "disk.img",
            sizeBytes: 262144,
            rules: "sound",
            strict: true,
            superblock: {
                magic: "0xfbbfbb003ee9beef",
                nblocks: 64,
                nswap: 0,
                ninodes: 64,
                njournal: 0,
                swap_bn: 1,
                fbb_bn: 1,
                inode_bn: 2,
                data_bn: 3,
                journal_bn: 64,
            },
            counts: {
                error: 1,
                warning: 1,
                note: 0,
                byCode: { "block-used-but-free": 1, "inode-flags": 1 },
            },
            findings: [
                {
                    code: "block-used-but-free",
                    severity: "error",
                    place: {
                        kind: "block",
                        blockNo: 3,
                        user: { name: "f", role: "regular", inodeNo: 2 },
                    },
                    message: "used block is marked free",
                    details: [],
                    parameters: {},
                },
                {
                    code: "inode-flags",
                    severity: "warning",
                    place: { kind: "inode", inodeNo: 2, name: "f" },
                    message: "unknown flags 0x5",
                    details: [],
                    parameters: { flags: 5 },
                },
            ],
            omitted: [],
            journal: null,
            exitStatus: 1,
        });
    });

    it("has its keys in a fixed order", () => {
        expect(Object.keys(documentOf([], withJournal))).toEqual([
            "format",
            "image",
            "sizeBytes",
            "rules",
            "strict",
            "superblock",
            "counts",
            "findings",
            "omitted",
            "journal",
            "exitStatus",
        ]);
    });

    it("tells the journal transaction by transaction", () => {
        const { journal } = documentOf([], withJournal, journaled);
        expect(journal.metablocks[1]).toEqual({
            blockIndex: 1,
            seq: 2,
            tid: 5,
            commitBoundary: 6,
            completeBoundary: 5,
            nref: 1,
            isAccepted: true,
            flagNames: ["meta", "start", "commit"],
        });
        expect({ ...journal, metablocks: journal.metablocks.length }).toEqual({
            blockCount: 8,
            metablocks: 3,
            transactions: [
                { tid: 4, state: "completed", metablockIndexes: [0], writes: [], writeCount: 0 },
                { tid: 5, state: "replayed", metablockIndexes: [1], writes: [20], writeCount: 1 },
                {
                    tid: 6,
                    state: "uncommitted",
                    metablockIndexes: [3],
                    writes: [21],
                    writeCount: 1,
                },
            ],
            region: { completeBoundary: 5, commitBoundary: 6 },
            plan: [{ tid: 5, blockNo: 20, dataIndex: 2, isEscaped: false }],
            planCount: 1,
            saved: false,
            reason: null,
        });
    });

    it("says that the replay was saved", () => {
        expect(documentOf(["-s"], withJournal, journaled).journal.saved).toBe(true);
    });

    const idle: readonly [string, string[], (image: TestImage) => void, string][] = [
        ["ignored", ["--no-journal"], journaled, "the journal was not to be replayed"],
        ["empty", [], () => {}, "the journal holds no metablock"],
        [
            "of another length",
            [],
            (image) => image.pokeSuperblock("njournal", 7),
            "the journal cannot be read",
        ],
        [
            "completed",
            [],
            (image) =>
                placeRecord(image.bytes.subarray(image.journal_bn * 4096), 0, {
                    ...{ seq: 1, tid: 4, completeBoundary: 5, commitBoundary: 5, flags: 0x10 },
                }),
            "no committed transaction is left to replay",
        ],
        [
            "refused",
            [],
            (image) =>
                placeRecord(image.bytes.subarray(image.journal_bn * 4096), 0, {
                    ...{ seq: 1, tid: 4, completeBoundary: 3, commitBoundary: 4, flags: 0x10 },
                }),
            "the journal is refused: tid 3 in committable region is not committed",
        ],
    ];
    it.each(idle)("says why nothing is replayed from a journal that is %s", (...example) => {
        const [, args, damage, reason] = example;
        expect(documentOf(args, withJournal, damage).journal).toMatchObject({ plan: [], reason });
    });

    it("gives names as text, with escapes where they are not UTF-8", () => {
        const root = { "\xc3\xa9/": "text", "\xff\x1b/": "text" };
        const { findings } = documentOf([], { root });
        expect(findings.map(({ message }: { message: string }) => message)).toEqual([
            'dirent 0 name "é/" reserved',
            'dirent 1 name "\\xff\\x1b/" reserved',
        ]);
        expect(findings[0].parameters).toEqual({ slot: 0, name: "é/" });
        expect(findings[1].parameters).toEqual({
            ...{ slot: 1, name: "\\xff\\x1b/", nameBytes: "ff1b2f" },
        });
    });

    it("counts what is too much to be told", () => {
        const { counts, findings, omitted } = documentOf(
            [],
            { ...oneFile, blockCount: 12_000 },
            (image) => {
                for (let blockNo = 1000; blockNo < 11_005; blockNo++) {
                    image.setFree(blockNo, false);
                }
            },
        );
        expect(counts.warning).toBe(10_005);
        expect(findings).toHaveLength(10_000);
        expect(omitted).toEqual([{ code: "block-leaked", count: 5 }]);
    });

    it("tells at most 20000 findings in all", () => {
        const collector = new FindingCollector();
        const place = { kind: "image" } as const;
        for (const code of ["inode-lost", "block-leaked", "inode-zero-live"] as const) {
            const finding = { code, severity: "error", place, parameters: {} } as const;
            for (let count = 0; count < 10_000; count++) {
                collector.listener({ kind: "finding", finding });
            }
            collector.listener({ kind: "omitted", code, count: 7 });
        }
        expect(collector.findings).toHaveLength(20_000);
        expect(collector.omitted).toEqual([
            { code: "inode-lost", count: 7 },
            { code: "block-leaked", count: 7 },
            { code: "inode-zero-live", count: 10_007 },
        ]);
    });

    it("has no superblock to tell of when that is bad", () => {
        const bad = documentOf(["--reference"], oneFile, (image) => image.pokeMagic(0n));
        expect(bad).toMatchObject({
            rules: "reference",
            superblock: null,
            journal: null,
            exitStatus: 1,
        });
    });

    it("prints nothing but the document, whatever else is asked for", () => {
        const plain = run([], withJournal, journaled).stdout;
        expect(run(["-V", "--color"], withJournal, journaled).stdout).toBe(plain);
    });

    it("does not go together with a file's content on standard output", () => {
        expect(run(["-e", "f"], oneFile)).toEqual({
            status: 2,
            stdout: "",
            stderr:
                "chickadeefsck: --json and --extract exclude each other\n" +
                "Usage: chickadeefsck [-V] [-s | --no-journal] [-e FILE] [IMAGE]\n" +
                "Try 'chickadeefsck --help' for what they mean.\n",
        });
    });
});
