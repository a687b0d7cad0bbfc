/** Native command queuing: tags, orders of completion, and what halts the queue. */
import { describe, expect, it } from "vitest";
import { RecordedChoices } from "../../src/base/choices.ts";
import { encodeState, type StateRecord } from "../../src/base/state.ts";
import { crashView } from "../../src/disk/crash/crash-sweep.ts";
import { countStates } from "../../src/disk/crash/levels.ts";
import { parseFaultRule } from "../../src/machine/sata/fault-rule-text.ts";
import type { DriveTiming } from "../../src/machine/sata/timing.ts";
import { DriveBench, type Frame, sectorsOf } from "../support/drive-host.ts";

const readQueued = 0x60;
const writeQueued = 0x61;
const fua = 0xc0;

/** Registers of a queued command: the tag in count 7:3, the sectors in the features. */
function queued(command: number, tag: number, lba: number, sectorCount = 1, device = 0x40) {
    return { command, slot: tag, count: tag << 3, features: sectorCount, lba, device };
}

/** A drive whose commands take as long as the first sector's number says. */
const slowByLba: DriveTiming = {
    acceptDelayNs: () => 0,
    serviceNs: ({ byteOffset }) => 1 + byteOffset / 512,
};

function bits(doneTags: number, fields: Partial<Frame> = {}): object {
    return { frame: "bits", doneTags, status: 0x50, error: 0, interrupt: true, ...fields };
}

function registers(slot: number, fields: Partial<Frame>): object {
    const empty = { status: 0x51, error: 0x04, interrupt: true, lba: 0, count: 0, device: 0x40 };
    return { frame: "register", slot, ...empty, ...fields };
}

function hex(state: StateRecord): string {
    return Buffer.from(encodeState(state)).toString("hex");
}

/** Frames that the drive sent since the last call. */
function sent(bench: DriveBench): Frame[] {
    return bench.host.frames.splice(0);
}

/** Reads the NCQ command error log; gives its page. */
function errorLog(bench: DriveBench): Uint8Array {
    const page = new Uint8Array(512);
    bench.command({ command: 0x2f, lba: 0x10, count: 1 }, page);
    return page;
}

/** What the error log says first: tag and flags, status, error, LBA, device, count. */
function logHead(page: Uint8Array): number[] {
    return [...page.subarray(0, 14)];
}

describe("the queue", () => {
    it("accepts a command with a register frame that asks for no interrupt", () => {
        const bench = new DriveBench();
        bench.host.buffers[5] = new Uint8Array(512);
        bench.issue(queued(readQueued, 5, 9));
        expect(sent(bench)).toEqual([
            registers(5, { status: 0x50, error: 0, interrupt: false, lba: 9, count: 40 }),
        ]);
        bench.run();
        expect(sent(bench)).toEqual([bits(1 << 5)]);
    });

    it("ends commands in the order of their times", () => {
        const bench = new DriveBench({ timing: slowByLba });
        for (const [tag, lba] of [30, 10, 20].entries()) {
            bench.host.buffers[tag] = new Uint8Array(512);
            bench.issue(queued(readQueued, tag, lba));
        }
        sent(bench);
        bench.run();
        expect(sent(bench)).toEqual([bits(2), bits(4), bits(1)]);
    });

    it("ends all that are due at one instant with one frame, tag 31 among them", () => {
        const bench = new DriveBench();
        for (const tag of [0, 31, 7]) {
            bench.host.buffers[tag] = new Uint8Array(512);
            bench.issue(queued(readQueued, tag, tag));
        }
        sent(bench);
        bench.run();
        expect(sent(bench)).toEqual([bits(0x8000_0081)]);
    });

    it("moves data by the slot and completes by the tag", () => {
        const bench = new DriveBench();
        bench.host.buffers[3] = sectorsOf(1, 0x33);
        bench.issue({ ...queued(writeQueued, 8, 2), slot: 3 });
        bench.run();
        expect(sent(bench).at(-1)).toEqual(bits(1 << 8));
        bench.command({ command: 0xea });
        expect(bench.medium.bytes.subarray(1024, 1536)).toEqual(sectorsOf(1, 0x33));
    });

    it("moves 65,536 sectors when the count is 0", () => {
        const bench = new DriveBench({ diskBytes: new Uint8Array(65_536 * 512).fill(5) });
        const buffer = new Uint8Array(65_536 * 512);
        expect(bench.command(queued(readQueued, 0, 0, 0), buffer)).toEqual(bits(1));
        expect(buffer.every((byte) => byte === 5)).toBe(true);
    });

    it("has FUA data on the medium when the write ends, and no other data", () => {
        const bench = new DriveBench();
        bench.command(queued(writeQueued, 0, 0), sectorsOf(1, 1));
        bench.command(queued(writeQueued, 1, 1, 1, fua), sectorsOf(1, 2));
        expect([bench.medium.bytes[0], bench.medium.bytes[512]]).toEqual([0, 2]);
        const [cached, forced] = bench.recorder.trace().commands;
        expect([cached.fua, forced.fua]).toEqual([false, true]);
        expect([cached.tag, forced.tag]).toEqual([0, 1]);
    });

    it("does what is due at one instant in the order in which it was asked", () => {
        const bench = new DriveBench();
        for (const [tag, value] of [
            [5, 1],
            [2, 2],
        ]) {
            bench.host.buffers[tag] = sectorsOf(1, value);
            bench.issue(queued(writeQueued, tag, 0, 1, fua));
        }
        sent(bench);
        bench.run();
        expect(sent(bench)).toEqual([bits((1 << 5) | (1 << 2))]);
        expect(bench.medium.bytes[0]).toBe(2);
    });

    it("takes a write's data when its time comes, and not what the buffer holds later", () => {
        const timing = { acceptDelayNs: () => 100, serviceNs: () => 100 };
        const bench = new DriveBench({ timing });
        bench.host.buffers[0] = sectorsOf(1, 1);
        bench.issue(queued(writeQueued, 0, 0));
        bench.host.buffers[0].fill(2);
        bench.clock.advanceTo(100);
        bench.host.buffers[0].fill(3);
        bench.run();
        bench.command({ command: 0xea });
        expect(bench.medium.bytes[0]).toBe(2);
    });
});

