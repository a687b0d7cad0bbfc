/** The drive's commands that do not queue, one by one. */
import { describe, expect, it } from "vitest";
import { durableFrom } from "../../src/disk/trace/durability.ts";
import { DriveBench, type Frame, sectorsOf } from "../support/drive-host.ts";

/** The last frame of a command that ended well, or with ERR and an error. */
function registerFrame(fields: Partial<Frame>): object {
    const good = { frame: "register", slot: 0, status: 0x50, error: 0, interrupt: true };
    return { ...good, lba: 0, count: 0, device: 0x40, ...fields };
}

const abort = { status: 0x51, error: 0x04 };
const notFound = { status: 0x51, error: 0x10 };

/** A disk whose every sector holds its own number. */
function numberedDisk(sectorCount: number): Uint8Array {
    const bytes = new Uint8Array(512 * sectorCount);
    for (let lba = 0; lba < sectorCount; lba++) {
        bytes.fill(lba % 251, lba * 512, (lba + 1) * 512);
    }
    return bytes;
}

/** What the trace says that the commands were, and how they ended. */
function statuses(bench: DriveBench): string[] {
    return bench.recorder.trace().commands.map(({ kind, status }) => `${kind} ${status}`);
}

describe("reading", () => {
    const reads = [
        { name: "READ SECTOR(S)", command: 0x20, frames: ["pio", "pio", "register"] },
        { name: "READ SECTOR(S) EXT", command: 0x24, frames: ["pio", "pio", "register"] },
        { name: "READ DMA EXT", command: 0x25, frames: ["register"] },
        { name: "READ MULTIPLE EXT", command: 0x29, frames: ["pio", "register"] },
        { name: "READ MULTIPLE", command: 0xc4, frames: ["pio", "register"] },
        { name: "READ DMA", command: 0xc8, frames: ["register"] },
    ];
    for (const { name, command, frames } of reads) {
        it(`${name} gives the sectors that were asked for`, () => {
            const bench = new DriveBench({ diskBytes: numberedDisk(64) });
            const buffer = new Uint8Array(1024);
            const last = bench.command({ command, lba: 9, count: 2 }, buffer);
            expect(last).toEqual(registerFrame({ lba: 9, count: 2 }));
            expect(bench.host.frames.map(({ frame }) => frame)).toEqual(frames);
            expect(buffer).toEqual(numberedDisk(64).subarray(9 * 512, 11 * 512));
        });
    }

    it("announces each block of a PIO read with what it holds", () => {
        const bench = new DriveBench({ diskBytes: numberedDisk(64) });
        bench.command({ command: 0xc4, lba: 0, count: 20 }, new Uint8Array(20 * 512));
        const sizes = bench.host.frames.map((frame) =>
            frame.frame === "pio" ? frame.byteCount : 0,
        );
        expect(sizes).toEqual([16 * 512, 4 * 512, 0]);
        expect(bench.host.frames[0]).toMatchObject({ status: 0x58, interrupt: true });
    });

    it("takes the upper bits of a 28-bit address from the device register alone", () => {
        const bench = new DriveBench({ diskBytes: numberedDisk(64) });
        const buffer = new Uint8Array(512);
        bench.command({ command: 0xc8, lba: 0x5_0000_0007, count: 0xff01 }, buffer);
        expect(buffer[0]).toBe(7);
        const beyond = bench.command({ command: 0xc8, lba: 7, count: 1, device: 0x41 }, buffer);
        expect(beyond).toEqual(
            registerFrame({ ...notFound, lba: 0x100_0007, count: 1, device: 0x41 }),
        );
    });

    it("reads 256 sectors when a 28-bit count is 0, and 65,536 when a 48-bit one is", () => {
        const bench = new DriveBench({ diskBytes: numberedDisk(256) });
        const buffer = new Uint8Array(256 * 512);
        expect(bench.command({ command: 0xc8 }, buffer)).toEqual(registerFrame({}));
        expect(buffer).toEqual(numberedDisk(256));
        expect(bench.command({ command: 0x25 }, buffer)).toEqual(
            registerFrame({ ...notFound, lba: 256 }),
        );
        const large = new DriveBench({ diskBytes: numberedDisk(65_536) });
        const all = new Uint8Array(65_536 * 512);
        expect(large.command({ command: 0x25 }, all)).toEqual(registerFrame({}));
        expect(Buffer.compare(all, numberedDisk(65_536))).toBe(0);
    });

    it("refuses an address by cylinder, head and sector", () => {
        const bench = new DriveBench();
        const last = bench.command({ command: 0xc8, lba: 1, count: 1, device: 0 });
        expect(last).toEqual(registerFrame({ ...abort, lba: 1, count: 1, device: 0 }));
    });

    it("ends well when the host's list is too short, having filled the list", () => {
        const bench = new DriveBench({ diskBytes: numberedDisk(64) });
        const buffer = new Uint8Array(512);
        const last = bench.command({ command: 0x25, lba: 3, count: 4 }, buffer);
        expect(last).toEqual(registerFrame({ lba: 3, count: 4 }));
        expect(buffer[511]).toBe(3);
    });

    it("aborts when the host's list points outside memory", () => {
        const bench = new DriveBench();
        bench.host.brokenSlots.add(0);
        const last = bench.command({ command: 0x25, count: 1 }, new Uint8Array(512));
        expect(last).toEqual(registerFrame({ ...abort, count: 1 }));
    });

    it("names the first sector that is not there", () => {
        const bench = new DriveBench();
        for (const [lba, count, wrongLba] of [
            [2047, 2, 2048],
            [2040, 100, 2048],
            [2048, 1, 2048],
            [3000, 1, 3000],
        ]) {
            const last = bench.command({ command: 0x25, lba, count });
            expect(last).toEqual(registerFrame({ ...notFound, lba: wrongLba, count }));
        }
    });

    it("verifies sectors without sending them, and says where the disk ends", () => {
        const bench = new DriveBench();
        expect(bench.command({ command: 0x40, lba: 2047, count: 1 })).toEqual(
            registerFrame({ lba: 2047, count: 1 }),
        );
        expect(bench.command({ command: 0x42, lba: 2047, count: 2 })).toEqual(
            registerFrame({ ...notFound, lba: 2048, count: 2 }),
        );
        expect(bench.host.frames).toHaveLength(1);
    });
});

