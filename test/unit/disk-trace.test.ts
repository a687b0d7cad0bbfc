import { describe, expect, it } from "vitest";
import { decodeState, encodeState, StateFields, type StateRecord } from "../../src/base/state.ts";
import type { DiskTrace, TraceCommand } from "../../src/disk/trace/disk-trace.ts";
import { durableFrom } from "../../src/disk/trace/durability.ts";
import { TraceRecorder } from "../../src/disk/trace/recorder.ts";
import { traceProblem } from "../../src/disk/trace/trace-check.ts";
import { smallDisk, TraceStory } from "../support/disk-traces.ts";

const never = Number.POSITIVE_INFINITY;

describe("a trace recorder", () => {
    it("numbers events in the order in which they come, and keeps both clocks", () => {
        const recorder = new TraceRecorder(smallDisk);
        const what = { kind: "write", fua: true, byteOffset: 512, byteLength: 1024 } as const;
        const data = new Uint8Array(1024).fill(5);
        const id = recorder.issue(
            { ...what, ataCommand: 0x61, tag: 3, cpu: 1, origin: "sync" },
            10,
        );
        const before = new Uint8Array(1024);
        recorder.accept(id, before, data);
        data.fill(6);
        before.fill(6);
        const flush = recorder.issue(
            { kind: "flush", fua: false, byteOffset: 0, byteLength: 0 },
            20,
        );
        recorder.complete(id, true, 30);
        expect(recorder.trace()).toEqual({
            diskSizeBytes: 32_768,
            sectorSizeBytes: 512,
            startsWithCache: true,
            eventCount: 4,
            commands: [
                {
                    id: 0,
                    ...what,
                    ataCommand: 0x61,
                    tag: 3,
                    cpu: 1,
                    origin: "sync",
                    before: new Uint8Array(1024),
                    after: new Uint8Array(1024).fill(5),
                    issuedAt: 0,
                    issuedNs: 10,
                    acceptedAt: 1,
                    completedAt: 3,
                    completedNs: 30,
                    status: "done",
                },
                {
                    id: flush,
                    kind: "flush",
                    fua: false,
                    byteOffset: 0,
                    byteLength: 0,
                    issuedAt: 2,
                    issuedNs: 20,
                    acceptedAt: never,
                    completedAt: never,
                    completedNs: never,
                    status: "outstanding",
                },
            ],
        });
    });

    it("gives traces that later events do not change", () => {
        const story = new TraceStory();
        const id = story.begin(0, 1);
        const early = story.recorder.trace();
        story.end(id);
        expect(early.commands[0].status).toBe("outstanding");
        expect(early.eventCount).toBe(2);
    });

    it("goes on after a saved state as it would have gone on", () => {
        const story = new TraceStory();
        const [done, open] = [story.write(0, 1), story.begin(1, 2, { fua: true })];
        const label = {
            kind: "mark",
            fua: false,
            byteOffset: 0,
            byteLength: 0,
            label: "ack",
        } as const;
        story.end(story.recorder.issue(label, 7));
        const saved = encodeState(story.recorder.save());
        const twin = new TraceRecorder(smallDisk);
        twin.load(new StateFields(decodeState(saved) as StateRecord, "trace"));
        expect(encodeState(twin.save())).toEqual(saved);
        story.end(open);
        twin.complete(open, true, 0);
        expect(twin.trace()).toEqual(story.recorder.trace());
        expect(done).toBe(0);
    });

    it("refuses a saved state with a kind of command that there is not", () => {
        const story = new TraceStory();
        story.write(0, 1);
        const saved = story.recorder.save();
        const [command] = saved.commands as StateRecord[];
        const other = { ...saved, commands: [{ ...command, kind: "erase" }] };
        expect(() => new TraceRecorder(smallDisk).load(new StateFields(other, "trace"))).toThrow(
            "saved state of a trace: erase is not one of read, write, discard, flush, cache-on, " +
                "cache-off, standby, mark, other",
        );
    });
});

