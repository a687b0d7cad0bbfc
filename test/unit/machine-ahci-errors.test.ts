/** What the controller does with drives that fail and with commands that make no sense. */
import { describe, expect, it } from "vitest";
import { accepted, FakeDrive, good } from "../support/ahci-fake-drive.ts";
import {
    AhciRig,
    buffers,
    commandList,
    PxCI,
    PxCLB,
    PxCMD,
    PxFB,
    PxIS,
    PxSACT,
    PxSERR,
    PxTFD,
    tables,
} from "../support/ahci-rig.ts";

const TFES = 0x4000_0000;
const HBFS = 0x2000_0000;
const IFS = 0x0800_0000;
const OFS = 0x0100_0000;

function started(drive = new FakeDrive()): { rig: AhciRig; drive: FakeDrive } {
    return { rig: new AhciRig(drive).start(), drive };
}

/** Clears and sets ST, as recovery begins (6.2.2.1). */
function restart(rig: AhciRig): void {
    rig.write(PxCMD, 0x16);
    rig.write(PxSERR, 0xffff_ffff);
    rig.write(PxIS, 0xffff_ffff);
    rig.write(PxCMD, 0x17);
}

describe("a command that the drive fails", () => {
    it("sets TFES alone, keeps its bit in PxCI, and stops the port until ST is cleared", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0x25, slot: 6 });
        drive.port.sendRegisterUpdate(6, { ...good, status: 0x51, error: 0x40 });
        expect([rig.read(PxIS), rig.read(PxTFD), rig.read(PxCI)]).toEqual([TFES, 0x4051, 0x40]);
        expect(rig.isRaised).toBe(true);

        rig.issue({ command: 0xe7, slot: 2 });
        expect(drive.accepted).toHaveLength(1);
        expect(rig.read(PxCMD)).toBe(0xc617);

        restart(rig);
        expect([rig.read(PxCI), rig.read(PxCMD), rig.read(PxIS)]).toEqual([0, 0xc017, 0]);
        expect(drive.forgotten.at(-1)).toBe(0xffff_ffff);
        rig.issue({ command: 0xe7, slot: 2 });
        expect(drive.accepted).toHaveLength(2);
    });

    it("when queued ends with a Set Device Bits FIS, and keeps its bit in PxSACT", () => {
        const { rig, drive } = started();
        for (const slot of [1, 2, 3]) {
            rig.issueQueued({ command: 0x60, slot });
            drive.port.sendRegisterUpdate(slot, accepted);
        }
        drive.port.sendSetDeviceBits({
            doneTags: 0x8,
            status: 0x41,
            error: 0x40,
            interrupt: true,
        });
        expect([rig.read(PxIS), rig.read(PxTFD), rig.read(PxSACT)]).toEqual([TFES, 0x4041, 0x6]);
        restart(rig);
        expect([rig.read(PxSACT), drive.forgotten.at(-1)]).toEqual([0, 0xffff_ffff]);
        // The drive is not busy: READ LOG EXT can go.
        rig.issue({ command: 0x2f });
        expect(drive.accepted.at(-1)?.command).toBe(0x2f);
    });

    it("is told by a PIO Setup FIS, too", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0xec });
        drive.port.sendPioSetup(0, 512, { ...good, status: 0x51, error: 4 });
        expect(rig.read(PxIS)).toBe(TFES);
    });

    it("leaves a port that hears and moves nothing", () => {
        const { rig, drive } = started();
        rig.issueQueued({ command: 0x60, slot: 1, buffer: [[buffers, 512]] });
        drive.port.sendRegisterUpdate(1, accepted);
        drive.port.sendSetDeviceBits({ doneTags: 0, status: 0x41, error: 4, interrupt: true });
        expect(drive.port.deliver(1, 0, new Uint8Array(512).fill(1))).toBe("bus error");
        expect(drive.port.fetch(1, 0, new Uint8Array(512))).toBe("bus error");
        drive.port.sendSetDeviceBits({ doneTags: 2, status: 0x40, error: 0, interrupt: true });
        expect([rig.read(PxIS), rig.read(PxSACT), rig.read(PxTFD)]).toEqual([TFES, 2, 0x441]);
        expect(rig.bytesAt(buffers, 2)).toEqual([0, 0]);
    });
});

