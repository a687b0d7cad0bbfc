import { describe, expect, it } from "vitest";
import { importLog, type LogImportOptions } from "../../src/disk/log/import-log.ts";
import { LogReader, readLogHeader } from "../../src/disk/log/log-reader.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import type { DiskTrace, TraceCommand } from "../../src/disk/trace/disk-trace.ts";
import { traceProblem } from "../../src/disk/trace/trace-check.ts";
import { flag, type RawEntry, rawFlush, rawLog, rawWrite } from "../support/log-builder.ts";

function imported(
    entries: readonly RawEntry[],
    options: Partial<LogImportOptions> = {},
    sectorSize = 512,
): DiskTrace {
    const store = new MemoryStore(rawLog(sectorSize, entries));
    const header = readLogHeader(store);
    if (typeof header === "string") {
        throw new Error(header);
    }
    const reader = new LogReader(store, header);
    const trace = importLog(store, header, reader, { kind: "qemu", ...options });
    expect(reader.problem).toBeUndefined();
    expect(traceProblem(trace)).toBeUndefined();
    return trace;
}

/** Such as `write 3+2 0..1`, in sectors of 512 bytes, with the instants of issue and completion. */
function line({ kind, fua, byteOffset, byteLength, label, issuedAt, completedAt }: TraceCommand) {
    const what = byteLength > 0 ? ` ${byteOffset / 512}+${byteLength / 512}` : "";
    return `${kind}${fua ? " FUA" : ""}${what}${label ?? ""} ${issuedAt}..${completedAt}`;
}

const lines = (trace: DiskTrace) => trace.commands.map(line);

describe("an imported log of dm-log-writes", () => {
    const dm = { kind: "dm" } as const;

    it("has its commands one after the other, with the log's data", () => {
        const trace = imported(
            [
                rawWrite(3, 2, 0xaa),
                rawWrite(9, 1, 0xbb, flag.fua | flag.metadata),
                rawFlush,
                { flags: flag.mark, label: " synced" },
                { sector: 0, sectorCount: 64, flags: flag.discard },
            ],
            dm,
        );
        expect(lines(trace)).toEqual([
            "write 3+2 0..1",
            "write FUA 9+1 2..3",
            "flush 4..5",
            "mark synced 6..7",
            "discard 0+64 8..9",
        ]);
        expect(trace).toMatchObject({
            diskSizeBytes: 32_768,
            sectorSizeBytes: 512,
            startsWithCache: true,
            eventCount: 10,
        });
        expect(trace.commands.map(({ after }) => after)).toEqual([
            new Uint8Array(1024).fill(0xaa),
            new Uint8Array(512).fill(0xbb),
            undefined,
            undefined,
            undefined,
        ]);
        expect(trace.commands.map(({ status }) => status)).toEqual(new Array(5).fill("done"));
    });

    it("flushes before it writes where a flush has data", () => {
        const both = rawWrite(1, 1, 7, flag.flush | flag.fua);
        const cut = { sector: 2, sectorCount: 4, flags: flag.flush | flag.discard };
        expect(lines(imported([both, cut], dm))).toEqual([
            "flush 0..1",
            "write FUA 1+1 2..3",
            "flush 4..5",
            "discard 2+4 6..7",
        ]);
    });

    it("leaves out the end mark, and only that one", () => {
        const end = { flags: flag.mark, label: "dm-log-writes-end" };
        expect(lines(imported([rawFlush, end], dm))).toEqual(["flush 0..1"]);
        expect(lines(imported([end, rawFlush, end], dm))).toEqual([
            "markdm-log-writes-end 0..1",
            "flush 2..3",
        ]);
    });

    it.each([
        [512, 512],
        [1024, 512],
        [4096, 4096],
        [8192, 512],
    ])("of sectors of %i has a disk with sectors of %i", (sectorSize, expected) => {
        expect(imported([rawWrite(0, 1, 1)], dm, sectorSize).sectorSizeBytes).toBe(expected);
    });
});

describe("an imported log of QEMU", () => {
    const log = [rawWrite(1, 1, 1), rawWrite(2, 1, 2), rawWrite(3, 1, 3), rawFlush, rawFlush];

    it("has sectors of 512 bytes, whatever the log's", () => {
        expect(imported(log, {}, 4096)).toMatchObject({
            sectorSizeBytes: 512,
            diskSizeBytes: 16_384,
        });
    });

    it("trusts each flush by default", () => {
        expect(lines(imported(log))).toEqual([
            "write 1+1 0..1",
            "write 2+1 2..3",
            "write 3+1 4..5",
            "flush 6..7",
            "flush 8..9",
        ]);
    });

    it("lets the last writes before a flush complete while it runs, with slack", () => {
        expect(lines(imported([...log, rawWrite(4, 1, 4)], { flushSlack: 2 }))).toEqual([
            "write 1+1 0..1",
            "write 2+1 2..5",
            "write 3+1 3..6",
            "flush 4..7",
            "flush 8..9",
            "write 4+1 10..11",
        ]);
        expect(lines(imported(log, { flushSlack: 31 }))).toEqual([
            "write 1+1 0..4",
            "write 2+1 1..5",
            "write 3+1 2..6",
            "flush 3..7",
            "flush 8..9",
        ]);
    });

    it("counts its own writes for the slack, and not the commands that a long one becomes", () => {
        const long = { sector: 8, sectorCount: 65_537, data: 9 };
        expect(lines(imported([rawWrite(1, 1, 1), long, rawFlush], { flushSlack: 1 }))).toEqual([
            "write 1+1 0..1",
            "write 8+65536 2..5",
            "write 65544+1 3..6",
            "flush 4..7",
        ]);
        const [mark, after] = [{ flags: flag.mark, label: "x" }, rawWrite(2, 1, 2)];
        expect(lines(imported([long, mark, long, after], { flushSlack: 1 }))).toEqual([
            "write 8+65536 0..1",
            "write 65544+1 2..3",
            "markx 4..5",
            "write 8+65536 6..7",
            "write 65544+1 8..9",
            "write 2+1 10..11",
        ]);
    });

    it("may be of a disk without a cache", () => {
        expect(imported(log, { isWriteThrough: true }).startsWithCache).toBe(false);
    });

    it("may assume that all writes are FUA, or those in a range", () => {
        const some = [...log.slice(0, 3), { sector: 2, sectorCount: 1, flags: flag.discard }];
        expect(lines(imported(some, { assumedFua: "all" }))).toEqual([
            "write FUA 1+1 0..1",
            "write FUA 2+1 2..3",
            "write FUA 3+1 4..5",
            "discard 2+1 6..7",
        ]);
        const range = { startOffset: 1024, endOffset: 1536 };
        const wide = [...log.slice(0, 3), rawWrite(1, 2, 1), rawWrite(2, 2, 1)];
        expect(lines(imported(wide, { assumedFua: range }))).toEqual([
            "write 1+1 0..1",
            "write FUA 2+1 2..3",
            "write 3+1 4..5",
            "write 1+2 6..7",
            "write 2+2 8..9",
        ]);
    });

    it("splits a write that is too long for one command", () => {
        const trace = imported([{ sector: 8, sectorCount: 65_537, data: 9 }]);
        expect(lines(trace)).toEqual(["write 8+65536 0..1", "write 65544+1 2..3"]);
        expect(trace.commands[1].after).toEqual(new Uint8Array(512).fill(9));
    });

    it("has the size that is told, or the least that has all writes", () => {
        expect(imported([]).diskSizeBytes).toBe(0);
        expect(imported(log, { diskSizeBytes: 65_536 }).diskSizeBytes).toBe(65_536);
    });
});