describe("writing", () => {
    const writes = [
        { name: "WRITE SECTOR(S)", command: 0x30 },
        { name: "WRITE SECTOR(S) EXT", command: 0x34 },
        { name: "WRITE DMA EXT", command: 0x35 },
        { name: "WRITE MULTIPLE EXT", command: 0x39 },
        { name: "WRITE MULTIPLE", command: 0xc5 },
        { name: "WRITE DMA", command: 0xca },
    ];
    for (const { name, command } of writes) {
        it(`${name} is in the cache when it ends, and on the medium after a flush`, () => {
            const bench = new DriveBench();
            const last = bench.command({ command, lba: 5, count: 2 }, sectorsOf(2, 0x77));
            expect(last).toEqual(registerFrame({ lba: 5, count: 2 }));
            expect(bench.medium.bytes.every((byte) => byte === 0)).toBe(true);
            const buffer = new Uint8Array(1024);
            bench.command({ command: 0x25, lba: 5, count: 2 }, buffer);
            expect(buffer).toEqual(sectorsOf(2, 0x77));
            expect(bench.command({ command: 0xea })).toEqual(registerFrame({}));
            expect(bench.medium.bytes.subarray(5 * 512, 7 * 512)).toEqual(sectorsOf(2, 0x77));
        });
    }

    it("writes nothing past the end of the disk, nor any part of such a write", () => {
        const bench = new DriveBench();
        const last = bench.command({ command: 0x35, lba: 2047, count: 2 }, sectorsOf(2, 1));
        expect(last).toEqual(registerFrame({ ...notFound, lba: 2048, count: 2 }));
        bench.command({ command: 0xea });
        expect(bench.medium.bytes.every((byte) => byte === 0)).toBe(true);
    });

    it("writes nothing of which the host has not all the data, however much it claims", () => {
        const bench = new DriveBench({ diskBytes: new Uint8Array(65_536 * 512) });
        for (const count of [2, 0]) {
            const last = bench.command({ command: 0x35, count }, sectorsOf(1, 1));
            expect(last).toEqual(registerFrame({ ...abort, count }));
        }
        bench.command({ command: 0xea });
        expect(bench.medium.bytes.every((byte) => byte === 0)).toBe(true);
    });

    it("aborts WRITE DMA FUA EXT as QEMU's drive does, unless it is to be offered", () => {
        const plain = new DriveBench();
        expect(plain.command({ command: 0x3d, count: 1 }, sectorsOf(1, 9))).toEqual(
            registerFrame({ ...abort, count: 1 }),
        );
        const offering = new DriveBench({ advertisesFua: true });
        expect(offering.command({ command: 0x3d, count: 1 }, sectorsOf(1, 9))).toEqual(
            registerFrame({ count: 1 }),
        );
        expect(offering.medium.bytes[0]).toBe(9);
    });

    it("puts writes on the medium before they end while the cache is off", () => {
        const bench = new DriveBench();
        bench.command({ command: 0x35, count: 1 }, sectorsOf(1, 1));
        expect(bench.medium.bytes[0]).toBe(0);
        bench.command({ command: 0xef, features: 0x82 });
        expect(bench.medium.bytes[0]).toBe(1);
        bench.command({ command: 0x35, count: 1 }, sectorsOf(1, 2));
        expect(bench.medium.bytes[0]).toBe(2);
        bench.command({ command: 0xef, features: 0x02 });
        bench.command({ command: 0x35, count: 1 }, sectorsOf(1, 3));
        expect(bench.medium.bytes[0]).toBe(2);
    });

    for (const command of [0xe7, 0xea, 0xe0, 0xe2, 0xe6, 0x94, 0x96]) {
        it(`command ${command.toString(16)}h flushes`, () => {
            const bench = new DriveBench();
            bench.command({ command: 0x35, count: 1 }, sectorsOf(1, 1));
            expect(bench.command({ command })).toEqual(registerFrame({}));
            expect(bench.medium.bytes[0]).toBe(1);
        });
    }
});

