import { describe, expect, it } from "vitest";
import { difference16, isWithin16, next16 } from "../../src/chkfs/journal/arithmetic.ts";
import {
    beginsWithJournalMagic,
    encodeRecord,
    escapeBlock,
    placeRecord,
    unescapeBlock,
} from "../../src/chkfs/journal/codec.ts";
import { inSequence, type JournalMetablock } from "../../src/chkfs/journal/metablocks.ts";
import { referenceRules, soundRules } from "../../src/chkfs/journal/rules.ts";

const magicBytes = [0xed, 0xce, 0xeb, 0x9e, 0x00, 0xbb, 0xbf, 0xfb];

/** CRC32C bit by bit, from its definition. */
function crc32c(bytes: Uint8Array): number {
    let crc = 0xffff_ffff;
    for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
        }
    }
    return ~crc >>> 0;
}

describe("a record", () => {
    const plain = new Uint8Array(4096).fill(0x55);
    const magical = new Uint8Array(4096).fill(0x66);
    magical.set(magicBytes);
    const bytes = encodeRecord({
        seq: 0x1234,
        tid: 0x5678,
        commitBoundary: 0x9abc,
        completeBoundary: 0x7def,
        flags: 0x10 | 0x20,
        writes: [
            { blockNo: 77, content: plain },
            { blockNo: 88 },
            { blockNo: 99, content: magical, unchecked: true },
        ],
    });
    const view = new DataView(bytes.buffer);

    it("is a metablock with its fields where the format has them", () => {
        expect([...bytes.subarray(0, 8)]).toEqual(magicBytes);
        expect(view.getUint32(8, true)).toBe(crc32c(bytes.subarray(16, 4096)));
        expect([16, 18, 20, 22, 24, 26].map((at) => view.getUint16(at, true))).toEqual([
            0x1234, 0x5678, 0x9abc, 0x7def, 0x31, 3,
        ]);
    });

    it("refers to its blocks in order: journaled, not journaled, escaped", () => {
        const reference = (at: number) => [
            view.getUint32(at, true),
            view.getUint32(at + 4, true),
            view.getUint16(at + 8, true),
        ];
        expect(reference(28)).toEqual([77, crc32c(plain), 0]);
        expect(reference(40)).toEqual([88, 0x8260_0a5f, 0x200]);
        expect(reference(52)).toEqual([99, 0x8260_0a5f, 0x100]);
    });

    it("has the journaled blocks behind it, without a magic number in any", () => {
        expect(bytes).toHaveLength(3 * 4096);
        expect(Buffer.compare(bytes.subarray(4096, 8192), plain)).toBe(0);
        expect([...bytes.subarray(8192, 8200)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
        expect(bytes.subarray(8200).every((byte) => byte === 0x66)).toBe(true);
    });

    it("can be left without a checksum", () => {
        const fields = { seq: 0, tid: 0, commitBoundary: 0, completeBoundary: 0, flags: 0 };
        const unchecked = encodeRecord({ ...fields, unchecked: true });
        expect(new DataView(unchecked.buffer).getUint32(8, true)).toBe(0x8260_0a5f);
    });

    it("goes on at the journal's start where it reaches the end", () => {
        const journal = new Uint8Array(4 * 4096);
        const fields = { seq: 0, tid: 0, commitBoundary: 0, completeBoundary: 0, flags: 0 };
        placeRecord(journal, 3, { ...fields, writes: [{ blockNo: 9, content: plain }] });
        expect([...journal.subarray(3 * 4096, 3 * 4096 + 8)]).toEqual(magicBytes);
        expect(Buffer.compare(journal.subarray(0, 4096), plain)).toBe(0);
        expect(journal.subarray(4096, 3 * 4096).every((byte) => byte === 0)).toBe(true);
    });

    it("is escaped in a copy, and unescaped in place", () => {
        const escaped = escapeBlock(magical);
        expect([beginsWithJournalMagic(magical), beginsWithJournalMagic(escaped)]).toEqual([
            true,
            false,
        ]);
        unescapeBlock(escaped);
        expect(Buffer.compare(escaped, magical)).toBe(0);
    });
});

describe("numbers of 16 bits", () => {
    it.each([
        [0, 0, 0],
        [1, 0, 1],
        [0, 1, -1],
        [0, 65_535, 1],
        [65_535, 0, -1],
        [32_767, 0, 32_767],
        [32_768, 0, -32_768],
        [0, 32_768, -32_768],
        [10, 65_530, 16],
    ])("%i minus %i is %i", (a, b, difference) => {
        expect(difference16(a, b)).toBe(difference);
    });

    it("go from 65535 to 0", () => {
        expect([next16(0), next16(65_534), next16(65_535)]).toEqual([1, 65_535, 0]);
    });

    it("lie within a range that may cross 65535", () => {
        const isIn = (tid: number) => isWithin16(tid, 65_534, 2);
        expect([65_533, 65_534, 65_535, 0, 1, 2].map(isIn)).toEqual([
            false,
            true,
            true,
            true,
            true,
            false,
        ]);
        expect(isWithin16(5, 5, 5)).toBe(false);
    });
});

describe("the order of metablocks", () => {
    const order = (seqs: number[], rules = soundRules) =>
        inSequence(
            seqs.map(
                (seq): JournalMetablock => ({
                    blockIndex: 0,
                    seq,
                    tid: 0,
                    commitBoundary: 0,
                    completeBoundary: 0,
                    flags: 1,
                    nref: 0,
                    isAccepted: seq !== 13,
                }),
            ),
            rules,
        ).map(({ seq }) => seq);

    it.each([
        ["is none for none", [], []],
        ["is itself for one", [5], [5]],
        ["is plain where nothing wraps", [7, 5, 6], [5, 6, 7]],
        ["begins behind the widest gap", [1, 65_535, 0, 65_534], [65_534, 65_535, 0, 1]],
        ["leaves gaps inside alone", [2, 65_000, 300], [65_000, 2, 300]],
        ["begins at the smaller of two that are opposite", [0, 32_768], [0, 32_768]],
        ["leaves out what is not accepted", [14, 13, 12], [12, 14]],
        ["keeps equal numbers together", [3, 2, 3], [2, 3, 3]],
    ])("%s", (_, seqs, expected) => {
        expect(order(seqs)).toEqual(expected);
    });

    it("is plain under the reference's rules", () => {
        expect(order([1, 65_535, 0], referenceRules)).toEqual([0, 1, 65_535]);
    });
});
