/**
 * Logs and traces there and back: what a log can hold survives, what it cannot is lost in the
 * direction that the format says, and never is a state gained that the trace does not allow.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exportLog } from "../../src/disk/log/export-log.ts";
import { importLog } from "../../src/disk/log/import-log.ts";
import { LogReader, readLogHeader } from "../../src/disk/log/log-reader.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import type { DiskTrace } from "../../src/disk/trace/disk-trace.ts";
import { traceProblem } from "../../src/disk/trace/trace-check.ts";
import { readTrace } from "../../src/disk/trace-file/read-trace.ts";
import { writeTrace } from "../../src/disk/trace-file/write-trace.ts";
import { candidatesAtEnd, isFlush, isWrite } from "../support/disk-rule.ts";
import { collected, plainTrace } from "../support/log-builder.ts";
import { anyTrace } from "../support/random-trace.ts";

const options = { seed: 20_263, numRuns: 400 };

const exported = (trace: DiskTrace) => collected((sink) => exportLog(trace, sink));

function imported(bytes: Uint8Array): DiskTrace {
    const store = new MemoryStore(bytes);
    const header = readLogHeader(store);
    if (typeof header === "string") {
        throw new Error(header);
    }
    const reader = new LogReader(store, header);
    const trace = importLog(store, header, reader, { kind: "dm" });
    if (reader.problem !== undefined) {
        throw new Error(reader.problem.problem);
    }
    return trace;
}

/** The contents that each sector may have at the end. */
function contentsAtEnd(trace: DiskTrace, sectorCount: number): string[][] {
    return candidatesAtEnd(trace, sectorCount).map((candidates, sectorNo) => {
        const contents = candidates.map((write) => {
            if (write === "before") {
                return write;
            }
            const start = sectorNo * trace.sectorSizeBytes - write.byteOffset;
            return write.kind === "discard"
                ? "zeros"
                : Buffer.from(write.after?.subarray(start, start + 2) ?? []).toString("hex");
        });
        return [...new Set(contents)].sort();
    });
}

/** Whether two writes to one sector were outstanding together. */
function hasOverlap({ commands }: DiskTrace): boolean {
    const writes = commands.filter((one) => isWrite(one) && one.byteLength > 0);
    return writes.some((first, index) =>
        writes
            .slice(index + 1)
            .some(
                (second) =>
                    first.byteOffset < second.byteOffset + second.byteLength &&
                    second.byteOffset < first.byteOffset + first.byteLength &&
                    first.completedAt > second.issuedAt,
            ),
    );
}

describe("a trace file", () => {
    it("gives back every trace, exactly", () => {
        fc.assert(
            fc.property(anyTrace, (trace) => {
                const bytes = collected((sink) => writeTrace(trace, sink));
                const { trace: back } = readTrace(new MemoryStore(bytes), "x", 1);
                expect(plainTrace(back)).toEqual(plainTrace(trace));
            }),
            options,
        );
    });
});

describe("a random trace", () => {
    it("is one, by the rules of traces", () => {
        fc.assert(
            fc.property(anyTrace, (trace) => {
                expect(traceProblem(trace)).toBeUndefined();
            }),
            options,
        );
    });
});

describe("an exported log", () => {
    it("comes back as itself when it is imported and exported again", () => {
        fc.assert(
            fc.property(anyTrace, (trace) => {
                const log = exported(trace);
                expect(Buffer.compare(exported(imported(log)), log)).toBe(0);
            }),
            options,
        );
    });

    it("leaves at its end what the trace allows, and all of it where no writes overlap", () => {
        let exactCount = 0;
        fc.assert(
            fc.property(anyTrace, (trace) => {
                const sectorCount = trace.diskSizeBytes / trace.sectorSizeBytes;
                const before = contentsAtEnd(trace, sectorCount);
                const after = contentsAtEnd(imported(exported(trace)), sectorCount);
                if (hasOverlap(trace)) {
                    const gained = after.map((contents, sectorNo) =>
                        contents.filter((one) => !before[sectorNo].includes(one)),
                    );
                    expect(gained.flat()).toEqual([]);
                } else {
                    exactCount++;
                    expect(after).toEqual(before);
                }
            }),
            options,
        );
        // Otherwise the second half of the sentence would say nothing.
        expect(exactCount).toBeGreaterThan(40);
    });

    it("would be caught if a write went past the flush that covers it (canary)", () => {
        const isCaught = (trace: DiskTrace) => {
            const sectorCount = trace.diskSizeBytes / trace.sectorSizeBytes;
            const back = imported(exported(trace));
            const flushless = { ...back, commands: back.commands.filter((one) => !isFlush(one)) };
            const [before, after] = [trace, flushless].map((one) =>
                JSON.stringify(contentsAtEnd(one, sectorCount)),
            );
            return !hasOverlap(trace) && before !== after;
        };
        expect(fc.sample(anyTrace, { ...options, numRuns: 200 }).some(isCaught)).toBe(true);
    });
});

describe("a damaged file", () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 8,
    });
    const damaged = (bytes: Uint8Array, changes: readonly (readonly [number, number])[]) => {
        const copy = bytes.slice();
        for (const [at, byte] of changes) {
            // Most damage in the first part, where the numbers are.
            copy[at % Math.min(copy.length, at % 3 === 0 ? copy.length : 2048)] = byte;
        }
        return new MemoryStore(copy);
    };

    it("is a log that is read to its end or to a problem", () => {
        fc.assert(
            fc.property(anyTrace, damage, fc.boolean(), (trace, changes, scansTail) => {
                const store = damaged(exported(trace), changes);
                const header = readLogHeader(store);
                if (typeof header !== "string") {
                    const reader = new LogReader(store, header, { scansTail });
                    const entries = [...reader];
                    expect(entries.length).toBeLessThanOrEqual(store.sizeBytes / 512);
                    const back = importLog(store, header, entries, { kind: "dm" });
                    expect(back.commands.length).toBeLessThanOrEqual(2 * entries.length);
                    expect(traceProblem(back)).toBeUndefined();
                }
            }),
            options,
        );
    });

    it("is a trace, or an error in words", () => {
        fc.assert(
            fc.property(anyTrace, damage, (trace, changes) => {
                const bytes = collected((sink) => writeTrace(trace, sink));
                let message = "x: fine";
                try {
                    readTrace(damaged(bytes, changes), "x", 1);
                } catch (error) {
                    message = error instanceof Error ? `${error.name} ${error.message}` : "";
                }
                expect(message).toMatch(/^(UserError )?x: ./);
            }),
            options,
        );
    });
});