describe("trimming", () => {
    /** One entry of a trim list: LBA in the low 48 bits, sectors above. */
    const list = (...entries: readonly [lba: number, count: number][]) => {
        const bytes = new Uint8Array(512);
        const view = new DataView(bytes.buffer);
        for (const [index, [lba, count]] of entries.entries()) {
            view.setBigUint64(index * 8, (BigInt(count) << 48n) | BigInt(lba), true);
        }
        return bytes;
    };

    it("makes zeros of the sectors in the list", () => {
        const bench = new DriveBench({ diskBytes: numberedDisk(64) });
        const trim = { command: 0x06, features: 1, count: 1 };
        expect(bench.command(trim, list([3, 2], [10, 1]))).toEqual(registerFrame({ count: 1 }));
        bench.command({ command: 0xea });
        const expected = numberedDisk(64);
        expected.fill(0, 3 * 512, 5 * 512);
        expected.fill(0, 10 * 512, 11 * 512);
        expect(bench.medium.bytes).toEqual(expected);
        const discards = bench.recorder.trace().commands.filter(({ kind }) => kind === "discard");
        expect(
            discards.map(({ byteOffset, byteLength, status }) => [byteOffset, byteLength, status]),
        ).toEqual([
            [1536, 1024, "done"],
            [5120, 512, "done"],
        ]);
    });

    it("refuses a range past the end, and ranges that are more than the disk", () => {
        const bench = new DriveBench({ diskBytes: numberedDisk(64) });
        const trim = { command: 0x06, features: 1, count: 1 };
        for (const entries of [list([63, 2]), list([0, 64], [0, 1])]) {
            expect(bench.command(trim, entries)).toEqual(registerFrame({ ...notFound, count: 1 }));
        }
        expect(bench.command({ ...trim, features: 0 }, list())).toEqual(
            registerFrame({ ...abort, count: 1 }),
        );
        expect(bench.command({ ...trim, count: 9 }, new Uint8Array(9 * 512))).toEqual(
            registerFrame({ ...abort, count: 9 }),
        );
        expect(bench.medium.bytes).toEqual(numberedDisk(64));
    });
});