describe("a queue that goes wrong", () => {
    it("halts at a sector past the end, drops the others, and says which tag it was", () => {
        const bench = new DriveBench({ timing: slowByLba });
        bench.host.buffers[1] = new Uint8Array(512);
        bench.issue(queued(readQueued, 1, 3));
        bench.issue(queued(readQueued, 2, 0x12_3456_789a, 7));
        bench.issue(queued(readQueued, 4, 0xffff_ffff_ffff));
        sent(bench);
        bench.run();
        expect(sent(bench)).toEqual([bits(1 << 1), bits(0, { status: 0x51, error: 0x10 })]);

        // Everything is aborted until the log is read.
        bench.issue(queued(readQueued, 5, 0));
        expect(sent(bench)).toEqual([registers(5, { count: 40 })]);
        expect(bench.command({ command: 0xea })).toEqual(registers(0, {}));
        expect(bench.command({ command: 0x2f, lba: 0, count: 1 })).toEqual(
            registers(0, { count: 1 }),
        );
        sent(bench);

        const page = errorLog(bench);
        expect(sent(bench)).toEqual([
            bits(0xffff_ffff, { interrupt: false }),
            expect.objectContaining({ frame: "pio", byteCount: 512 }),
            registers(0, { status: 0x50, error: 0, lba: 0x10, count: 1 }),
        ]);
        expect(logHead(page)).toEqual([
            2,
            0,
            0x51,
            0x10,
            0x9a,
            0x78,
            0x56,
            0x40,
            0x34,
            0x12,
            0,
            0,
            2 << 3,
            0,
        ]);
        expect(page.reduce((sum, byte) => sum + byte, 0) % 256).toBe(0);

        expect(bench.command(queued(readQueued, 2, 0), new Uint8Array(512))).toEqual(bits(4));
    });

    it("says first what ended well at the instant of an error", () => {
        const bench = new DriveBench({ faults: [parseFaultRule("read media-error lba=9")] });
        for (const tag of [0, 1, 2]) {
            bench.host.buffers[tag] = new Uint8Array(512);
            bench.issue(queued(readQueued, tag, 8 + tag));
        }
        sent(bench);
        bench.run();
        // Tag 2 was due, too, and is dropped.
        expect(sent(bench)).toEqual([bits(1), bits(0, { status: 0x51, error: 0x40 })]);
        const statuses = bench.recorder.trace().commands.map(({ status }) => status);
        expect(statuses).toEqual(["done", "failed", "failed"]);
    });

    it("names in the log the first sector that is not there", () => {
        const bench = new DriveBench();
        bench.command(queued(readQueued, 3, 2046, 4));
        // 2048 sectors: LBA 7:0 and 15:8 of it.
        expect(logHead(errorLog(bench)).slice(0, 6)).toEqual([3, 0, 0x51, 0x10, 0, 8]);
    });

    it("has ended what it drops, so that a retry and a flush settle the disk", () => {
        // Longer transfers end sooner: of 32 writes, the last is the first to end, and fails.
        const serviceNs = ({ byteLength }: { byteLength: number }) => (byteLength > 512 ? 1 : 100);
        const bench = new DriveBench({ timing: { acceptDelayNs: () => 0, serviceNs } });
        for (let tag = 0; tag < 31; tag++) {
            bench.host.buffers[tag] = sectorsOf(1, tag);
            bench.issue(queued(writeQueued, tag, tag));
        }
        bench.issue(queued(writeQueued, 31, 2047, 8));
        bench.run();
        errorLog(bench);
        const failed = bench.recorder.trace();
        expect(failed.commands.filter(({ status }) => status === "failed")).toHaveLength(32);
        expect(countStates(crashView(failed, failed.eventCount), "L1").count).toBe(2n ** 31n);
        for (let tag = 0; tag < 31; tag++) {
            bench.command(queued(writeQueued, tag, tag), sectorsOf(1, 100));
        }
        bench.command({ command: 0xea });
        const settled = bench.recorder.trace();
        expect(countStates(crashView(settled, settled.eventCount), "L1").count).toBe(1n);
    });

    it("halts at a tag that is in use", () => {
        const bench = new DriveBench();
        bench.issue(queued(readQueued, 6, 0));
        bench.issue({ ...queued(readQueued, 6, 5), slot: 9 });
        expect(sent(bench)[1]).toEqual(registers(9, { lba: 5, count: 48 }));
        bench.run();
        expect(sent(bench)).toEqual([]);
        expect(logHead(errorLog(bench)).slice(0, 5)).toEqual([6, 0, 0x51, 0x04, 5]);
    });

    it("halts at a command that does not queue while queued ones are outstanding", () => {
        const bench = new DriveBench();
        bench.host.buffers[1] = sectorsOf(1, 1);
        bench.issue(queued(writeQueued, 1, 0));
        bench.issue({ command: 0xea });
        expect(sent(bench)[1]).toEqual(registers(0, {}));
        bench.run();
        expect(sent(bench)).toEqual([]);
        expect(logHead(errorLog(bench)).slice(0, 4)).toEqual([0x80, 0, 0x51, 0x04]);
        const statuses = bench.recorder.trace().commands.map(({ kind, status }) => [kind, status]);
        expect(statuses).toEqual([
            ["write", "failed"],
            ["flush", "failed"],
            ["other", "done"],
        ]);
    });

    it("is well again after a reset of the link, and its log is empty", () => {
        const bench = new DriveBench();
        bench.command(queued(readQueued, 0, 0xffff_ffff));
        bench.drive.resetLink();
        expect(bench.command(queued(readQueued, 0, 0), new Uint8Array(512))).toEqual(bits(1));
        expect(errorLog(bench)).toEqual(new Uint8Array(512));
    });

    it("fails a write whose data the host has not, and writes none of it", () => {
        const bench = new DriveBench();
        expect(bench.command(queued(writeQueued, 0, 0, 2), sectorsOf(1, 1))).toEqual(
            bits(0, { status: 0x51, error: 0x04 }),
        );
        errorLog(bench);
        bench.command({ command: 0xea });
        expect(bench.medium.bytes[0]).toBe(0);
    });
});

