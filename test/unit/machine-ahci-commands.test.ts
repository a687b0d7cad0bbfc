/** Commands on their way to the drive, data on its way through the list, and answers back. */
import { describe, expect, it } from "vitest";
import { accepted, FakeDrive, good } from "../support/ahci-fake-drive.ts";
import {
    AhciRig,
    buffers,
    commandList,
    PxCI,
    PxCMD,
    PxIS,
    PxSACT,
    PxTFD,
    tables,
} from "../support/ahci-rig.ts";

function started(drive = new FakeDrive()): { rig: AhciRig; drive: FakeDrive } {
    return { rig: new AhciRig(drive).start(), drive };
}

const numbered = (byteCount: number) =>
    Uint8Array.from({ length: byteCount }, (_, index) => (index * 7 + 1) & 0xff);

describe("a command", () => {
    it("reaches the drive with all that its FIS says", () => {
        const { rig, drive } = started();
        rig.issue({
            slot: 3,
            command: 0x25,
            features: 0x1234,
            lba: 0xfedc_ba98_7654,
            count: 0xabcd,
            device: 0xe0,
        });
        expect(drive.accepted).toEqual([
            {
                slot: 3,
                command: 0x25,
                features: 0x1234,
                lba: 0xfedc_ba98_7654,
                count: 0xabcd,
                device: 0xe0,
            },
        ]);
    });

    it("is busy until the drive answers; then PxCI falls and DHRS is set", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0xe7, slot: 5 });
        expect([rig.read(PxCI), rig.read(PxTFD), rig.read(PxIS)]).toEqual([0x20, 0xd0, 0]);
        expect(rig.read(PxCMD)).toBe(0xc517);
        drive.port.sendRegisterUpdate(5, good);
        expect([rig.read(PxCI), rig.read(PxTFD), rig.read(PxIS)]).toEqual([0, 0x50, 1]);
        expect(rig.isRaised).toBe(true);
    });

    it("raises nothing when the drive wants no interrupt", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0xe7 });
        drive.port.sendRegisterUpdate(0, { ...good, interrupt: false });
        expect([rig.read(PxCI), rig.read(PxIS), rig.isRaised]).toEqual([0, 0, false]);
    });

    it("has the answer stored in the received-FIS area", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0xe7 });
        drive.port.sendRegisterUpdate(0, {
            status: 0x50,
            error: 0,
            interrupt: true,
            lba: 0x0605_0403_0201,
            count: 0x0807,
            device: 0xe9,
        });
        expect(rig.receivedFis(0x40, 20)).toEqual([
            0x34, 0x40, 0x50, 0, 1, 2, 3, 0xe9, 4, 5, 6, 0, 7, 8, 0, 0, 0, 0, 0, 0,
        ]);
    });

    it("waits while another one is busy, and goes when that has ended", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0xe7, slot: 2 });
        rig.issue({ command: 0xea, slot: 1 });
        expect(drive.accepted.map(({ slot }) => slot)).toEqual([2]);
        expect(rig.read(PxCI)).toBe(6);
        drive.port.sendRegisterUpdate(2, good);
        expect(drive.accepted.map(({ slot }) => slot)).toEqual([2, 1]);
        expect(rig.read(PxCI)).toBe(2);
    });

    it("of several set at once takes its turn from slot 0, then from CCS + 1 round", () => {
        const order: number[] = [];
        const drive = new FakeDrive(({ slot }, port) => {
            order.push(slot);
            port.sendRegisterUpdate(slot, good);
        });
        const { rig } = started(drive);
        for (const slot of [0, 4, 9, 31]) {
            rig.build({ command: 0xe7, slot });
        }
        rig.write(PxCI, 0x0000_0210);
        rig.write(PxCI, 0x8000_0211);
        expect(order).toEqual([4, 9, 31, 0, 4, 9]);
        rig.write(PxCMD, 0x16);
        rig.write(PxCMD, 0x17);
        rig.write(PxCI, 0x8000_0211);
        expect(order.slice(6)).toEqual([0, 4, 9, 31]);
    });

    it("with C in its header still waits for its answer, as on QEMU", () => {
        const { rig } = started();
        rig.issue({ command: 0xe7, flags: 0x400 });
        expect([rig.read(PxCI), rig.read(PxTFD)]).toEqual([1, 0xd0]);
    });

    it("may have a FIS of four dwords", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0xe7, fisDwords: 4 });
        expect(drive.accepted).toHaveLength(1);
    });
});