describe("settings and the rest", () => {
    it("accepts the features that it has, and aborts the others", () => {
        const bench = new DriveBench();
        const good = [
            [0x02],
            [0x82],
            [0xaa],
            [0x55],
            [0x03, 0x45],
            [0x03, 0x22],
            [0x03, 0x0c],
            [0x03],
        ];
        for (const [features, count = 0] of good) {
            const last = bench.command({ command: 0xef, features, count });
            expect(last).toEqual(registerFrame({ count }));
        }
        const bad = [
            [0x00],
            [0x10],
            [0x66],
            [0x03, 0x46],
            [0x03, 0x23],
            [0x03, 0x0d],
            [0x03, 0x10],
        ];
        for (const [features, count = 0] of bad) {
            const last = bench.command({ command: 0xef, features, count });
            expect(last).toEqual(registerFrame({ ...abort, count }));
        }
    });

    it("sets the block of READ MULTIPLE to a power of two up to 16, or turns it off", () => {
        const bench = new DriveBench();
        for (const count of [1, 2, 4, 8, 16, 0]) {
            expect(bench.command({ command: 0xc6, count })).toEqual(registerFrame({ count }));
        }
        for (const count of [3, 32]) {
            expect(bench.command({ command: 0xc6, count })).toEqual(
                registerFrame({ ...abort, count }),
            );
        }
        expect(bench.command({ command: 0xc4, count: 1 })).toEqual(
            registerFrame({ ...abort, count: 1 }),
        );
    });

    it("says whether it is spun down; the next read spins it up", () => {
        const bench = new DriveBench();
        const powerMode = () => bench.command({ command: 0xe5 });
        expect(powerMode()).toEqual(registerFrame({ count: 0xff }));
        bench.command({ command: 0xe0 });
        expect(powerMode()).toEqual(registerFrame({ count: 0 }));
        bench.command({ command: 0x25, count: 1 }, new Uint8Array(512));
        expect(powerMode()).toEqual(registerFrame({ count: 0xff }));
        bench.command({ command: 0xe2 });
        bench.command({ command: 0xe1 });
        expect(powerMode()).toEqual(registerFrame({ count: 0xff }));
    });

    it("passes its diagnosis and shows its signature", () => {
        const bench = new DriveBench();
        expect(bench.command({ command: 0x90, lba: 7 })).toEqual(
            registerFrame({ error: 1, lba: 1, count: 1, device: 0 }),
        );
        expect(bench.command({ command: 0x91 })).toEqual(registerFrame({}));
    });

    it("aborts what it does not know, and says so once for each command", () => {
        const bench = new DriveBench();
        for (const command of [0xb0, 0x00, 0xa1, 0xb0]) {
            expect(bench.command({ command })).toEqual(registerFrame(abort));
        }
        expect(bench.notices).toEqual([
            { device: "drive", message: "the ATA command B0h (unknown command) is aborted" },
            { device: "drive", message: "the ATA command 00h (NOP) is aborted" },
            { device: "drive", message: "the ATA command A1h (unknown command) is aborted" },
        ]);
    });

    it("gives the log directory, and aborts for logs and pages that it has not", () => {
        const bench = new DriveBench();
        const page = new Uint8Array(512).fill(0xee);
        bench.command({ command: 0x2f, lba: 0, count: 1 }, page);
        const expected = new Uint8Array(512);
        expected.set([1, 0]);
        expected.set([1, 0], 0x20);
        expect(page).toEqual(expected);
        for (const { lba, count } of [
            { lba: 0x11, count: 1 },
            { lba: 0x10, count: 0 },
            { lba: 0x10, count: 2 },
            { lba: 0x110, count: 1 },
            { lba: 0x1_0000_0010, count: 1 },
        ]) {
            const last = bench.command({ command: 0x2f, lba, count }, page);
            expect(last).toEqual(registerFrame({ ...abort, lba: 0, count }));
        }
    });
});

