import { describe, expect, it } from "vitest";
import { exportLog } from "../../src/disk/log/export-log.ts";
import { LogReader, readLogHeader } from "../../src/disk/log/log-reader.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { type DiskTrace, notYet, type TraceCommand } from "../../src/disk/trace/disk-trace.ts";
import { TraceStory } from "../support/disk-traces.ts";
import { collected } from "../support/log-builder.ts";

type Step = Partial<TraceCommand> & Pick<TraceCommand, "kind" | "issuedAt">;

/** A trace of commands of which only the interesting fields are given; writes are of id + 1. */
function traceOf(steps: readonly Step[], facts: Partial<DiskTrace> = {}): DiskTrace {
    const commands = steps.map((step, id): TraceCommand => {
        const isWrite = step.kind === "write" || step.kind === "discard";
        const byteLength = step.byteLength ?? (isWrite ? 512 : 0);
        return {
            id,
            fua: false,
            byteOffset: 0,
            byteLength,
            issuedNs: 0,
            acceptedAt: isWrite ? step.issuedAt : notYet,
            completedAt: notYet,
            completedNs: 0,
            status: step.completedAt === undefined ? "outstanding" : "done",
            ...(step.kind === "write" && { after: new Uint8Array(byteLength).fill(id + 1) }),
            ...step,
        };
    });
    return {
        diskSizeBytes: 8192,
        sectorSizeBytes: 512,
        startsWithCache: true,
        eventCount: 99,
        commands,
        ...facts,
    };
}

/** The entries of the exported log: flags, first sector, sectors, first byte of data or label. */
function entriesOf(trace: DiskTrace): unknown[][] {
    const log = collected((sink) => exportLog(trace, sink));
    const store = new MemoryStore(log);
    const header = readLogHeader(store);
    if (typeof header === "string") {
        throw new Error(header);
    }
    return [...new LogReader(store, header)].map(
        ({ flags, byteOffset, byteLength, dataOffset, label }) => [
            flags,
            byteOffset / 512,
            byteLength / 512,
            ...(dataOffset === undefined ? [] : [log[dataOffset]]),
            ...(label === "" ? [] : [label]),
        ],
    );
}

const end = [8, 0, 0, "dm-log-writes-end"];