describe("a queued command", () => {
    it("frees PxCI when it is accepted, and PxSACT when it is done", () => {
        const { rig, drive } = started();
        rig.issueQueued({ command: 0x60, slot: 7 });
        expect([rig.read(PxSACT), rig.read(PxCI), rig.read(PxTFD)]).toEqual([0x80, 0x80, 0xd0]);
        drive.port.sendRegisterUpdate(7, accepted);
        expect([rig.read(PxSACT), rig.read(PxCI), rig.read(PxIS)]).toEqual([0x80, 0, 0]);
        rig.issueQueued({ command: 0x61, slot: 31 });
        drive.port.sendRegisterUpdate(31, accepted);
        expect(drive.accepted.map(({ slot, count }) => [slot, count])).toEqual([
            [7, 7 << 3],
            [31, 31 << 3],
        ]);
        drive.port.sendSetDeviceBits({
            doneTags: 0x8000_0080,
            status: 0x40,
            error: 0,
            interrupt: true,
        });
        expect([rig.read(PxSACT), rig.read(PxIS), rig.read(PxTFD)]).toEqual([0, 8, 0x40]);
        expect(rig.receivedFis(0x58, 8)).toEqual([0xa1, 0x40, 0x40, 0, 0x80, 0, 0, 0x80]);
    });

    it("leaves BSY and DRQ to the Register FISes", () => {
        const { rig, drive } = started();
        rig.issueQueued({ command: 0x60, slot: 0 });
        drive.port.sendRegisterUpdate(0, accepted);
        rig.issueQueued({ command: 0x60, slot: 1 });
        expect(rig.read(PxTFD)).toBe(0xd0);
        drive.port.sendSetDeviceBits({ doneTags: 1, status: 0xc8, error: 0, interrupt: true });
        expect(rig.read(PxTFD)).toBe(0xc0);
    });

    it("has no PRDBC", () => {
        const { rig, drive } = started();
        rig.issueQueued({ command: 0x60, buffer: [[buffers, 512]] });
        drive.port.sendRegisterUpdate(0, accepted);
        drive.port.deliver(0, 0, numbered(512));
        drive.port.sendSetDeviceBits({ doneTags: 1, status: 0x40, error: 0, interrupt: true });
        expect(rig.movedBytes()).toBe(0);
    });
});

describe("PIO data", () => {
    it("is announced by a PIO Setup FIS, which sets PSS", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0xec, buffer: [[buffers, 512]] });
        drive.port.sendPioSetup(0, 512, good);
        expect([rig.read(PxTFD), rig.read(PxIS), rig.read(PxCI)]).toEqual([0x58, 2, 1]);
        expect(rig.receivedFis(0x20, 20)).toEqual([
            0x5f, 0x60, 0x58, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0, 2, 0, 0,
        ]);
        drive.port.deliver(0, 0, numbered(512));
        drive.port.sendRegisterUpdate(0, good);
        expect([rig.read(PxTFD), rig.read(PxIS), rig.read(PxCI)]).toEqual([0x50, 3, 0]);
        expect(rig.movedBytes()).toBe(512);
    });

    it("to the drive has D clear", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0x30, isWrite: true, buffer: [[buffers, 512]] });
        drive.port.sendPioSetup(0, 512, { ...good, interrupt: false });
        expect(rig.receivedFis(0x20, 2)).toEqual([0x5f, 0]);
    });
});