describe("resets and power", () => {
    it("answers a reset of the link with its signature, and nothing that was outstanding", () => {
        const bench = new DriveBench();
        bench.host.buffers[0] = sectorsOf(1, 1);
        bench.issue({ command: 0x25, count: 1 });
        bench.drive.resetLink();
        bench.run();
        expect(bench.host.frames).toEqual([
            registerFrame({ slot: -1, error: 1, interrupt: false, lba: 1, count: 1, device: 0 }),
        ]);
    });

    it("keeps the cache over a reset of the link", () => {
        const bench = new DriveBench();
        bench.command({ command: 0x35, count: 1 }, sectorsOf(1, 1));
        bench.drive.resetLink();
        bench.command({ command: 0xea });
        expect(bench.medium.bytes[0]).toBe(1);
    });

    it("ends no command that the host has cleared", () => {
        const bench = new DriveBench();
        bench.issue({ command: 0x60, slot: 1, count: 1 << 3, features: 1 });
        bench.issue({ command: 0x60, slot: 2, count: 2 << 3, features: 1 });
        bench.host.buffers[2] = new Uint8Array(512);
        bench.drive.forget(1 << 1);
        bench.host.frames.length = 0;
        bench.run();
        expect(bench.host.frames).toEqual([
            { frame: "bits", doneTags: 4, status: 0x50, error: 0, interrupt: true },
        ]);
    });

    it("loses with the power what only the cache held, and begins with the cache on", () => {
        const bench = new DriveBench();
        bench.command({ command: 0xef, features: 0x82 });
        bench.command({ command: 0x35, count: 1 }, sectorsOf(1, 1));
        bench.command({ command: 0xef, features: 0x02 });
        bench.command({ command: 0x35, lba: 1, count: 1 }, sectorsOf(1, 2));
        bench.cyclePower();
        expect([bench.medium.bytes[0], bench.medium.bytes[512]]).toEqual([1, 0]);
        bench.command({ command: 0x35, lba: 2, count: 1 }, sectorsOf(1, 3));
        expect(bench.medium.bytes[1024]).toBe(0);
    });

    it("ends with the power the trace, in which what was outstanding stays so", () => {
        const bench = new DriveBench();
        bench.command({ command: 0xef, features: 0x82 });
        bench.host.buffers[0] = sectorsOf(1, 1);
        bench.issue({ command: 0x35, count: 1 });
        bench.drive.losePower();
        expect(statuses(bench)).toEqual(["cache-off done", "write outstanding"]);
        expect(() => bench.issue({ command: 0x35, count: 1 })).toThrow(
            "a disk without power gets no commands: reset the recorder",
        );
        // A trace that goes back to before the loss goes on, and one that was lost stays so.
        const { recorder } = bench;
        const lost = recorder.mark();
        recorder.reset();
        const fresh = recorder.mark();
        recorder.rewind(lost);
        expect(() => recorder.complete(1, true, 0)).toThrow(
            "nothing happens on a disk without power",
        );
        recorder.rewind(fresh);
        bench.command({ command: 0x35, count: 1 }, sectorsOf(1, 1));
        expect(statuses(bench)).toEqual(["write done"]);
        // A disk that is on again has its cache on, and its trace says so.
        const again = new DriveBench();
        again.command({ command: 0xef, features: 0x82 });
        again.cyclePower();
        again.command({ command: 0x35, count: 1 }, sectorsOf(1, 1));
        expect(durableFrom(again.recorder.trace())).toEqual([Number.POSITIVE_INFINITY]);
        expect(again.medium.bytes[0]).toBe(0);
    });

    it("ends in the trace, at once and as failed, what a reset or the host clears", () => {
        const clearings = [
            (bench: DriveBench) => bench.drive.resetLink(),
            (bench: DriveBench) => bench.drive.forget(1),
            // The host clears BSY under a command, and sends another.
            (bench: DriveBench) => bench.issue({ command: 0xe5 }),
        ];
        for (const clear of clearings) {
            const bench = new DriveBench();
            bench.host.buffers[0] = sectorsOf(1, 1);
            bench.issue({ command: 0x35, count: 1 });
            bench.clock.advanceTo(7);
            clear(bench);
            const [write] = bench.recorder.trace().commands;
            expect([write.status, write.completedAt, write.completedNs]).toEqual(["failed", 2, 7]);
        }
    });

    it("never puts down the data of a write through that was dropped", () => {
        const bench = new DriveBench();
        bench.host.buffers[0] = sectorsOf(1, 1);
        bench.issue({ command: 0x61, features: 1, device: 0xc0 });
        expect(bench.recorder.trace().commands[0].after).toEqual(sectorsOf(1, 1));
        bench.drive.resetLink();
        bench.command({ command: 0xea });
        expect(bench.medium.bytes[0]).toBe(0);
    });

    it("ends in the trace the ranges of a trim that is dropped", () => {
        const bench = new DriveBench();
        const list = new Uint8Array(512);
        list.set([1], 6);
        bench.host.buffers[0] = list;
        bench.issue({ command: 0x06, features: 1, count: 1 });
        bench.drive.resetLink();
        expect(statuses(bench)).toEqual(["other failed", "discard failed"]);
    });

    it("may keep or lose a write through the cache whose power fails before its end", () => {
        const landed = new Set<number>();
        for (const mood of [0, 1]) {
            // The first choice of a loss of power: nothing lands, or everything.
            const choices = { choose: () => mood, save: () => ({}), load: () => {} };
            const bench = new DriveBench({ choices });
            bench.command({ command: 0xef, features: 0x82 });
            bench.host.buffers[0] = sectorsOf(1, 1);
            bench.issue({ command: 0x35, count: 1 });
            expect(bench.medium.bytes[0]).toBe(0);
            bench.drive.losePower();
            landed.add(bench.medium.bytes[0]);
            bench.run();
            expect(bench.medium.bytes[0]).toBe(mood);
        }
        expect([...landed]).toEqual([0, 1]);
    });
});