describe("an exported log", () => {
    it("holds a write back until a flush that was issued after it was done", () => {
        const trace = traceOf([
            { kind: "write", issuedAt: 0, completedAt: 2, byteOffset: 512 },
            { kind: "write", issuedAt: 1, completedAt: 4, byteOffset: 1024 },
            { kind: "flush", issuedAt: 3, completedAt: 5 },
            { kind: "flush", issuedAt: 6, completedAt: 7 },
        ]);
        expect(entriesOf(trace)).toEqual([[0, 1, 1, 1], [1, 0, 0], [0, 2, 1, 2], [1, 0, 0], end]);
    });

    it("writes what is on the medium when it is done at once, as FUA", () => {
        const steps: Step[] = [
            { kind: "write", issuedAt: 0, completedAt: 1 },
            { kind: "write", issuedAt: 2, completedAt: 3, byteOffset: 512, fua: true },
            { kind: "cache-off", issuedAt: 4, completedAt: 5 },
            { kind: "discard", issuedAt: 6, completedAt: 7, byteOffset: 1024 },
            { kind: "cache-on", issuedAt: 8, completedAt: 9 },
            { kind: "write", issuedAt: 10, completedAt: 11, byteOffset: 1536 },
            { kind: "standby", issuedAt: 12, completedAt: 13 },
        ];
        expect(entriesOf(traceOf(steps))).toEqual([
            [2, 1, 1, 2],
            [0, 0, 1, 1],
            [1, 0, 0],
            [6, 2, 1],
            [0, 3, 1, 6],
            [1, 0, 0],
            end,
        ]);
    });

    it("cuts out of a held write what is overwritten on the medium, if that is newer", () => {
        const held: Step = { kind: "write", issuedAt: 0, completedAt: 2, byteLength: 5 * 512 };
        const fua: Step = {
            kind: "write",
            issuedAt: 3,
            completedAt: 4,
            fua: true,
            byteOffset: 1024,
            byteLength: 1024,
        };
        expect(entriesOf(traceOf([held, fua]))).toEqual([
            [2, 2, 2, 2],
            [0, 0, 2, 1],
            [0, 4, 1, 1],
            end,
        ]);
        const overlapping = { ...fua, issuedAt: 1 };
        expect(entriesOf(traceOf([held, overlapping]))).toEqual([[2, 2, 2, 2], [0, 0, 5, 1], end]);
        const whole = { ...fua, byteOffset: 0, byteLength: 8192 };
        expect(entriesOf(traceOf([held, whole]))).toEqual([[2, 0, 16, 2], end]);
    });

    it("finds held writes however long they or what overwrites them are", () => {
        const size = 8 << 20;
        const long: Step = { kind: "discard", issuedAt: 0, completedAt: 1, byteLength: size };
        const short: Step = { kind: "write", issuedAt: 2, completedAt: 3, byteOffset: 512 };
        const disk = { diskSizeBytes: size };
        expect(entriesOf(traceOf([long, { ...short, fua: true }], disk))).toEqual([
            [2, 1, 1, 2],
            [4, 0, 1],
            [4, 2, size / 512 - 2],
            end,
        ]);
        const after: Step = { ...long, issuedAt: 4, completedAt: 5 };
        const steps: Step[] = [short, { kind: "cache-off", issuedAt: 0, completedAt: 1 }];
        expect(entriesOf(traceOf([steps[1], { ...after, issuedAt: 4 }], disk))).toEqual([
            [1, 0, 0],
            [6, 0, size / 512],
            end,
        ]);
        const through: Step = { ...after, kind: "write", fua: true };
        expect(entriesOf(traceOf([short, through], disk))).toEqual([[2, 0, size / 512, 2], end]);
    });

    it("has at its end what may have landed, and nothing that the drive never had", () => {
        const trace = traceOf([
            { kind: "write", issuedAt: 0, completedAt: 5, status: "failed" },
            { kind: "write", issuedAt: 1, byteOffset: 512 },
            { kind: "write", issuedAt: 2, byteOffset: 1024, acceptedAt: notYet },
            { kind: "write", issuedAt: 3, completedAt: 4, byteOffset: 1536 },
            { kind: "flush", issuedAt: 6, completedAt: 7, status: "failed" },
        ]);
        expect(entriesOf(trace)).toEqual([[0, 3, 1, 4], [0, 0, 1, 1], [0, 1, 1, 2], end]);
    });

    it("holds a failed write back to the end, without what newer ones on the medium cover", () => {
        const failed: Step = {
            kind: "write",
            issuedAt: 0,
            completedAt: 1,
            status: "failed",
            byteLength: 5 * 512,
        };
        const newer: Step[] = [
            failed,
            { kind: "write", issuedAt: 2, completedAt: 3, byteOffset: 512 },
            { kind: "flush", issuedAt: 4, completedAt: 5 },
            { kind: "write", issuedAt: 6, completedAt: 7, byteOffset: 1536, fua: true },
            { kind: "write", issuedAt: 8, completedAt: 9 },
        ];
        expect(entriesOf(traceOf(newer))).toEqual([
            [0, 1, 1, 2],
            [1, 0, 0],
            [2, 3, 1, 4],
            [0, 0, 1, 1],
            [0, 2, 1, 1],
            [0, 4, 1, 1],
            [0, 0, 1, 5],
            end,
        ]);
        const together: Step = { ...failed, issuedAt: 3, completedAt: 6, byteLength: 512 };
        const overlapping = [{ ...newer[1], byteOffset: 0, completedAt: 4 }, together];
        const flush: Step = { kind: "flush", issuedAt: 5, completedAt: 7 };
        expect(entriesOf(traceOf([...overlapping, flush]))).toEqual([
            [0, 0, 1, 1],
            [1, 0, 0],
            [0, 0, 1, 2],
            end,
        ]);
    });

    it("does not end in a write that was dropped before its retry was flushed", () => {
        const dropped = new TraceStory();
        dropped.fail(dropped.begin(0, 2, { byte: 0xaa }));
        dropped.write(0, 1, { byte: 0xbb });
        dropped.flush();
        expect(entriesOf(dropped.recorder.trace())).toEqual([
            [0, 0, 1, 0xbb],
            [1, 0, 0],
            [0, 1, 1, 0xaa],
            end,
        ]);
        const through = new TraceStory();
        through.fail(through.begin(0, 1, { byte: 0xaa, fua: true }));
        through.write(0, 1, { byte: 0xbb, fua: true });
        expect(entriesOf(through.recorder.trace())).toEqual([[2, 0, 1, 0xbb], end]);
    });

    it("has marks where they were made, short enough for a sector", () => {
        const trace = traceOf([
            { kind: "write", issuedAt: 0, completedAt: 1 },
            { kind: "mark", issuedAt: 2, label: "x".repeat(500) },
            { kind: "read", issuedAt: 3, completedAt: 4 },
            { kind: "mark", issuedAt: 5, completedAt: 6, label: "dm-log-writes-end" },
        ]);
        expect(entriesOf(trace)).toEqual([[8, 0, 0, "x".repeat(479)], [0, 0, 1, 1], end]);
        expect(exportLog(trace, () => {})).toEqual({
            entryCount: 3,
            leftOutCount: 2,
            cutLabelCount: 1,
        });
    });

    it("cannot be made of a write without data", () => {
        const { after: _, ...write } = traceOf([{ kind: "write", issuedAt: 0 }]).commands[0];
        expect(() => exportLog({ ...traceOf([]), commands: [write] }, () => {})).toThrow(
            "command 0 is a write whose data the trace does not have",
        );
    });
});
