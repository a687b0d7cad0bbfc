/** Saving and loading the controller, in the middle of things. */
import { describe, expect, it } from "vitest";
import { encodeState, StateFields, type StateRecord } from "../../src/base/state.ts";
import { accepted, FakeDrive, good, signature } from "../support/ahci-fake-drive.ts";
import {
    AhciRig,
    buffers,
    PxCI,
    PxCMD,
    PxIS,
    PxSACT,
    PxSCTL,
    PxSERR,
    PxSIG,
    PxTFD,
} from "../support/ahci-rig.ts";

/** A second rig that has what the first has. */
function copyOf(rig: AhciRig, drive: FakeDrive): AhciRig {
    const copy = new AhciRig(drive);
    copy.memory.bytes.set(rig.memory.bytes);
    copy.controller.load(new StateFields(rig.controller.save(), "machine.ahci"));
    return copy;
}

describe("a saved controller", () => {
    it("goes on with outstanding commands where the other stopped", () => {
        const rig = new AhciRig(new FakeDrive()).start();
        const first = new FakeDrive();
        const original = new AhciRig(first).start();
        original.issueQueued({ command: 0x60, slot: 31, buffer: [[buffers, 1024]] });
        first.port.sendRegisterUpdate(31, accepted);
        original.issue({ command: 0xe7, slot: 2 });
        original.issue({ command: 0xe7, slot: 4 });

        const second = new FakeDrive();
        const copy = copyOf(original, second);
        expect(encodeState(copy.controller.save())).toEqual(
            encodeState(original.controller.save()),
        );
        expect(encodeState(copy.controller.save())).not.toEqual(encodeState(rig.controller.save()));
        for (const drive of [first, second]) {
            expect(drive.port.deliver(31, 100, new Uint8Array(300).fill(3))).toBe("done");
            drive.port.sendRegisterUpdate(2, good);
            drive.port.sendSetDeviceBits({
                doneTags: 2 ** 31,
                status: 0x40,
                error: 0,
                interrupt: true,
            });
        }
        expect(first.accepted.at(-1)).toEqual(second.accepted.at(-1));
        for (const register of [PxCI, PxSACT, PxTFD, PxIS, PxCMD]) {
            expect(copy.read(register)).toBe(original.read(register));
        }
        expect(Buffer.compare(copy.memory.bytes, original.memory.bytes)).toBe(0);
        expect(encodeState(copy.controller.save())).toEqual(
            encodeState(original.controller.save()),
        );
    });

    it("remembers a signature that it kept back", () => {
        const original = new AhciRig(new FakeDrive()).start();
        original.write(PxCMD, 0x16);
        original.write(PxSCTL, 1);
        original.write(PxSCTL, 0);
        const copy = copyOf(original, new FakeDrive());
        copy.write(PxSERR, 0xffff_ffff);
        expect([copy.read(PxTFD), copy.read(PxSIG)]).toEqual([0x150, 0x101]);
        expect(signature.count).toBe(1);
    });

    it("remembers that it was stopped by an error", () => {
        const drive = new FakeDrive();
        const original = new AhciRig(drive).start();
        original.issue({ command: 0x25 });
        drive.port.sendRegisterUpdate(0, { ...good, status: 0x51 });
        const other = new FakeDrive();
        copyOf(original, other).issue({ command: 0xe7, slot: 1 });
        expect(other.accepted).toEqual([]);
    });

    it("after a reset is as a new one", () => {
        const drive = new FakeDrive();
        const rig = new AhciRig(drive).start();
        rig.issue({ command: 0x25 });
        rig.controller.reset();
        const fresh = new AhciRig(new FakeDrive());
        expect(encodeState(rig.controller.save())).toEqual(encodeState(fresh.controller.save()));
    });

    it.each<[string, (state: StateRecord) => StateRecord, string]>([
        [
            "of another version",
            (state) => ({ ...state, version: 2 }),
            "saved state of machine.ahci has version 2; this program knows version 1",
        ],
        [
            "with fewer ports",
            (state) => ({ ...state, ports: [] }),
            "saved state of the AHCI controller: it has 0 ports, and this controller has 6",
        ],
    ])("%s is refused", (_, damage, message) => {
        const rig = new AhciRig(new FakeDrive());
        const state = damage(rig.controller.save());
        expect(() => rig.controller.load(new StateFields(state, "machine.ahci"))).toThrow(message);
    });

    it("with a register that is no register value is refused", () => {
        const rig = new AhciRig(new FakeDrive());
        const text = JSON.stringify(rig.controller.save()).replace('"PxIE":0', '"PxIE":-1');
        const state = new StateFields(JSON.parse(text), "machine.ahci");
        expect(() => rig.controller.load(state)).toThrow(
            "saved state of the AHCI controller: field PxIE is -1, which is no whole number " +
                "from 0 to 4294967295",
        );
    });
});