describe("the scatter-gather list", () => {
    const pieces = [
        [buffers + 0x100, 10],
        [buffers, 6],
        [buffers + 0x4000, 500],
    ] as const;

    it("is filled piece by piece, from any offset on, forwards and back", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0x25, buffer: pieces });
        const data = numbered(516);
        expect(drive.port.bufferBytes(0)).toBe(516);
        expect(drive.port.deliver(0, 12, data.subarray(12, 300))).toBe("done");
        expect(drive.port.deliver(0, 300, data.subarray(300))).toBe("done");
        expect(drive.port.deliver(0, 0, data.subarray(0, 12))).toBe("done");
        expect(rig.bytesAt(buffers + 0x100, 11)).toEqual([...data.subarray(0, 10), 0]);
        expect(rig.bytesAt(buffers, 7)).toEqual([...data.subarray(10, 16), 0]);
        expect(rig.bytesAt(buffers + 0x4000, 501)).toEqual([...data.subarray(16), 0]);
    });

    it("is read the same way", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0x35, isWrite: true, buffer: pieces });
        rig.memory.bytes.set(numbered(0x5000), buffers);
        const whole = new Uint8Array(516);
        const part = new Uint8Array(7);
        expect(drive.port.fetch(0, 0, whole)).toBe("done");
        expect(drive.port.fetch(0, 9, part)).toBe("done");
        expect([...whole]).toEqual([
            ...rig.bytesAt(buffers + 0x100, 10),
            ...rig.bytesAt(buffers, 6),
            ...rig.bytesAt(buffers + 0x4000, 500),
        ]);
        expect([...part]).toEqual([...whole.subarray(9, 16)]);
    });

    it("marks the pages that it changes", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0x25, buffer: [[buffers, 8192]] });
        rig.memory.takeDirtyPages();
        drive.port.deliver(0, 4000, numbered(100));
        drive.port.sendRegisterUpdate(0, good);
        const page = buffers / 4096;
        expect(rig.memory.takeDirtyPages()).toEqual([commandList / 4096, page, page + 1]);
    });

    it("sets DPS when an entry with I was moved whole", () => {
        const { rig, drive } = started();
        rig.issue({
            command: 0x25,
            buffer: [
                [buffers, 512, true],
                [buffers, 512],
            ],
        });
        drive.port.deliver(0, 0, numbered(511));
        expect(rig.read(PxIS)).toBe(0);
        drive.port.deliver(0, 511, numbered(1));
        expect(rig.read(PxIS)).toBe(0x20);
    });

    it("has even addresses and lengths, as if bit 0 were wired", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0x25, buffer: [[buffers + 1, 511]] });
        expect(drive.port.bufferBytes(0)).toBe(512);
        drive.port.deliver(0, 0, numbered(4));
        expect(rig.bytesAt(buffers, 4)).toEqual([...numbered(4)]);
    });

    it("has entries of up to 4 MiB", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0x25, buffer: [[0, 2 ** 22]] });
        expect(drive.port.bufferBytes(0)).toBe(2 ** 22);
    });

    it("counts in PRDBC what moved", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0x25, slot: 1, buffer: [[buffers, 1024]] });
        drive.port.deliver(1, 0, numbered(512));
        drive.port.deliver(1, 512, numbered(256));
        expect(rig.movedBytes(1)).toBe(0);
        drive.port.sendRegisterUpdate(1, good);
        expect(rig.movedBytes(1)).toBe(768);
    });
});

describe("a software reset", () => {
    function control(rig: AhciRig, value: number, flags: number): void {
        rig.build({ command: 0, flags });
        rig.memory.view.setUint8(tables + 1, 0);
        rig.memory.view.setUint8(tables + 15, value);
        rig.write(PxCI, 1);
    }

    it("is two FISes, and ends with the drive's signature", () => {
        const { rig, drive } = started();
        control(rig, 0x04, 0x500);
        expect([rig.read(PxCI), rig.read(PxTFD), drive.resetCount]).toEqual([0, 0x50, 0]);
        drive.isTalkative = false;
        control(rig, 0x00, 0);
        expect([rig.read(PxCI), rig.read(PxTFD), drive.resetCount]).toEqual([1, 0xd0, 1]);
        drive.port.sendRegisterUpdate(-1, { ...good, error: 1, lba: 1, count: 1 });
        expect([rig.read(PxCI), rig.read(PxTFD), rig.read(PxIS)]).toEqual([0, 0x150, 1]);
        expect(drive.accepted).toEqual([]);
    });

    it("makes the drive forget what it was doing", () => {
        const { rig, drive } = started();
        rig.issueQueued({ command: 0x60, slot: 3 });
        drive.port.sendRegisterUpdate(3, accepted);
        control(rig, 0x04, 0x500);
        expect(drive.forgotten.at(-1)).toBe(0xffff_fffe);
    });
});
