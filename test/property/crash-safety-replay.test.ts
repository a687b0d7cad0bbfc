/**
 * `saveReplay` against a loss of power at any of its writes, as its head comment promises: the
 * replay is repeated on what the crash left, and the disk must equal the uninterrupted one.
 */
import { describe, expect, it } from "vitest";
import type { ByteReader, ByteStore } from "../../src/base/byte-store.ts";
import { Random } from "../../src/base/random.ts";
import type { JournalAnalysis } from "../../src/chkfs/journal/analysis.ts";
import { placeRecord } from "../../src/chkfs/journal/codec.ts";
import { saveReplay, writeHomeBlocks } from "../../src/chkfs/journal/replay.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { RecordingStore } from "../../src/disk/recording-store.ts";
import { crashStates } from "../support/crash-states.ts";
import { analyzeCase, homeBlockCount, randomDisk } from "../support/journal-cases.ts";

const seed = 20_252;

type Save = typeof saveReplay;

/** Replays what there is to replay. */
function replay(disk: ByteStore, save: Save = saveReplay): void {
    const analysis = analyzeCase(disk);
    if (analysis.plan !== undefined) {
        save(disk, homeBlockCount, analysis);
    }
}

function bytesOf(disk: ByteReader): Uint8Array {
    const bytes = new Uint8Array(disk.sizeBytes);
    disk.read(0, bytes);
    return bytes;
}

/**
 * Crashes a replay by `save` in many ways and repeats it, to a depth of two crashes. Returns how
 * to reach the first disk that came out differently; undefined where there is none.
 */
function differenceAfterCrash(bytes: Uint8Array, save: Save, chance: Random): string | undefined {
    const recording = new RecordingStore(new MemoryStore(bytes));
    replay(recording, save);
    const expected = bytesOf(recording);
    for (const { name, disk } of crashStates(recording, chance, 4)) {
        const second = new RecordingStore(disk);
        replay(second, save);
        if (Buffer.compare(bytesOf(second), expected) !== 0) {
            return name;
        }
        for (const deeper of chance.chance(1, 30) ? crashStates(second, chance, 1) : []) {
            const third = new RecordingStore(deeper.disk);
            replay(third, save);
            if (Buffer.compare(bytesOf(third), expected) !== 0) {
                return `${name}; then ${deeper.name}`;
            }
        }
    }
    return undefined;
}

/** Random disks whose journals replay something, by their number. */
function* replayableDisks(count: number): Generator<[caseNo: number, disk: Uint8Array], void> {
    for (let caseNo = 0, found = 0; found < count; caseNo++) {
        const disk = randomDisk(new Random(seed + caseNo));
        if (analyzeCase(new MemoryStore(disk)).plan !== undefined) {
            found++;
            yield [caseNo, disk];
        }
    }
}

/**
 * A journal of three transactions that write one block, with sequence numbers so far apart that
 * without the second the first would look like the newest.
 */
function spreadJournal(): Uint8Array {
    const disk = new Uint8Array((homeBlockCount + 8) * 4096);
    for (const [index, seq] of [0, 20_000, 40_000].entries()) {
        placeRecord(disk.subarray(homeBlockCount * 4096), 2 * index, {
            seq,
            tid: index,
            commitBoundary: index + 1,
            completeBoundary: 0,
            flags: 0x10 | 0x20,
            writes: [{ blockNo: 5, content: new Uint8Array(4096).fill(index + 1) }],
        });
    }
    return disk;
}

/** The first of `count` random cases that comes out differently, or undefined. */
function firstDifference(count: number, save: Save): string | undefined {
    for (const [caseNo, disk] of replayableDisks(count)) {
        const difference = differenceAfterCrash(disk, save, new Random(caseNo));
        if (difference !== undefined) {
            return `case ${caseNo}: ${difference}`;
        }
    }
    return undefined;
}