describe("clearing ST while the drive is busy", () => {
    it("drops the command, and needs a link reset before the next", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0xe7 });
        restart(rig);
        expect([rig.read(PxCI), rig.read(PxTFD), drive.forgotten.at(-1)]).toEqual([
            0, 0xd0, 0xffff_ffff,
        ]);
        rig.issue({ command: 0xe7 });
        expect(drive.accepted).toHaveLength(1);

        rig.write(PxCMD, 0x16);
        rig.write(0x12c, 1);
        rig.write(0x12c, 0);
        restart(rig);
        rig.issue({ command: 0xe7 });
        expect(drive.accepted).toHaveLength(2);
    });
});

describe("a command that makes no sense", () => {
    const header = (rig: AhciRig) => rig.memory.view.getUint16(commandList, true);
    const setHeader = (rig: AhciRig, value: number) =>
        rig.memory.view.setUint16(commandList, value, true);

    it.each<[string, (rig: AhciRig) => void, string, number]>([
        [
            "a FIS too short",
            (rig) => setHeader(rig, (header(rig) & ~0x1f) | 3),
            "CFL is not a length from 4 to 16 dwords",
            IFS,
        ],
        [
            "a FIS too long",
            (rig) => setHeader(rig, (header(rig) & ~0x1f) | 17),
            "CFL is not a length from 4 to 16 dwords",
            IFS,
        ],
        [
            "ATAPI",
            (rig) => setHeader(rig, header(rig) | 0x20),
            "it is marked ATAPI, and the drive is a disk",
            IFS,
        ],
        [
            "a self test",
            (rig) => setHeader(rig, header(rig) | 0x200),
            "it asks for a built-in self test",
            IFS,
        ],
        [
            "a port multiplier in the header",
            (rig) => setHeader(rig, header(rig) | 0x1000),
            "it is for a port multiplier, and there is none",
            IFS,
        ],
        [
            "a port multiplier in the FIS",
            (rig) => rig.memory.view.setUint8(tables + 1, 0x8f),
            "it is for a port multiplier, and there is none",
            IFS,
        ],
        [
            "another FIS",
            (rig) => rig.memory.view.setUint8(tables, 0x34),
            "the command FIS is no Register FIS (27h)",
            IFS,
        ],
        [
            "a table outside memory",
            (rig) => rig.memory.view.setUint32(commandList + 12, 1, true),
            "the command table lies outside memory",
            HBFS,
        ],
        [
            "a list outside memory",
            (rig) => rig.write(PxCLB, 0xffff_fc00),
            "the command header lies outside memory",
            HBFS,
        ],
        [
            "a controller that may not use the bus",
            (rig) => {
                rig.isBusMaster = false;
            },
            "PCI bus mastering is off",
            HBFS,
        ],
    ])("is refused, and stops the port: %s", (_, damage, reason, error) => {
        const { rig, drive } = started();
        rig.build({ command: 0xe7 });
        damage(rig);
        rig.write(PxCI, 1);
        expect(drive.accepted).toEqual([]);
        expect([rig.read(PxIS), rig.read(PxCI), rig.isRaised]).toEqual([error, 1, true]);
        expect(rig.read(PxSERR)).toBe(error === IFS ? 0x0040_0400 : 0);
        expect(rig.notices).toEqual([`port 0: a command was refused: ${reason}`]);

        rig.isBusMaster = true;
        rig.write(PxCMD, 0x16);
        rig.write(PxCLB, commandList);
        restart(rig);
        rig.issue({ command: 0xe7 });
        expect(drive.accepted).toHaveLength(1);
    });
});

