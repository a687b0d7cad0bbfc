/** Logs that qemu-io recorded, entry by entry; test/golden/recorded/logs/README.md says how. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { guessLogKind } from "../../src/disk/log/log-kind.ts";
import { type LogEntry, LogReader, readLogHeader } from "../../src/disk/log/log-reader.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";

const folder = new URL("../golden/recorded/logs/", import.meta.url);

function entriesOf(name: string, scansTail = false): { entries: LogEntry[]; log: Uint8Array } {
    const log = new Uint8Array(readFileSync(new URL(name, folder)));
    const store = new MemoryStore(log);
    const header = readLogHeader(store);
    if (typeof header === "string") {
        throw new Error(header);
    }
    const reader = new LogReader(store, header, { scansTail, diskSizeBytes: 1 << 20 });
    const entries = [...reader];
    expect(reader.problem).toBeUndefined();
    return { entries, log };
}

/** Flags, bytes of the disk, and each byte that occurs in the data with its count. */
function lineOf({ flags, byteOffset, byteLength, dataOffset }: LogEntry, log: Uint8Array) {
    const counts: Record<string, number> = {};
    for (const byte of dataOffset === undefined
        ? []
        : log.subarray(dataOffset, dataOffset + byteLength)) {
        const name = `0x${byte.toString(16)}`;
        counts[name] = (counts[name] ?? 0) + 1;
    }
    return [flags, byteOffset, byteLength, counts];
}

const lines = ({ entries, log }: ReturnType<typeof entriesOf>) =>
    entries.map((entry) => lineOf(entry, log));

const kib = 1024;

describe("a log that QEMU recorded", () => {
    it("with sectors of 512 bytes has every entry", () => {
        const recorded = entriesOf("qemu-512.log");
        expect(lines(recorded)).toEqual([
            [0, 0, 4 * kib, { "0xa1": 4096 }],
            [0, 8 * kib, 8 * kib, { "0xa2": 8192 }],
            [1, 0, 0, {}],
            // A FUA write: neither a flag nor a flush tells.
            [0, 32 * kib, 4 * kib, { "0xb1": 4096 }],
            [0, 64 * kib, 4 * kib, { "0x0": 4096 }],
            [4, 96 * kib, 8 * kib, {}],
            [1, 0, 0, {}],
            [0, 0, 512, { "0xc1": 512 }],
            // These two were in flight together; the one begun last was done first.
            [0, 20 * kib, 4 * kib, { "0xc3": 4096 }],
            [0, 12 * kib, 4 * kib, { "0xc2": 4096 }],
            [1, 0, 0, {}],
        ]);
        expect(guessLogKind(recorded.entries).kind).toBe("qemu");
    });

    it("with sectors of 4096 bytes has those that it counts", () => {
        expect(lines(entriesOf("qemu-4096-killed.log"))).toEqual([
            [0, 0, 4 * kib, { "0xa1": 4096 }],
            [1, 0, 0, {}],
        ]);
    });

    it("has the others in its tail, when its writer was killed", () => {
        const recorded = entriesOf("qemu-4096-killed.log", true);
        expect(lines(recorded).slice(2)).toEqual([
            [0, 8 * kib, 8 * kib, { "0xa2": 8192 }],
            // Bytes 512 to 1535 were written; the log has all of the sector.
            [0, 0, 4 * kib, { "0xa1": 4096 - 1024, "0xa3": 1024 }],
            [0, 64 * kib, 8 * kib, { "0x0": 8192 }],
        ]);
        expect(recorded.entries.map(({ isTail }) => isTail)).toEqual([
            false,
            false,
            true,
            true,
            true,
        ]);
    });
});

describe("images/logs/song.log", () => {
    it("writes the record of images/crashed.img, flushes, and writes its blocks home", () => {
        const images = new URL("../../images/", import.meta.url);
        const crashed = readFileSync(new URL("crashed.img", images));
        const { entries, log } = entriesOf(new URL("logs/song.log", images).href);
        const block = (blockNo: number) => crashed.subarray(4096 * blockNo, 4096 * (blockNo + 1));
        const moves = entries.flatMap(({ dataOffset, byteOffset }) =>
            dataOffset === undefined ? [] : [[dataOffset, byteOffset / 4096]],
        );
        const sources = [123, 124, 125, 126, 127, 104, 124, 125, 127, 104];
        expect(moves.map(([, to]) => to)).toEqual([123, 124, 125, 126, 127, 104, 14, 1, 2, 13]);
        for (const [index, [dataOffset]] of moves.entries()) {
            const data = log.subarray(dataOffset, dataOffset + 4096);
            expect(Buffer.compare(data, block(sources[index])), `write ${index}`).toBe(0);
        }
        expect(entries.findIndex(({ flags }) => flags === 1)).toBe(6);
    });
});
