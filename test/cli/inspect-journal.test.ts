import { describe, expect, it } from "vitest";
import { type JournalRecord, placeRecord } from "../../src/chkfs/journal/codec.ts";
import { chickadee } from "../../src/cli/chickadee-command.ts";
import { buildImage } from "../support/image-builder.ts";
import { runProgram } from "../support/memory-host.ts";

function run(args: string, bytes: Uint8Array) {
    const memory = runProgram(chickadee, args.split(" "), { files: { "x.img": bytes } });
    return { status: memory.status, out: memory.stdout(), err: memory.stderr() };
}

function lines(...text: string[]): string {
    return text.map((line) => `${line}\n`).join("");
}

const start = 0x10;
const commit = 0x20;
const complete = 0x40;

/** A block full of one byte. */
function full(byte: number): Uint8Array {
    return new Uint8Array(4096).fill(byte);
}

/** A disk of 64 blocks whose journal is blocks 48 to 63, with records at blocks of the journal. */
function imageWith(...records: [blockIndex: number, record: JournalRecord][]): Uint8Array {
    const { bytes } = buildImage({ root: {}, journalBlockCount: 16 });
    for (const [blockIndex, record] of records) {
        placeRecord(bytes.subarray(48 * 4096), blockIndex, record);
    }
    return bytes;
}

/** Transaction 6 completed, 7 and 8 committed, 9 begun; 8 writes a block again that 7 wrote. */
const history: [number, JournalRecord][] = [
    [
        14,
        {
            seq: 65_535,
            tid: 6,
            commitBoundary: 7,
            completeBoundary: 6,
            flags: start | commit,
            writes: [{ blockNo: 20, content: full(6) }],
        },
    ],
    [0, { seq: 0, tid: 6, commitBoundary: 7, completeBoundary: 7, flags: complete }],
    [
        1,
        {
            seq: 1,
            tid: 7,
            commitBoundary: 7,
            completeBoundary: 7,
            flags: start,
            writes: [
                { blockNo: 21, content: full(7) },
                { blockNo: 22, content: full(8) },
                { blockNo: 23 },
            ],
        },
    ],
    [4, { seq: 2, tid: 7, commitBoundary: 8, completeBoundary: 7, flags: commit }],
    [
        5,
        {
            seq: 3,
            tid: 8,
            commitBoundary: 9,
            completeBoundary: 7,
            flags: start | commit,
            writes: [{ blockNo: 22, content: full(9) }],
        },
    ],
    [
        7,
        {
            seq: 4,
            tid: 9,
            commitBoundary: 9,
            completeBoundary: 7,
            flags: start,
            writes: [{ blockNo: 24, content: full(10) }],
        },
    ],
];

