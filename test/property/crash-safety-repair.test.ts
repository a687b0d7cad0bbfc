/**
 * A repair against a loss of power at any write, of the image and of the undo file: the next
 * repair takes back what was interrupted, and leaves the image as an uninterrupted one does.
 */
import { describe, expect, it } from "vitest";
import type { ByteReader, ByteStore } from "../../src/base/byte-store.ts";
import { Random } from "../../src/base/random.ts";
import { placeRecord } from "../../src/chkfs/journal/codec.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { OverlayStore } from "../../src/disk/overlay-store.ts";
import { RecordingStore } from "../../src/disk/recording-store.ts";
import { applyRepair, undoProblem, undoRepair } from "../../src/fsck/repair/apply.ts";
import { planRepair } from "../../src/fsck/repair/repair.ts";
import { planUndoLog, readUndoLog, writeUndoLog } from "../../src/fsck/repair/undo-log.ts";
import { crashStates } from "../support/crash-states.ts";
import { damagedImage } from "../support/damaged-images.ts";

const seed = 20_254;
const begun = 1;

type PlanUndo = typeof planUndoLog;

/** A damaged image whose journal holds two transactions to replay, the newer over the older. */
function brokenImage(caseNo: number): Uint8Array {
    for (let attempt = 0; ; attempt++) {
        const { image, files } = damagedImage(new Random(seed + 1000 * caseNo + attempt));
        const [home] = [...files.keys()].flatMap((path) => image.dataBlocks(path));
        if (image.journal_bn < 700 && home !== undefined) {
            const journal = image.bytes.subarray(image.journal_bn * 4096);
            const contents = [0x11, 0x22].map((byte) => new Uint8Array(4096).fill(byte));
            for (const [index, content] of contents.entries()) {
                placeRecord(journal, 5 + 2 * index, {
                    seq: 65_535 + index,
                    tid: 7 + index,
                    commitBoundary: 8 + index,
                    completeBoundary: 7,
                    flags: 0x10 | 0x20,
                    writes: [{ blockNo: home, content }],
                });
            }
            return image.bytes;
        }
    }
}

/** What one run of a repair did to the image and to the undo file. */
interface Session {
    readonly image: RecordingStore;
    readonly undo: RecordingStore;
    /** Writes to the undo file before the image was first written. */
    readonly undoWriteCount: number;
}

/** Takes back what was interrupted. Returns why that is impossible where it is. */
function rollBack(image: ByteStore, undo: ByteStore): string | undefined {
    const log = readUndoLog(undo);
    if (typeof log === "string" || log.state !== begun) {
        return undefined;
    }
    const problem = undoProblem(log, image);
    if (problem === undefined) {
        undoRepair(image, log, undo);
    }
    return problem;
}

function repair(base: ByteReader, planUndo: PlanUndo): Session {
    const image = new RecordingStore(base);
    const { recording } = planRepair(image);
    const planned = planUndo(image, recording);
    const undo = new RecordingStore(new MemoryStore(new Uint8Array(planned.sizeBytes)));
    writeUndoLog(image, planned, undo);
    const undoWriteCount = undo.writes.length;
    applyRepair(image, recording, undo);
    return { image, undo, undoWriteCount };
}

function bytesOf(disk: ByteReader): Uint8Array {
    const bytes = new Uint8Array(disk.sizeBytes);
    disk.read(0, bytes);
    return bytes;
}

/** The image and the undo file after a crash; how to get there. */
interface State {
    readonly name: string;
    readonly image: ByteReader;
    readonly undo: ByteReader;
}

/** Every moment of a repair at which power may fail. */
function* statesOf(session: Session, base: ByteReader, chance: Random): Generator<State, void> {
    const { image, undo, undoWriteCount } = session;
    const undoEpochs = undo.epochs.findIndex((_, index) => {
        return undo.epochs.slice(0, index).flat().length >= undoWriteCount;
    });
    for (const { name, disk } of crashStates(undo, chance, 4)) {
        const isBefore = Number(name.match(/\d+/)?.[0]) < undoEpochs;
        yield { name: `undo file, ${name}`, image: isBefore ? base : image, undo: disk };
    }
    const whole = bytesOf(undo.afterPrefix(undoWriteCount));
    for (const length of [0, 100, 512, whole.length - 1]) {
        const short = new MemoryStore(whole.slice(0, length));
        yield { name: `undo file of ${length} bytes`, image: base, undo: short };
    }
    for (const { name, disk } of crashStates(image, chance, 4)) {
        yield { name: `image, ${name}`, image: disk, undo: new MemoryStore(whole) };
    }
}

/** What comes out differently after a crash; undefined where nothing does. */
function differenceAfterCrash(caseNo: number, planUndo: PlanUndo): string | undefined {
    const base = new MemoryStore(brokenImage(caseNo));
    const chance = new Random(caseNo);
    const session = repair(base, planUndo);
    const expected = bytesOf(session.image);
    const outcome = ({ image, undo }: State): string | undefined => {
        const disk = new OverlayStore(image);
        const problem = rollBack(disk, new OverlayStore(undo));
        if (problem !== undefined) {
            return problem;
        }
        const { image: again } = repair(disk, planUndo);
        return Buffer.compare(bytesOf(again), expected) === 0 ? undefined : "another image";
    };
    for (const state of statesOf(session, base, chance)) {
        const difference = outcome(state) ?? outcomeOfSecondCrash(state, chance, outcome);
        if (difference !== undefined) {
            return `case ${caseNo}, ${state.name}: ${difference}`;
        }
    }
    return undefined;
}

/** Crashes the way back of some states as well. */
function outcomeOfSecondCrash(
    { image, undo }: State,
    chance: Random,
    outcome: (state: State) => string | undefined,
): string | undefined {
    if (!chance.chance(1, 20)) {
        return undefined;
    }
    const disk = new RecordingStore(image);
    rollBack(disk, new OverlayStore(undo));
    for (const deeper of crashStates(disk, chance, 1)) {
        const difference = outcome({ name: deeper.name, image: deeper.disk, undo });
        if (difference !== undefined) {
            return `then ${deeper.name}: ${difference}`;
        }
    }
    return undefined;
}

function firstDifference(planUndo: PlanUndo): string | undefined {
    for (let caseNo = 0; caseNo < 5; caseNo++) {
        const difference = differenceAfterCrash(caseNo, planUndo);
        if (difference !== undefined) {
            return difference;
        }
    }
    return undefined;
}

describe("a repair", () => {
    it("comes out the same after a crash at any write and a new repair", () => {
        expect(firstDifference(planUndoLog)).toBeUndefined();
    });

    it("is found out when its undo file knows only the last version of each block", () => {
        const forgetful: PlanUndo = (image, recording) => {
            const last = new RecordingStore(image);
            for (const { byteOffset } of recording.writes) {
                const block = new Uint8Array(4096);
                const start = Math.floor(byteOffset / 4096) * 4096;
                recording.read(start, block);
                last.write(start, block);
            }
            return planUndoLog(image, last);
        };
        expect(firstDifference(forgetful)).toMatch(
            /^case 0, image, epoch \d: .+the image is not as the repair left it: block \d+ has /,
        );
    });

    it("is found out when its undo file saves the wrong blocks", () => {
        const confused: PlanUndo = (image, recording) => {
            const planned = planUndoLog(image, recording);
            return { ...planned, blockNos: planned.blockNos.map(() => planned.blockNos[0]) };
        };
        expect(firstDifference(confused)).toMatch(/^case 0, /);
    });
});
