/** The IDENTIFY DEVICE block beside the one that QEMU's drive gave. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { DriveSettings } from "../../src/machine/sata/drive-settings.ts";
import { fixedWords, identifyDeviceBlock } from "../../src/machine/sata/identify-device.ts";
import { DriveBench } from "../support/drive-host.ts";

const recorded = new Uint8Array(
    readFileSync(new URL("../golden/recorded/qemu-identify-device.bin", import.meta.url)),
);

/** Words that tell drives apart: the serial number (10 to 19) and the model (27 to 46). */
const identityWords = [...range(10, 19), ...range(27, 46)];
/** Words that follow from the size. */
const sizeWords = [1, 54, 57, 58, 60, 61, 100, 101, 102, 103];

function range(first: number, last: number): number[] {
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** The numbers of the words in which two blocks differ. */
function differingWords(left: Uint8Array, right: Uint8Array): number[] {
    return range(0, 255).filter(
        (word) => left[2 * word] !== right[2 * word] || left[2 * word + 1] !== right[2 * word + 1],
    );
}

function identify(bench: DriveBench): Uint8Array {
    const block = new Uint8Array(512);
    bench.command({ command: 0xec }, block);
    return block;
}

function wordOf(block: Uint8Array, word: number): number {
    return block[2 * word] + 256 * block[2 * word + 1];
}

describe("IDENTIFY DEVICE", () => {
    it("differs from QEMU's in the serial number, the model and the size alone", () => {
        const allowed = new Set([...identityWords, ...sizeWords]);
        const differing = differingWords(identify(new DriveBench()), recorded);
        expect(differing.filter((word) => !allowed.has(word))).toEqual([]);
        expect(differing).toContain(10);
    });

    it("is QEMU's to the byte for a drive of that name and size", () => {
        const facts = {
            identity: { serialNumber: "QM00001", firmwareRevision: "2.5+", model: "QEMU HARDDISK" },
            sectorCount: 0x40000,
            isCacheOn: true,
            advertisesFua: false,
        };
        expect(identifyDeviceBlock(facts, new DriveSettings())).toEqual(recorded);
    });

    it("says how large the drive is, beyond what 28 bits and cylinders reach", () => {
        const identity = { serialNumber: "", firmwareRevision: "", model: "" };
        const rest = { identity, isCacheOn: true, advertisesFua: false };
        const facts = { ...rest, sectorCount: 0x1_2345_6789 };
        const block = identifyDeviceBlock(facts, new DriveSettings());
        const words = sizeWords.map((word) => wordOf(block, word));
        expect(words).toEqual([
            16_383, 16_383, 0xfc10, 0x00fb, 0xffff, 0x0fff, 0x6789, 0x2345, 0x0001, 0x0000,
        ]);
    });

    it("follows the write cache, the transfer mode and the block of READ MULTIPLE", () => {
        const bench = new DriveBench();
        const before = identify(bench);
        bench.command({ command: 0xef, features: 0x82 });
        bench.command({ command: 0xef, features: 0x03, count: 0x21 });
        bench.command({ command: 0xc6, count: 8 });
        const after = identify(bench);
        expect(differingWords(before, after)).toEqual([59, 63, 85, 88]);
        const follow = (block: Uint8Array) => [59, 63, 85, 88].map((word) => wordOf(block, word));
        expect(follow(before)).toEqual([0x0110, 0x0007, 0x4021, 0x203f]);
        expect(follow(after)).toEqual([0x0108, 0x0207, 0x4001, 0x003f]);
    });

    it("offers WRITE DMA FUA EXT in words 84 and 87 where it is to", () => {
        const plain = identify(new DriveBench());
        const offering = identify(new DriveBench({ advertisesFua: true }));
        expect(differingWords(plain, offering)).toEqual([84, 87]);
        expect([wordOf(offering, 84), wordOf(offering, 87)]).toEqual([0x4040, 0x4040]);
    });

    it("has a meaning for every word of the recorded block that is not zero", () => {
        const told = new Set([
            ...fixedWords.map(({ word }) => word),
            ...identityWords,
            ...sizeWords,
        ]);
        const firmwareAndBlock = [...range(23, 26), 59];
        const silent = range(0, 255).filter(
            (word) => wordOf(recorded, word) !== 0 && !told.has(word),
        );
        expect(silent).toEqual(firmwareAndBlock);
    });
});