describe("a replay that is saved", () => {
    it("leaves the same disk after a crash at any write, and after a second crash", () => {
        expect(firstDifference(50, saveReplay)).toBeUndefined();
    });

    it("does so too where the sequence numbers fill more than half their circle", () => {
        const disk = spreadJournal();
        expect(differenceAfterCrash(disk, saveReplay, new Random(1))).toBeUndefined();
        const hasty: Save = (store, journalBlockNo, analysis) =>
            saveReplay(withoutFlush(store, 2), journalBlockNo, analysis);
        expect(differenceAfterCrash(disk, hasty, new Random(1))).toMatch(/epoch 2: /);
    });

    it("wipes the journal and nothing else, and writes only the homes of its plan", () => {
        for (const [, bytes] of replayableDisks(40)) {
            const disk = new MemoryStore(bytes.slice());
            const { plan = [] } = analyzeCase(disk);
            replay(disk);
            const homes = new Set(plan.map(({ blockNo }) => blockNo));
            for (let blockNo = 0; blockNo < disk.sizeBytes / 4096; blockNo++) {
                const [now, before] = [disk.bytes, bytes].map((all) =>
                    all.subarray(blockNo * 4096, (blockNo + 1) * 4096),
                );
                if (blockNo >= homeBlockCount) {
                    expect(now.every((byte) => byte === 0)).toBe(true);
                } else if (!homes.has(blockNo)) {
                    expect(Buffer.compare(now, before)).toBe(0);
                }
            }
        }
    });

    it("changes nothing the second time", () => {
        for (const [, bytes] of replayableDisks(40)) {
            const disk = new RecordingStore(new MemoryStore(bytes));
            replay(disk);
            const writeCount = disk.writes.length;
            replay(disk);
            expect(disk.writes).toHaveLength(writeCount);
        }
    });

    it("gives the same bytes from a copy, and the home blocks of a mere replay", () => {
        for (const [, bytes] of replayableDisks(40)) {
            const [disk, copy, home] = [0, 1, 2].map(() => new MemoryStore(bytes.slice()));
            replay(disk);
            replay(copy);
            expect(Buffer.compare(disk.bytes, copy.bytes)).toBe(0);
            writeHomeBlocks(home, analyzeCase(home));
            writeHomeBlocks(home, analyzeCase(home));
            const homeBytes = homeBlockCount * 4096;
            const homesOf = ({ bytes: all }: MemoryStore) => all.subarray(0, homeBytes);
            expect(Buffer.compare(homesOf(disk), homesOf(home))).toBe(0);
        }
    });

    it("is analysed without a write", () => {
        for (const [, bytes] of replayableDisks(40)) {
            const before = bytes.slice();
            analyzeCase(new MemoryStore(bytes));
            expect(Buffer.compare(bytes, before)).toBe(0);
        }
    });
});

/** A disk that passes over one flush. */
function withoutFlush(disk: ByteStore, skipped: number): ByteStore {
    let flushCount = 0;
    return {
        sizeBytes: disk.sizeBytes,
        read: (byteOffset, target) => disk.read(byteOffset, target),
        write: (byteOffset, source) => disk.write(byteOffset, source),
        flush() {
            if (flushCount++ !== skipped) {
                disk.flush();
            }
        },
    };
}

function wipeJournal(disk: ByteStore, { blocks }: JournalAnalysis): void {
    disk.write(homeBlockCount * 4096, new Uint8Array(blocks.blockCount * 4096));
    disk.flush();
}

/** Twins with one defect each. */
const defective: Readonly<Record<string, Save>> = {
    "does not wait for the home blocks": (disk, journalBlockNo, analysis) =>
        saveReplay(withoutFlush(disk, 0), journalBlockNo, analysis),
    "does not wait for the mark": (disk, journalBlockNo, analysis) =>
        saveReplay(withoutFlush(disk, 1), journalBlockNo, analysis),
    "does not wait for the other records to go": (disk, journalBlockNo, analysis) =>
        saveReplay(withoutFlush(disk, 3), journalBlockNo, analysis),
    "wipes before it writes the home blocks": (disk, _, analysis) => {
        wipeJournal(disk, analysis);
        writeHomeBlocks(disk, analysis);
        disk.flush();
    },
    "makes no mark": (disk, _, analysis) => {
        writeHomeBlocks(disk, analysis);
        disk.flush();
        wipeJournal(disk, analysis);
    },
    "spoils no torn record": (disk, journalBlockNo, analysis) =>
        saveReplay(disk, journalBlockNo, { ...analysis, metablocks: analysis.sequence }),
};

describe("a crash finds out a replay that", () => {
    it.each(Object.keys(defective))("%s", (name) => {
        expect(firstDifference(200, defective[name])).toMatch(/^case \d+: epoch \d+: /);
    });
});