describe("chickadee journal", () => {
    it("tells each transaction and what a replay would do with it", () => {
        expect(run("journal x.img", imageWith(...history))).toEqual({
            status: 0,
            err: "",
            out: lines(
                "x.img: journal of 16 blocks, 48-63",
                "would replay 2 blocks (complete boundary 7, commit boundary 9)",
                "",
                "transaction 6",
                "  completed: its blocks are at home",
                "  metablock in block 62 (14 of the journal): seq 65535, meta start commit,",
                "      boundaries 6 and 7, 1 reference",
                "    block 20  from 63 (15 of the journal)",
                "  metablock in block 48 (0 of the journal): seq 0, meta complete,",
                "      boundaries 7 and 7, 0 references",
                "",
                "transaction 7",
                "  committed and not completed: would be replayed",
                "  metablock in block 49 (1 of the journal): seq 1, meta start,",
                "      boundaries 7 and 7, 3 references",
                "    block 21  from 50 (2 of the journal)  written",
                "    block 22  from 51 (3 of the journal)  replaced",
                "    block 23                              not journaled  nonjournaled",
                "  metablock in block 52 (4 of the journal): seq 2, meta commit,",
                "      boundaries 7 and 8, 0 references",
                "",
                "transaction 8",
                "  committed and not completed: would be replayed",
                "  metablock in block 53 (5 of the journal): seq 3, meta start commit,",
                "      boundaries 7 and 9, 1 reference",
                "    block 22  from 54 (6 of the journal)  written",
                "",
                "transaction 9",
                "  not committed: as if it had never been written",
                "  metablock in block 55 (7 of the journal): seq 4, meta start,",
                "      boundaries 7 and 9, 1 reference",
                "    block 24  from 56 (8 of the journal)",
            ),
        });
    });

    it("says why a record is left out", () => {
        const bytes = imageWith(...history);
        bytes[56 * 4096] ^= 1;
        const { status, out } = run("journal x.img", bytes);
        expect(status).toBe(0);
        expect(out.split("\n\n").at(-1)).toBe(
            lines(
                "transaction 9",
                "  none of its metablocks is valid",
                "  metablock in block 55 (7 of the journal): seq 4, meta start,",
                "      boundaries 7 and 9, 1 reference",
                "    left out: referenced datablock has bad checksum (recoverable)",
                "    block 24  from 56 (8 of the journal)",
                "      checksum is 0xe3b70302, computed 0x2112b55c",
            ),
        );
        expect(JSON.parse(run("journal --json x.img", bytes).out)).toMatchObject({
            journal: {
                transactions: [
                    {},
                    {},
                    {},
                    {
                        metablocks: [
                            {
                                checksumState: "fits",
                                references: [
                                    {
                                        from: 56,
                                        fromJournalBlock: 8,
                                        checksum: 0xe3b70302,
                                        checksumState: "does not fit",
                                        computedChecksum: 0x2112b55c,
                                    },
                                ],
                            },
                        ],
                    },
                ],
            },
        });
    });

    it("shows a block that has the magic number and a checksum that does not fit", () => {
        const bytes = imageWith([
            2,
            { seq: 1, tid: 1, commitBoundary: 2, completeBoundary: 1, flags: start | commit },
        ]);
        bytes.set([0x32, 0x17, 0x12, 0xc1], 50 * 4096 + 8);
        expect(run("journal x.img", bytes)).toEqual({
            status: 0,
            err: "",
            out: lines(
                "x.img: journal of 16 blocks, 48-63",
                "no valid metablock: nothing to replay",
                "",
                "transaction 1",
                "  none of its metablocks is valid",
                "  metablock in block 50 (2 of the journal): seq 1, meta start commit,",
                "      boundaries 1 and 2, 0 references",
                "    left out: checksum is 0xc1121732, computed 0xfb7c8ec8",
            ),
        });
        expect(JSON.parse(run("journal --json x.img", bytes).out)).toMatchObject({
            journal: {
                transactions: [
                    {
                        tid: 1,
                        fate: "left out",
                        metablocks: [
                            {
                                block: 50,
                                journalBlock: 2,
                                isAccepted: false,
                                checksum: 0xc1121732,
                                checksumState: "does not fit",
                                computedChecksum: 0xfb7c8ec8,
                                reasons: ["checksum is 0xc1121732, computed 0xfb7c8ec8"],
                            },
                        ],
                    },
                ],
            },
        });
    });

    it("tells a transaction in the order of its numbers, wherever its blocks are", () => {
        const one = (seq: number, flags: number, tid = 7): JournalRecord => {
            const commitBoundary = tid + (flags & commit ? 1 : 0);
            return { seq, tid, commitBoundary, completeBoundary: 7, flags };
        };
        const bytes = imageWith(
            [9, one(65_534, start)],
            [3, one(65_535, 0)],
            [7, one(0, 0)],
            [1, one(1, commit)],
            [5, one(65_533, 0)],
            [11, one(2, 0)],
        );
        for (const blockNo of [48 + 3, 48 + 5, 48 + 11]) {
            bytes[blockNo * 4096 + 8] ^= 1;
        }
        const places = run("journal x.img", bytes).out.match(/in block \d+/g);
        expect(places).toEqual([53, 57, 51, 55, 49, 59].map((blockNo) => `in block ${blockNo}`));
    });

    it("says why the journal is refused, and tells the transactions all the same", () => {
        const bytes = imageWith([
            0,
            {
                seq: 5,
                tid: 7,
                commitBoundary: 8,
                completeBoundary: 7,
                flags: commit,
                writes: [{ blockNo: 64, content: full(1) }],
            },
        ]);
        expect(run("journal x.img", bytes)).toEqual({
            status: 1,
            out: lines(
                "x.img: journal of 16 blocks, 48-63",
                "refused: nothing would be replayed (complete boundary 7, commit boundary 8)",
                "",
                "transaction 7",
                "  committed and not completed, but the journal is refused",
                "  metablock in block 48 (0 of the journal): seq 5, meta commit,",
                "      boundaries 7 and 8, 1 reference",
                "    block 64  from 49 (1 of the journal)",
            ),
            err: lines(
                "x.img: the journal is refused: block 48 (0 of the journal): " +
                    "tid 7: jf_start flag in improper place",
                "x.img: the journal is refused: block 48 (0 of the journal): " +
                    "tid 7: writes block 64, which is not on the disk",
            ),
        });
    });

    it("tells a reason that repeats once, with its count", () => {
        const bytes = imageWith(
            [0, { ...history[1][1], seq: 1 }],
            [2, { ...history[1][1], seq: 1 }],
            [4, { ...history[1][1], seq: 1 }],
        );
        // The second metablock claims 20 data blocks in a journal of 16.
        const view = new DataView(bytes.buffer, 50 * 4096);
        view.setUint16(26, 20, true);
        view.setUint32(8, 0x82600a5f, true);
        const { status, err } = run("journal x.img", bytes);
        expect(status).toBe(1);
        expect(err).toBe(
            "x.img: the journal is refused: block 50 (2 of the journal): " +
                "too many referenced datablocks (5 times)\n",
        );
        view.setUint16(26, 0, true);
        expect(run("journal x.img", bytes).err).toBe(
            "x.img: the journal is refused: first in block 50 (2 of the journal): " +
                "duplicate journal seqno (2 times)\n",
        );
    });

    it("tells an empty journal from none", () => {
        expect(run("journal x.img", imageWith())).toEqual({
            status: 0,
            out: lines("x.img: journal of 16 blocks, 48-63", "empty"),
            err: "",
        });
        expect(run("journal x.img", buildImage({ root: {} }).bytes)).toEqual({
            status: 0,
            out: "x.img: no journal\n",
            err: "",
        });
    });

    it("goes on with a superblock whose njournal is wrong", () => {
        const image = buildImage({ root: {}, journalBlockCount: 16 });
        image.pokeSuperblock("njournal", 0xffffffff);
        expect(run("journal x.img", image.bytes)).toEqual({
            status: 1,
            out: lines("x.img: journal of 16 blocks, 48-63", "empty"),
            err:
                "x.img: njournal is 4294967295, but there are 16 blocks " +
                "from journal_bn 48 to the disk's end\n",
        });
    });

    it("goes on with an image that was cut short inside or before the journal", () => {
        const bytes = imageWith(...history);
        const cut = run("journal x.img", bytes.slice(0, 54 * 4096 + 10));
        expect(cut.status).toBe(1);
        expect(cut.err).toBe("x.img: cut short: the last 40950 bytes of the journal are missing\n");
        expect(cut.out.split("\n")[1]).toBe(
            "would replay 2 blocks (complete boundary 7, commit boundary 8)",
        );
        expect(run("journal x.img", bytes.slice(0, 20 * 4096))).toEqual({
            status: 1,
            out: lines("x.img: journal of 16 blocks, 48-63", "empty"),
            err: "x.img: cut short: the last 65536 bytes of the journal are missing\n",
        });
    });

    it("prints a document", () => {
        const bytes = imageWith(...history.slice(0, 3));
        const { status, out, err } = run("journal --json x.img", bytes);
        expect([status, err]).toEqual([0, ""]);
        const parsed = JSON.parse(out);
        expect(parsed).toMatchObject({
            journal: {
                first: 48,
                blockCount: 16,
                isRefused: false,
                completeBoundary: 7,
                commitBoundary: 7,
                replayedBlockCount: 0,
            },
            problems: [],
        });
        expect(parsed.journal.transactions).toHaveLength(2);
        expect(parsed.journal.transactions[0].metablocks[1]).toEqual({
            block: 48,
            journalBlock: 0,
            checksum: 0x11b20a00,
            checksumState: "fits",
            seq: 0,
            tid: 6,
            commitBoundary: 7,
            completeBoundary: 7,
            flags: ["meta", "complete"],
            nref: 0,
            isAccepted: true,
            reasons: [],
            references: [],
        });
        expect(parsed.journal.transactions[1]).toMatchObject({
            tid: 7,
            fate: "uncommitted",
            metablocks: [
                {
                    references: [
                        { block: 21, from: 50, flags: [], fate: "unused" },
                        { block: 22, from: 51, flags: [], fate: "unused" },
                        { block: 23, flags: ["nonjournaled"], fate: "unused" },
                    ],
                },
            ],
        });
        expect(JSON.parse(run("journal --json x.img", buildImage({ root: {} }).bytes).out)).toEqual(
            {
                journal: null,
                problems: [],
            },
        );
    });
});