describe("a scatter-gather list that makes no sense", () => {
    it("too short: what fits is moved, OFS is set, and the port goes on", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0x25, buffer: [[buffers, 512]] });
        expect(drive.port.deliver(0, 0, new Uint8Array(1024).fill(9))).toBe("overflow");
        expect(rig.read(PxIS)).toBe(OFS);
        expect(rig.bytesAt(buffers + 511, 2)).toEqual([9, 0]);
        drive.port.sendRegisterUpdate(0, good);
        expect([rig.read(PxCI), rig.movedBytes()]).toEqual([0, 512]);
    });

    it("empty: nothing is moved", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0x35, isWrite: true });
        expect(drive.port.bufferBytes(0)).toBe(0);
        expect(drive.port.fetch(0, 0, new Uint8Array(512))).toBe("overflow");
    });

    it("data outside memory: what comes before it is moved, and HBFS stops the port", () => {
        const { rig, drive } = started();
        rig.issue({
            command: 0x25,
            buffer: [
                [buffers, 512],
                [2 ** 22 - 256, 512],
            ],
        });
        expect(drive.port.deliver(0, 0, new Uint8Array(1024).fill(9))).toBe("bus error");
        expect(rig.read(PxIS)).toBe(HBFS);
        expect(rig.bytesAt(buffers + 511, 2)).toEqual([9, 0]);
        expect(rig.bytesAt(2 ** 22 - 256, 256)).toEqual(new Array(256).fill(0));
    });

    it("entries outside memory: HBFS", () => {
        const { rig, drive } = started();
        rig.build({ command: 0x25 });
        rig.memory.bytes.copyWithin(2 ** 22 - 128, tables, tables + 128);
        rig.memory.view.setUint16(commandList + 2, 0xffff, true);
        rig.memory.view.setUint32(commandList + 8, 2 ** 22 - 128, true);
        rig.write(PxCI, 1);
        expect(drive.port.bufferBytes(0)).toBe(0);
        expect(drive.port.deliver(0, 0, new Uint8Array(512))).toBe("bus error");
        expect(rig.read(PxIS)).toBe(HBFS);
    });

    it("65,535 entries of two bytes: each is walked once", () => {
        const { rig, drive } = started();
        rig.build({ command: 0x25 });
        rig.memory.view.setUint16(commandList + 2, 0xffff, true);
        rig.memory.view.setUint32(commandList + 8, 0x20_0000, true);
        rig.memory.bytes.copyWithin(0x20_0000, tables, tables + 128);
        for (let index = 0; index < 0xffff; index++) {
            rig.memory.view.setUint32(0x20_0080 + 16 * index, 2 * index, true);
            rig.memory.view.setUint32(0x20_0080 + 16 * index + 12, 1, true);
        }
        rig.write(PxCI, 1);
        expect(drive.port.bufferBytes(0)).toBe(131_070);
        expect(drive.port.deliver(0, 131_000, new Uint8Array(70).fill(5))).toBe("done");
        expect(rig.bytesAt(130_999, 72)).toEqual([0, ...new Array(70).fill(5), 0]);
    });

    it("bus mastering switched off on the way: HBFS", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0x25, buffer: [[buffers, 512]] });
        rig.isBusMaster = false;
        expect(drive.port.deliver(0, 0, new Uint8Array(512))).toBe("bus error");
        expect(rig.read(PxIS)).toBe(HBFS);
    });
});

describe("a received-FIS area", () => {
    it.each<[string, (drive: FakeDrive) => void]>([
        ["Register", ({ port }) => port.sendRegisterUpdate(0, good)],
        ["PIO Setup", ({ port }) => port.sendPioSetup(0, 512, good)],
        [
            "Set Device Bits",
            ({ port }) =>
                port.sendSetDeviceBits({ doneTags: 1, status: 0x40, error: 0, interrupt: true }),
        ],
    ])("outside memory stops the port with HBFS: %s FIS", (_, answer) => {
        const { rig, drive } = started();
        rig.issueQueued({ command: 0x60 });
        rig.write(PxFB, 0xffff_ff00);
        answer(drive);
        expect([rig.read(PxIS), rig.read(PxCI), rig.read(PxSACT)]).toEqual([HBFS, 1, 1]);
    });

    it("that is switched off takes nothing, and the command never ends", () => {
        const { rig, drive } = started();
        rig.issue({ command: 0xe7 });
        rig.write(PxCMD, 0x07);
        drive.port.sendRegisterUpdate(0, good);
        expect([rig.read(PxCI), rig.read(PxTFD)]).toEqual([1, 0xd0]);
        expect(rig.notices).toEqual(["port 0: the drive answered while PxCMD.FRE is clear"]);
    });
});
