import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressSpace, allOnes, type Region } from "../../src/machine/bus.ts";
import type { AccessSize, MachineNotice } from "../../src/machine/device.ts";

/** A device that writes down what reaches it. */
class NotingDevice {
    readonly seen: string[] = [];

    read(offset: number, size: AccessSize): number {
        this.seen.push(`read ${offset} ${size}`);
        return offset;
    }

    write(offset: number, size: AccessSize, value: number): void {
        this.seen.push(`write ${offset} ${size} ${value}`);
    }
}

function spaceOf(...ranges: [number, number][]) {
    const devices = ranges.map(() => new NotingDevice());
    const notices: MachineNotice[] = [];
    const regions = ranges.map(([first, lengthBytes], index): Region => {
        return { what: `device ${index}`, first, lengthBytes, device: devices[index] };
    });
    const space = new AddressSpace("port", regions, (notice) => notices.push(notice));
    return { space, devices, notices };
}

describe("the bus", () => {
    it("hands accesses to the device of a region, by the offset in it", () => {
        const { space, devices, notices } = spaceOf([0x100, 16], [0x60, 1], [0x110, 4]);
        expect(space.read(0x104, 4)).toBe(4);
        space.write(0x10f, 1, 0xff);
        space.write(0x60, 1, 7);
        expect(space.read(0x112, 2)).toBe(2);
        expect(devices.map(({ seen }) => seen)).toEqual([
            ["read 4 4", "write 15 1 255"],
            ["write 0 1 7"],
            ["read 2 2"],
        ]);
        expect(notices).toEqual([]);
    });

    it("reads as ones and swallows writes where nothing is, and says so once an address", () => {
        const { space, notices } = spaceOf([0x60, 1]);
        expect([space.read(0x61, 1), space.read(0x61, 2), space.read(0x5f, 4)]).toEqual([
            0xff, 0xffff, 0xffff_ffff,
        ]);
        space.write(0x61, 1, 0);
        space.write(0x80, 1, 0);
        expect(notices).toEqual([
            { device: "bus", message: "a read of port 0x61, which has no device" },
            { device: "bus", message: "a read of port 0x5f, which has no device" },
            { device: "bus", message: "a write to port 0x80, which has no device" },
        ]);
    });

    it("takes an access that reaches out of its region for one of nothing", () => {
        const { space, devices } = spaceOf([0x60, 2], [0x62, 2]);
        expect(space.read(0x61, 2)).toBe(0xffff);
        space.write(0x63, 4, 1);
        expect(devices.flatMap(({ seen }) => seen)).toEqual([]);
    });

    it("reports no more than 64 addresses", () => {
        const { space, notices } = spaceOf();
        for (let port = 0; port < 1000; port++) {
            space.read(port, 1);
        }
        expect(notices.length).toBe(64);
    });

    it("has no two devices at one address", () => {
        expect(() => spaceOf([0x60, 5], [0x64, 1])).toThrow(
            "device 0 does not reach into device 1",
        );
        expect(() => spaceOf([0x64, 1], [0x60, 4])).not.toThrow();
    });

    it("finds the region that a search of all of them finds", () => {
        fc.assert(
            findsAsByHand((space, address) => space.regionAt(address)?.what),
            { seed: 33_009 },
        );
    });

    it("is told from a search that forgets where regions end (canary)", () => {
        const endless = findsAsByHand((space, address) => {
            for (let at = address; at >= 0; at--) {
                const region = space.regionAt(at);
                if (region !== undefined) {
                    return region.what;
                }
            }
            return undefined;
        });
        expect(fc.check(endless, { seed: 33_009 }).failed).toBe(true);
    });

    it("knows all ones of each size", () => {
        expect([allOnes(1), allOnes(2), allOnes(4)]).toEqual([0xff, 0xffff, 0xffff_ffff]);
    });
});

function findsAsByHand(find: (space: AddressSpace, address: number) => string | undefined) {
    const anyGaps = fc.array(fc.tuple(fc.nat(9), fc.integer({ min: 1, max: 9 })), {
        maxLength: 12,
    });
    return fc.property(anyGaps, (gaps) => {
        let end = 0;
        const ranges = gaps.map(([gap, lengthBytes]): [number, number] => {
            const first = end + gap;
            end = first + lengthBytes;
            return [first, lengthBytes];
        });
        const { space } = spaceOf(...ranges);
        for (let address = 0; address <= end + 1; address++) {
            const index = ranges.findIndex(
                ([first, lengthBytes]) => address >= first && address < first + lengthBytes,
            );
            expect(find(space, address)).toBe(index < 0 ? undefined : `device ${index}`);
        }
    });
}
