import { describe, expect, it } from "vitest";
import { isZero } from "../../src/base/is-zero.ts";
import { lowestBit } from "../../src/base/lowest-bit.ts";

describe("isZero", () => {
    it("sees every byte that is not 0, at any place of bytes that begin and end anywhere", () => {
        const buffer = new Uint8Array(64).fill(0xff);
        for (let start = 0; start < 9; start++) {
            for (let length = 0; length < 20; length++) {
                const bytes = buffer.subarray(start, start + length).fill(0);
                expect(isZero(bytes)).toBe(true);
                for (let at = 0; at < length; at++) {
                    bytes[at] = 0x80;
                    expect(isZero(bytes)).toBe(false);
                    bytes[at] = 0;
                }
                bytes.fill(0xff);
            }
        }
    });
});

describe("lowestBit", () => {
    it("is the number of the lowest bit of any mask", () => {
        for (let bit = 0; bit < 32; bit++) {
            expect(lowestBit(1 << bit)).toBe(bit);
            expect(lowestBit((0xffff_ffff << bit) >>> 0)).toBe(bit);
        }
        expect(lowestBit(0x8000_0010)).toBe(4);
    });
});
