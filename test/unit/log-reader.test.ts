import { describe, expect, it } from "vitest";
import { guessLogKind } from "../../src/disk/log/log-kind.ts";
import {
    type LogEntry,
    LogReader,
    type LogReadOptions,
    logProblemText,
    readLogHeader,
} from "../../src/disk/log/log-reader.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { flag, type RawEntry, rawFlush, rawLog, rawWrite } from "../support/log-builder.ts";

function read(bytes: Uint8Array, options: LogReadOptions = {}) {
    const store = new MemoryStore(bytes);
    const header = readLogHeader(store);
    if (typeof header === "string") {
        throw new Error(header);
    }
    const reader = new LogReader(store, header, options);
    const entries: LogEntry[] = [...reader];
    const { problem } = reader;
    return { entries, problem: problem && logProblemText(problem) };
}

const summary = ({ flags, byteOffset, byteLength, dataOffset, label }: LogEntry) => ({
    flags,
    byteOffset,
    byteLength,
    dataOffset,
    label,
});

describe("a log's superblock", () => {
    const patched = (offset: number, bytes: readonly number[]) => {
        const log = rawLog(512, [rawFlush]);
        log.set(bytes, offset);
        return readLogHeader(new MemoryStore(log));
    };

    it("gives the sector size and the number of entries", () => {
        expect(readLogHeader(new MemoryStore(rawLog(4096, [], 7n)))).toEqual({
            sectorSizeBytes: 4096,
            entryCount: 7n,
        });
    });

    it("is refused in words when it is none", () => {
        expect(readLogHeader(new MemoryStore(new Uint8Array(27)))).toBe(
            "not a write log: 27 bytes, less than its superblock of 28",
        );
        expect(readLogHeader(new MemoryStore(new Uint8Array(0)))).toBe("the file is empty");
        for (const size of [1, 27]) {
            expect(readLogHeader(new MemoryStore(rawLog(512, []).subarray(0, size)))).toBe(
                `the file ends in its header, after ${size} of 28 bytes`,
            );
        }
        expect(patched(0, [0])).toBe(
            "not a write log: magic number is 0x6a736677736800, expected 0x6a736677736872",
        );
        expect(patched(8, [2])).toBe("a write log of version 2; this program knows version 1");
    });

    it.each([0, 1, 32, 256, 513, 1000, 2 ** 24, 2 ** 31])("may not have sectors of %i", (size) => {
        const bytes = [size & 0xff, (size >> 8) & 0xff, (size >> 16) & 0xff, size >>> 24];
        expect(patched(24, bytes)).toBe(
            `a write log with sectors of ${size} bytes; this program knows powers of two ` +
                "from 512 to 8388608",
        );
    });
});