describe("what is durable", () => {
    it("is what was done before a flush was issued, from the flush's end on", () => {
        const story = new TraceStory();
        const early = story.write(0, 1);
        const slow = story.begin(8, 1);
        const flush = story.beginOther("flush");
        story.end(slow, flush);
        expect(early).toBe(0);
        // Events: write 0 1 2, begin 3 4, flush 5, its end 7.
        expect(durableFrom(story.recorder.trace())).toEqual([7, never, never]);
    });

    it("is what the first of several flushes to end covers", () => {
        const story = new TraceStory();
        story.write(0, 1);
        const first = story.beginOther("flush");
        const second = story.beginOther("standby");
        story.end(second, first);
        expect(durableFrom(story.recorder.trace())).toEqual([5, never, never]);
    });

    it("is no write that only failed flushes followed", () => {
        const story = new TraceStory();
        story.write(0, 1);
        story.fail(story.beginOther("flush"));
        expect(durableFrom(story.recorder.trace())).toEqual([never, never]);
    });

    it("is a FUA write, and one issued while the cache was off, from its own end on", () => {
        const story = new TraceStory();
        story.write(0, 1, { fua: true });
        const off = story.beginOther("cache-off");
        story.write(1, 1);
        story.end(off);
        story.write(2, 1);
        story.end(story.beginOther("cache-on"));
        story.write(3, 1);
        // Events: 0-2, off 3, 4-6, off ends 7, 8-10, on 11-12, 13-15.
        expect(durableFrom(story.recorder.trace())).toEqual([2, never, never, 10, never, never]);
    });

    it("is what follows from the command issued last where two switch the cache at once", () => {
        const story = new TraceStory();
        const off = story.beginOther("cache-off");
        const on = story.beginOther("cache-on");
        story.end(on, off);
        story.write(0, 1);
        const again = new TraceStory({ ...smallDisk, startsWithCache: false });
        const onAgain = again.beginOther("cache-on");
        const offAgain = again.beginOther("cache-off");
        again.end(offAgain, onAgain);
        again.write(0, 1);
        expect(durableFrom(story.recorder.trace())).toEqual([never, never, never]);
        expect(durableFrom(again.recorder.trace())).toEqual([never, never, 6]);
    });

    it("is not what a liar promised", () => {
        const story = new TraceStory();
        story.write(0, 1);
        const flush = story.flush();
        const forced = story.write(1, 1, { fua: true });
        expect(durableFrom(story.recorder.trace(), new Set([flush, forced]))).toEqual([
            never,
            never,
            never,
        ]);
    });
});

describe("the check of a trace", () => {
    const story = new TraceStory();
    story.write(0, 2);
    story.flush();
    story.begin(8, 1);
    const sound = story.recorder.trace();

    /** What is found when a command of a sound trace is changed. */
    function problemWith(id: number, change: Partial<TraceCommand>): string | undefined {
        const commands = sound.commands.map((command) =>
            command.id === id ? { ...command, ...change } : command,
        );
        return traceProblem({ ...sound, commands });
    }

    it("finds nothing wrong with what was recorded", () => {
        expect(traceProblem(sound)).toBeUndefined();
        expect(problemWith(0, { acceptedAt: 0 })).toBeUndefined();
    });

    it("names the command and what is wrong with it", () => {
        const found = [
            traceProblem({ ...sound, sectorSizeBytes: 1024 }),
            traceProblem({ ...sound, diskSizeBytes: Number.NaN }),
            traceProblem({ ...sound, diskSizeBytes: 512 }),
            traceProblem({ ...sound, diskSizeBytes: 32_868 }),
            problemWith(1, { id: 2 }),
            problemWith(1, { issuedAt: 0 }),
            problemWith(0, { byteOffset: 100 }),
            problemWith(0, { byteLength: 512 }),
            problemWith(1, { after: new Uint8Array(0) }),
            problemWith(2, { acceptedAt: never }),
            problemWith(0, { status: "outstanding" }),
            problemWith(1, { status: "outstanding", completedAt: never, issuedAt: 1 }),
            problemWith(0, { acceptedAt: 2 }),
            problemWith(0, { completedAt: 0 }),
            problemWith(2, { acceptedAt: 7 }),
            problemWith(1, { completedAt: 5 }),
        ];
        const { after: _, ...withoutData } = sound.commands[0];
        const without: DiskTrace = { ...sound, commands: [withoutData] };
        found.push(traceProblem(without));
        expect(found).toEqual([
            "its sectors have 1024 bytes, not 512 or 4096",
            "its disk has no size",
            "command 0 writes bytes 0+1024, past the disk's end",
            "its disk has 32868 bytes, which are not whole sectors of 512",
            "command 1 has the id 2",
            "command 1 is not in the order of issue",
            "command 0 has bytes 100+1024, which are not whole sectors",
            "command 0 writes 512 bytes and brings 1024",
            "command 1 brings data and is not a write",
            "command 2 has data before the drive had it",
            "command 0 is outstanding but ended",
            "command 1 shares the instant 1 with another command",
            "command 0 is done before the drive had its data",
            "command 0 ends before it begins",
            "command 2 has the instant 7, which is none of the trace's 7",
            "command 2 shares the instant 5 with another command",
            "command 0 has no data",
        ]);
    });
});
