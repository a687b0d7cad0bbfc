/** The controller's registers: what they read, what can be written, and how resets leave them. */
import { describe, expect, it } from "vitest";
import { FakeDrive, good, signature } from "../support/ahci-fake-drive.ts";
import {
    AhciRig,
    CAP,
    GHC,
    IS,
    PI,
    PxCI,
    PxCLB,
    PxCLBU,
    PxCMD,
    PxFB,
    PxFBU,
    PxIE,
    PxIS,
    PxSACT,
    PxSCTL,
    PxSERR,
    PxSIG,
    PxSSTS,
    PxTFD,
} from "../support/ahci-rig.ts";

const port = (portNo: number, register: number) => register + 0x80 * portNo;

describe("after firmware", () => {
    const rig = () => new AhciRig(new FakeDrive());

    it("the controller says what it can do", () => {
        const { controller } = rig();
        const read = (offset: number) => controller.read(offset, 4);
        expect([CAP, GHC, IS, PI, 0x10].map(read)).toEqual([
            0xc014_1f05, 0x8000_0000, 0, 0x3f, 0x0001_0000,
        ]);
        expect([0x14, 0x18, 0x1c, 0x20, 0x24, 0x28, 0xa0].map(read)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    });

    it("the disk's port is running and idle", () => {
        const { controller } = rig();
        const read = (offset: number) => controller.read(offset, 4);
        expect([PxCMD, PxTFD, PxSIG, PxSSTS, PxSCTL, PxSERR].map(read)).toEqual([
            0xc017, 0x50, 0x101, 0x113, 0, 0,
        ]);
        expect([PxIS, PxIE, PxSACT, PxCI].map(read)).toEqual([0, 0, 0, 0]);
        expect([PxCLB, PxCLBU, PxFB, PxFBU].map(read)).toEqual([0xe_0000, 0, 0xe_0400, 0]);
    });

    it("a port without a disk has none", () => {
        const { controller } = rig();
        for (let portNo = 1; portNo < 6; portNo++) {
            const read = (offset: number) => controller.read(port(portNo, offset), 4);
            expect([PxCMD, PxTFD, PxSIG, PxSSTS].map(read)).toEqual([6, 0x7f, 0xffff_ffff, 0]);
        }
    });

    it("a command at the firmware's list is refused, and nothing is written", () => {
        const subject = rig();
        subject.write(PxCI, 1);
        expect(subject.read(PxIS)).toBe(0x0800_0000);
        expect(subject.notices).toEqual([
            "port 0: a command was refused: CFL is not a length from 4 to 16 dwords",
        ]);
    });
});

describe("a controller that no firmware has seen", () => {
    it("keeps the signature back until PxSERR.DIAG.X is cleared", () => {
        const rig = new AhciRig(new FakeDrive(), { startsCold: true });
        expect(rig.read(PxCMD)).toBe(6);
        expect(rig.read(PxSSTS)).toBe(0x113);
        expect(rig.read(PxSERR)).toBe(0x0401_0000);
        expect(rig.read(PxTFD)).toBe(0xff);
        expect(rig.read(PxSIG)).toBe(0xffff_ffff);
        // PRCS and PCS are views of PxSERR.
        expect(rig.read(PxIS)).toBe(0x0040_0040);

        rig.write(PxSERR, 0x0001_0000);
        expect(rig.read(PxTFD)).toBe(0xff);
        rig.write(PxSERR, 0x0400_0000);
        expect(rig.read(PxTFD)).toBe(0x150);
        expect(rig.read(PxSIG)).toBe(0x101);
        expect(rig.read(PxIS)).toBe(0);
    });
});

describe("writing", () => {
    it.each([
        ["CAP", CAP, 0xc014_1f05],
        ["GHC, of which IE alone can be set", GHC, 0x8000_0002],
        ["PI", PI, 0x3f],
        ["PxCLB, aligned to 1 KiB", PxCLB, 0xffff_fc00],
        ["PxCLBU", PxCLBU, 0xffff_ffff],
        ["PxFB, aligned to 256 bytes", PxFB, 0xffff_ff00],
        ["PxFBU", PxFBU, 0xffff_ffff],
        ["PxIE", PxIE, 0xfdc0_00ff],
        ["PxTFD", PxTFD, 0x50],
        ["PxSIG", PxSIG, 0x101],
        ["PxSSTS", PxSSTS, 0x113],
        ["PxSNTF", 0x13c, 0],
        ["PxFBS", 0x140, 0],
        ["PxDEVSLP", 0x144, 0],
        ["a reserved register", 0x170, 0],
    ])("all ones but HR leaves what can be set: %s", (_, register, expected) => {
        const rig = new AhciRig(new FakeDrive());
        rig.write(register, 0xffff_fffe + (register === GHC ? 0 : 1));
        expect(rig.read(register)).toBe(expected);
    });

    it("a reserved register is reported once an access", () => {
        const rig = new AhciRig(undefined);
        rig.write(0x1fc, 1);
        rig.write(0x1fc, 1);
        rig.read(0x1fc);
        expect(rig.notices).toEqual([
            "write of port 1's reserved register 7Ch",
            "read of port 1's reserved register 7Ch",
        ]);
    });

    it("a port that does not exist reads 0 and is reported", () => {
        const rig = new AhciRig(undefined);
        rig.write(port(6, PxCMD), 0x17);
        expect(rig.read(port(31, PxSSTS))).toBe(0);
        expect(rig.notices).toEqual([
            "write of a register of port 6, which does not exist",
            "read of a register of port 31, which does not exist",
        ]);
    });

    it("PxCMD starts and stops at once; ICC, CLO and reserved bits read 0", () => {
        const rig = new AhciRig(new FakeDrive());
        rig.write(PxCMD, 0);
        expect(rig.read(PxCMD)).toBe(0x6);
        rig.write(PxCMD, 0x10);
        expect(rig.read(PxCMD)).toBe(0x4016);
        rig.write(PxCMD, 0xffff_ffff);
        expect(rig.read(PxCMD)).toBe(0x0300_c017);
    });

    it("doorbells do nothing while ST is clear", () => {
        const rig = new AhciRig(new FakeDrive());
        rig.write(PxCMD, 0x16);
        rig.write(PxSACT, 1);
        rig.write(PxCI, 1);
        expect([rig.read(PxSACT), rig.read(PxCI)]).toEqual([0, 0]);
        expect(rig.notices).toEqual([
            "port 0: PxSACT was written while PxCMD.ST is clear: ignored",
            "port 0: PxCI was written while PxCMD.ST is clear: ignored",
        ]);
    });

    it("a part of a register leaves the rest, and touches no other bit where ones act", () => {
        const rig = new AhciRig(new FakeDrive()).start();
        rig.write(PxIE, 0x7d80_0019);
        rig.controller.write(PxIE, 1, 0xff);
        expect(rig.read(PxIE)).toBe(0x7d80_00ff);
        rig.controller.write(PxIE + 2, 2, 0x0040);
        expect(rig.read(PxIE)).toBe(0x0040_00ff);

        rig.write(PxSCTL, 1);
        rig.write(PxSCTL, 0);
        rig.controller.write(PxSERR + 2, 1, 0x01);
        expect(rig.read(PxSERR)).toBe(0x0400_0000);
    });

    it("across two registers writes nothing, and reads both", () => {
        const rig = new AhciRig(new FakeDrive());
        rig.controller.write(PxIE + 3, 2, 0xffff);
        rig.controller.write(PxIE + 1, 4, 0xffff_ffff);
        expect(rig.read(PxIE)).toBe(0);
        expect(rig.controller.read(PxSIG + 3, 2)).toBe(0x1300);
        expect(rig.controller.read(PxSIG + 1, 4)).toBe(0x1300_0001);
        expect(rig.controller.read(PxSSTS + 1, 1)).toBe(0x01);
        expect(rig.notices).toEqual([
            "a write that crosses from one register to the next: ignored",
        ]);
    });
});

describe("the interrupt line", () => {
    function interrupted(): AhciRig {
        const drive = new FakeDrive(({ slot }, hostPort) =>
            hostPort.sendRegisterUpdate(slot, good),
        );
        const rig = new AhciRig(drive).start();
        rig.issue({ command: 0xe7 });
        return rig;
    }

    it("rises with an enabled bit of PxIS, and falls when it is cleared", () => {
        const rig = interrupted();
        expect([rig.isRaised, rig.read(IS), rig.read(PxIS)]).toEqual([true, 1, 1]);
        rig.write(PxIS, 2);
        expect(rig.isRaised).toBe(true);
        rig.write(PxIS, 1);
        expect([rig.isRaised, rig.read(IS), rig.read(PxIS)]).toEqual([false, 0, 0]);
    });

    it("stays up while the port wants it, whatever is written to IS", () => {
        const rig = interrupted();
        rig.write(IS, 0xffff_ffff);
        expect([rig.isRaised, rig.read(IS)]).toEqual([true, 1]);
    });

    it.each([
        ["PxIE", PxIE, 0xffff_fffe, 0xffff_ffff],
        ["GHC.IE", GHC, 0x8000_0000, 0x8000_0002],
    ])("follows %s", (_, register, off, on) => {
        const rig = interrupted();
        rig.write(register, off);
        expect(rig.isRaised).toBe(false);
        rig.write(register, on);
        expect(rig.isRaised).toBe(true);
    });
});

describe("a link reset", () => {
    it("takes the link down while DET is 1, and brings the signature when it is 0", () => {
        const drive = new FakeDrive();
        const rig = new AhciRig(drive).start();
        rig.write(PxCMD, 0x16);
        rig.write(PxSCTL, 0x301);
        expect([rig.read(PxSSTS), rig.read(PxTFD), drive.resetCount]).toEqual([0, 0x7f, 0]);
        rig.write(PxSCTL, 0x300);
        expect([rig.read(PxSSTS), rig.read(PxTFD), drive.resetCount]).toEqual([0x113, 0xff, 1]);
        expect(rig.read(PxSERR)).toBe(0x0401_0000);
        rig.write(PxSERR, 0xffff_ffff);
        expect([rig.read(PxTFD), rig.read(PxSIG)]).toEqual([0x150, 0x101]);
        expect(rig.receivedFis(0x40, 20)).toEqual([
            0x34, 0x40, 0x50, 0x01, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
        ]);
        expect(rig.read(PxIS)).toBe(1);
    });

    it("takes a signature that comes late, and without FRE does not store it", () => {
        const drive = new FakeDrive();
        drive.isTalkative = false;
        const rig = new AhciRig(drive).start();
        rig.write(PxCMD, 0);
        rig.write(PxSCTL, 1);
        rig.write(PxSCTL, 0);
        rig.write(PxSERR, 0xffff_ffff);
        expect(rig.read(PxTFD)).toBe(0xff);
        drive.port.sendRegisterUpdate(-1, signature);
        expect([rig.read(PxTFD), rig.read(PxSIG), rig.read(PxIS)]).toEqual([0x150, 0x101, 0]);
        expect(rig.receivedFis(0x40, 4)).toEqual([0, 0, 0, 0]);
    });

    it("drops all commands, also while ST is set", () => {
        const drive = new FakeDrive();
        const rig = new AhciRig(drive).start();
        rig.issue({ command: 0xe7, slot: 4 });
        rig.write(PxSCTL, 1);
        expect([rig.read(PxCI), drive.forgotten.at(-1)]).toEqual([0, 0xffff_ffff]);
    });

    it("switches a port off with DET 4", () => {
        const rig = new AhciRig(new FakeDrive());
        rig.write(PxSCTL, 4);
        expect([rig.read(PxSSTS), rig.read(PxTFD)]).toEqual([4, 0x7f]);
        rig.write(PxSCTL, 0);
        expect(rig.read(PxSSTS)).toBe(0x113);
    });

    it("finds nobody on an empty port", () => {
        const rig = new AhciRig(undefined);
        rig.write(PxSCTL, 1);
        rig.write(PxSCTL, 0);
        expect([rig.read(PxSSTS), rig.read(PxTFD), rig.read(PxSERR)]).toEqual([0, 0x7f, 0]);
    });
});

describe("a reset of the controller", () => {
    it("resets everything but PxCLB and PxFB, drops commands and brings links up anew", () => {
        const drive = new FakeDrive();
        const rig = new AhciRig(drive).start();
        rig.issue({ command: 0xe7, slot: 9 });
        rig.write(GHC, 0x8000_0003);
        expect(rig.read(GHC)).toBe(0x8000_0000);
        expect([PxCLB, PxFB].map((register) => rig.read(register))).toEqual([0x10_0000, 0x10_0400]);
        expect([PxIE, PxCI, PxSACT].map((register) => rig.read(register))).toEqual([0, 0, 0]);
        expect([PxCMD, PxSSTS, PxTFD].map((register) => rig.read(register))).toEqual([
            6, 0x113, 0xff,
        ]);
        expect(drive.forgotten.at(-1)).toBe(0xffff_ffff);
        expect(drive.resetCount).toBe(1);
        rig.write(PxSERR, 0xffff_ffff);
        expect([rig.read(PxTFD), rig.read(PxSIG)]).toEqual([0x150, 0x101]);
    });
});