describe("a log's entries", () => {
    it.each([512, 1024, 4096, 65_536])("are in bytes, whatever the sectors (%i)", (size) => {
        const log = rawLog(size, [
            rawWrite(3, 2, 0xaa, flag.fua | flag.metadata),
            { sector: 9, sectorCount: 1000, flags: flag.discard },
            rawFlush,
            rawWrite(5, 1, 0xbb, flag.flush | flag.fua),
            { flags: flag.mark, label: "süß" },
        ]);
        const { entries, problem } = read(log);
        expect(problem).toBeUndefined();
        expect(entries.map(({ headerOffset }) => headerOffset / size)).toEqual([1, 4, 5, 6, 8]);
        expect(entries.map(summary)).toEqual([
            {
                flags: 18,
                byteOffset: 3 * size,
                byteLength: 2 * size,
                dataOffset: 2 * size,
                label: "",
            },
            {
                flags: 4,
                byteOffset: 9 * size,
                byteLength: 1000 * size,
                dataOffset: undefined,
                label: "",
            },
            { flags: 1, byteOffset: 0, byteLength: 0, dataOffset: undefined, label: "" },
            { flags: 3, byteOffset: 5 * size, byteLength: size, dataOffset: 7 * size, label: "" },
            { flags: 8, byteOffset: 0, byteLength: 0, dataOffset: undefined, label: "süß" },
        ]);
    });

    it("may have 2^64-1 of them by their count: the file's end is what ends them", () => {
        const { entries, problem } = read(rawLog(512, [rawFlush], 2n ** 64n - 1n));
        expect(entries).toHaveLength(1);
        expect(problem).toBe("entry 1, at byte 1024: the file ends before it");
    });

    it("may be limited", () => {
        const { entries, problem } = read(rawLog(512, [rawFlush, { flags: 99 }]), { limit: 1 });
        expect(entries).toHaveLength(1);
        expect(problem).toBeUndefined();
    });

    it("may have a length of inline data, as the kernel's DAX path gives it", () => {
        const { entries, problem } = read(
            rawLog(512, [{ ...rawWrite(1, 1, 7), dataLength: 512 }, rawFlush]),
        );
        expect(problem).toBeUndefined();
        expect(entries.map(({ headerOffset }) => headerOffset)).toEqual([512, 1536]);
    });

    it("keep a label's bytes visible where they are not UTF-8", () => {
        const label = { flags: flag.mark, behindHeader: Uint8Array.of(0xff, 0x41), dataLength: 2 };
        expect(read(rawLog(512, [label])).entries[0].label).toBe("\\xffA");
    });

    it.each<[string, RawEntry]>([
        ["its flags 0x20 are not all known", { flags: 0x20 }],
        ["it has no flags and writes nothing", {}],
        ["it is a mark with 1 sectors of data", { flags: flag.mark, sectorCount: 1, data: 0 }],
        [
            "it is a mark with a label of 480 bytes, which its sector cannot hold",
            { flags: flag.mark, dataLength: 480 },
        ],
        [
            "it is a mark with a label of 18446744073709551615 bytes, which its sector cannot hold",
            { flags: flag.mark, dataLength: 2n ** 64n - 1n },
        ],
        [
            "what should be zeros behind its header is not",
            { flags: flag.flush, behindHeader: Uint8Array.of(1) },
        ],
        [
            "it reaches to byte 9223372036854775808, beyond any disk",
            { sector: 2n ** 54n - 1n, sectorCount: 1, data: 0 },
        ],
        [
            "it reaches to byte 18889465931478580853760, beyond any disk",
            { sector: 2n ** 64n - 1n, sectorCount: 2n ** 64n - 1n, flags: flag.discard },
        ],
        [
            "the file ends in its data: the last 1536 of 2048 bytes are missing",
            { sector: 1, sectorCount: 4, data: new Uint8Array(512) },
        ],
        [
            "the file ends in its data: " +
                "the last 9007199254736896 of 9007199254738944 bytes are missing",
            { sector: 0, sectorCount: 2n ** 44n - 4n, data: new Uint8Array(2048) },
        ],
    ])("end where one is malformed: %s", (problem, malformed) => {
        const run = read(rawLog(512, [rawFlush, malformed]));
        expect(run.entries).toHaveLength(1);
        expect(run.problem).toBe(`entry 1, at byte 1024: ${problem}`);
    });

    it("end where the file ends in a header", () => {
        const log = rawLog(512, [rawFlush, rawFlush]);
        expect(read(log.subarray(0, 1024 + 100)).problem).toBe(
            "entry 1, at byte 1024: the file has 100 of the 512 bytes of its header",
        );
    });

    it("must lie on the disk where its size is known", () => {
        const log = rawLog(512, [rawWrite(7, 1, 1), rawWrite(7, 2, 1)]);
        const { entries, problem } = read(log, { diskSizeBytes: 4096 });
        expect(entries).toHaveLength(1);
        expect(problem).toBe(
            "entry 1, at byte 1536: it reaches to byte 4608, beyond the disk of 4096 bytes",
        );
    });
});

describe("a log's tail", () => {
    const tail = (last: RawEntry) =>
        read(rawLog(512, [rawFlush, rawWrite(1, 1, 5), last], 1), { scansTail: true });

    it("is left out unless it is asked for", () => {
        expect(read(rawLog(512, [rawFlush, rawWrite(1, 1, 5)], 1)).entries).toHaveLength(1);
    });

    it("goes to the last entry that is sound, and its end is no problem", () => {
        const { entries, problem } = tail({ flags: 64 });
        expect(entries.map(({ isTail }) => isTail)).toEqual([false, true]);
        expect(problem).toBeUndefined();
    });

    it.each<[string, RawEntry]>([
        ["all zeros", {}],
        ["a byte behind the header", { flags: 1, behindHeader: new Uint8Array(480).fill(1, 479) }],
        ["a byte behind a label", { flags: 8, dataLength: 1, behindHeader: Uint8Array.of(65, 1) }],
        ["data that is not all there", { sectorCount: 2, data: new Uint8Array(512) }],
    ])("ends at %s", (_, last) => {
        expect(tail(last).entries).toHaveLength(2);
    });

    it("has an entry that the count alone would allow (canary)", () => {
        const last = { flags: 1, behindHeader: new Uint8Array(480).fill(1, 479) };
        expect(read(rawLog(512, [rawFlush, rawWrite(1, 1, 5), last])).entries).toHaveLength(3);
    });
});

describe("who wrote a log", () => {
    const guess = (entries: RawEntry[]) => guessLogKind(read(rawLog(512, entries)).entries);

    it.each<[string, RawEntry]>([
        ["a mark", { flags: flag.mark, label: "x" }],
        ["a FUA write", rawWrite(0, 1, 1, flag.fua)],
        ["a write of metadata", rawWrite(0, 1, 1, flag.metadata)],
        ["a flush with data", rawWrite(0, 1, 1, flag.flush)],
    ])("is the kernel where there is %s", (what, entry) => {
        expect(guess([rawFlush, rawWrite(0, 1, 1), entry])).toEqual({
            kind: "dm",
            reason: `entry 2 is ${what}, which only dm-log-writes logs`,
        });
    });

    it("is QEMU where nothing says otherwise", () => {
        const discard = { sector: 1, sectorCount: 1, flags: flag.discard };
        expect(guess([rawWrite(0, 1, 1), discard, rawFlush])).toEqual({
            kind: "qemu",
            reason: "it has no mark, FUA write, METADATA or FLUSH with data",
        });
    });
});