describe("a drive saved and loaded", () => {
    it("goes on as the original would, with commands at both of their moments", () => {
        const timing: DriveTiming = {
            acceptDelayNs: ({ byteOffset }) => byteOffset,
            serviceNs: (_, choices) => 50 + choices.choose(1000),
        };
        const choices = [500, 7, 900, 3, 400];
        const make = () =>
            new DriveBench({
                timing,
                choices: new RecordedChoices(choices),
                diskBytes: new Uint8Array(4096),
            });
        const bench = make();
        bench.host.buffers[0] = sectorsOf(1, 1);
        bench.host.buffers[1] = sectorsOf(1, 2);
        bench.host.buffers[2] = new Uint8Array(512);
        bench.issue(queued(writeQueued, 0, 0, 1, fua));
        bench.issue(queued(writeQueued, 1, 1));
        bench.issue(queued(readQueued, 2, 1));
        bench.clock.advanceTo(10);

        const copy = make();
        copy.load(bench.save());
        expect(hex(copy.save())).toBe(hex(bench.save()));
        copy.host.buffers.splice(0, 3, sectorsOf(1, 1), sectorsOf(1, 2), new Uint8Array(512));
        sent(bench);
        bench.run();
        copy.run();
        expect(sent(copy)).toEqual(sent(bench));
        expect(hex(copy.save())).toBe(hex(bench.save()));
        expect(copy.recorder.trace()).toEqual(bench.recorder.trace());
        expect(copy.medium.bytes[0]).toBe(1);
    });

    it("keeps a command that will never end", () => {
        const options = {
            faults: [{ on: "write", effect: "timeout", times: "once" } as const],
            timing: { acceptDelayNs: () => 100, serviceNs: () => 100 },
            diskBytes: new Uint8Array(4096),
        };
        // The drive comes so far as to fetch the data.
        const bench = new DriveBench({ ...options, choices: new RecordedChoices([1]) });
        bench.issue(queued(writeQueued, 0, 0));
        const copy = new DriveBench(options);
        copy.host.buffers[0] = sectorsOf(1, 6);
        copy.load(bench.save());
        copy.run();
        expect(sent(copy)).toEqual([]);
        copy.drive.resetLink();
        copy.command({ command: 0xea });
        expect(copy.medium.bytes[0]).toBe(6);
    });

    it("keeps its halt, its log, its settings and its spent faults", () => {
        const options = {
            faults: [{ on: "any", effect: "abort", times: "once", afterCommands: 2 } as const],
        };
        const bench = new DriveBench(options);
        bench.command({ command: 0xef, features: 0x82 });
        bench.command({ command: 0xc6, count: 4 });
        bench.command({ command: 0xef, features: 0x82 });
        bench.command(queued(readQueued, 3, 0xffff_ffff));
        const copy = new DriveBench(options);
        copy.load(bench.save());
        expect(copy.command({ command: 0xea })).toEqual(registers(0, {}));
        expect(logHead(errorLog(copy)).slice(0, 4)).toEqual([3, 0, 0x51, 0x10]);
        const block = new Uint8Array(512);
        expect(copy.command({ command: 0xec }, block)).toMatchObject({ status: 0x50 });
        expect([block[2 * 59], block[2 * 85]]).toEqual([4, 0x01]);
    });

    it("does not take in a state that no drive can have", () => {
        const bench = new DriveBench();
        bench.host.buffers[0] = new Uint8Array(512);
        bench.issue(queued(readQueued, 0, 0));
        const state = bench.save();
        const drive = state.drive as StateRecord;
        const outstanding = drive.outstanding as StateRecord;
        const [command] = outstanding.commands as readonly StateRecord[];
        const load = (commands: readonly StateRecord[]) => () =>
            new DriveBench().load({
                ...state,
                drive: { ...drive, outstanding: { ...outstanding, commands } },
            });
        expect(load([{ ...command, slot: 32 }])).toThrow(
            "saved state of a drive: a command cannot have slot 32",
        );
        expect(load([command, command])).toThrow(
            "saved state of a drive: two commands have one tag",
        );
        expect(load([{ ...command, moment: "later" }])).toThrow(
            "saved state of a drive: a command cannot be due for later",
        );
        expect(load([{ ...command, moment: "data" }])).toThrow(
            "saved state of a drive: READ FPDMA QUEUED cannot be due for its data",
        );
        expect(load([{ ...command, held: new Uint8Array(512) }])).toThrow(
            "saved state of a drive: READ FPDMA QUEUED cannot hold data",
        );
        const failing = { ...command, command: 0x61, error: 0x10, lba: 2048, moment: "data" };
        expect(load([failing])).toThrow(
            "saved state of drive: it has a command that this drive does not accept",
        );
        expect(load([{ ...command, acceptedSectors: 2 }])).toThrow("a whole number from 0 to 1");
        expect(load([{ ...command, lba: 2048 }])).toThrow(
            "saved state of drive: it has a command that this drive does not accept",
        );
    });
});
