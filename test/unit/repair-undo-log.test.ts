/** Undo files: what is in one, and what becomes of one that is not what it should be. */
import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { RecordingStore } from "../../src/disk/recording-store.ts";
import { applyRepair, undoProblem, undoRepair } from "../../src/fsck/repair/apply.ts";
import {
    planUndoLog,
    readUndoLog,
    type UndoLog,
    writeUndoLog,
} from "../../src/fsck/repair/undo-log.ts";

const [begun, done, undone] = [1, 2, 3];

/** A disk of 8 blocks, each full of its number; block 3 and then 1 and 3 again are written. */
function repairedDisk() {
    const before = new Uint8Array(8 * 4096);
    for (let blockNo = 0; blockNo < 8; blockNo++) {
        before.fill(blockNo, blockNo * 4096, (blockNo + 1) * 4096);
    }
    const image = new MemoryStore(before.slice());
    const recording = new RecordingStore(image);
    recording.write(3 * 4096 + 512, new Uint8Array(512).fill(0x33));
    recording.flush();
    recording.write(4096, new Uint8Array(4096).fill(0x11));
    recording.write(3 * 4096, new Uint8Array(4096).fill(0x44));
    const planned = planUndoLog(image, recording);
    const file = new MemoryStore(new Uint8Array(planned.sizeBytes));
    writeUndoLog(image, planned, file);
    return { before, image, recording, file };
}

function read(file: MemoryStore): UndoLog {
    const log = readUndoLog(file);
    if (typeof log === "string") {
        throw new Error(log);
    }
    return log;
}

function stateOf({ bytes }: MemoryStore): number {
    return new DataView(bytes.buffer).getUint32(16, true);
}

describe("an undo file", () => {
    it("has a header, the blocks, their versions, and their old content", () => {
        const { file } = repairedDisk();
        const view = new DataView(file.bytes.buffer);
        expect(String.fromCharCode(...file.bytes.subarray(0, 8))).toBe("chkundo\n");
        expect([8, 16, 20, 24, 28].map((at) => view.getUint32(at, true))).toEqual([
            1,
            begun,
            2,
            3,
            8,
        ]);
        expect([512, 516].map((at) => view.getUint32(at, true))).toEqual([1, 3]);
        expect([520, 556, 592].map((at) => view.getUint32(at, true))).toEqual([1, 3, 3]);
        expect(file.sizeBytes).toBe(1024 + 2 * 4096);
        expect(file.bytes.subarray(1024, 1024 + 4096).every((byte) => byte === 1)).toBe(true);
        expect(file.bytes.subarray(1024 + 4096).every((byte) => byte === 3)).toBe(true);
    });

    it("is done when the image is, and takes it back", () => {
        const { before, image, recording, file } = repairedDisk();
        applyRepair(image, recording, file);
        expect(stateOf(file)).toBe(done);
        expect([image.bytes[4096], image.bytes[3 * 4096]]).toEqual([0x11, 0x44]);
        expect(undoProblem(read(file), image)).toBeUndefined();
        undoRepair(image, read(file), file);
        expect(Buffer.compare(image.bytes, before)).toBe(0);
        expect(stateOf(file)).toBe(undone);
        expect(undoProblem(read(file), image)).toBe("the repair has been undone already");
    });

    it("takes back any mixture of sectors while it is not done, and only then", () => {
        const { before, image, file } = repairedDisk();
        image.bytes.fill(0x33, 3 * 4096 + 512, 3 * 4096 + 1024);
        image.bytes.fill(0x44, 3 * 4096 + 1024, 3 * 4096 + 1536);
        expect(undoProblem(read(file), image)).toBeUndefined();
        file.bytes[16] = done;
        expect(undoProblem(read(file), image)).toBe(
            "the image is not as the repair left it: block 1 has changed since",
        );
        file.bytes[16] = begun;
        undoRepair(image, read(file), file);
        expect(Buffer.compare(image.bytes, before)).toBe(0);
    });

    it("does not fit an image that has changed since, or is another", () => {
        const { image, recording, file } = repairedDisk();
        applyRepair(image, recording, file);
        image.bytes[3 * 4096 + 77] ^= 1;
        expect(undoProblem(read(file), image)).toBe(
            "the image is not as the repair left it: block 3 has changed since",
        );
        expect(undoProblem(read(file), new MemoryStore(new Uint8Array(9 * 4096)))).toBe(
            "of an image of 8 blocks, but this one has 9",
        );
    });
});

describe("reading an undo file", () => {
    /** What is wrong with a file once `change` was done to it. */
    function problemOf(change: (bytes: Uint8Array, view: DataView) => Uint8Array | undefined) {
        const { bytes } = repairedDisk().file;
        const changed = change(bytes, new DataView(bytes.buffer)) ?? bytes;
        const log = readUndoLog(new MemoryStore(changed));
        return typeof log === "string" ? log : "none";
    }

    it("tells what is no undo file", () => {
        expect(problemOf(() => new Uint8Array(0))).toBe("not an undo file: too short");
        expect(problemOf(() => new Uint8Array(512))).toBe("not an undo file");
    });

    it("tells one of another version, and one in no known state", () => {
        const version = problemOf((_, view) => {
            view.setUint32(8, 2, true);
            return undefined;
        });
        expect(version).toBe("an undo file of version 2; this program knows 1");
        const state = problemOf((_, view) => {
            view.setUint32(16, 4, true);
            return undefined;
        });
        expect(state).toBe("an undo file in unknown state 4");
    });

    it("tells one that is cut short, longer, or changed in any byte but the state", () => {
        const damaged = "damaged, or never completed";
        expect(problemOf((bytes) => bytes.slice(0, -1))).toBe(damaged);
        expect(problemOf((bytes) => Uint8Array.of(...bytes, 0))).toBe(damaged);
        const chance = new Random(1);
        for (let attempt = 0; attempt < 200; attempt++) {
            const at = chance.between(20, 1024 + 2 * 4096 - 1);
            const problem = problemOf((bytes) => {
                bytes[at] ^= 1 << chance.below(8);
                return undefined;
            });
            expect(problem, `byte ${at}`).toBe(damaged);
        }
    });

    it("tells claims beyond all measure without reading for them", () => {
        const problem = problemOf((bytes, view) => {
            view.setUint32(20, 0xffff_ffff, true);
            view.setUint32(24, 0xffff_ffff, true);
            return bytes;
        });
        expect(problem).toBe("damaged, or never completed");
    });

    /** A file with a good checksum, as only malice makes one. */
    function forged(change: (view: DataView) => void): string {
        return problemOf((bytes, view) => {
            change(view);
            view.setUint32(12, 0, true);
            const summed = bytes.slice();
            summed.fill(0, 12, 20);
            let crc = 0xffff_ffff;
            for (const byte of summed) {
                crc ^= byte;
                for (let bit = 0; bit < 8; bit++) {
                    crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1;
                }
            }
            view.setUint32(12, ~crc >>> 0, true);
            return undefined;
        });
    }

    it("tells blocks that are off the image, out of order, or in one table only", () => {
        const impossible = "an undo file with impossible block numbers";
        expect(forged(() => {})).toBe("none");
        const offImage = (view: DataView) => {
            view.setUint32(516, 8, true);
            view.setUint32(556, 8, true);
            view.setUint32(592, 8, true);
        };
        expect(forged(offImage)).toBe(impossible);
        expect(forged((view) => view.setUint32(512, 2, true))).toBe(impossible);
        expect(forged((view) => view.setUint32(556, 5, true))).toBe(impossible);
        expect(forged((view) => view.setUint32(592, 1, true))).toBe("none");
        expect(forged((view) => view.setUint32(28, 3, true))).toBe(impossible);
    });
});
