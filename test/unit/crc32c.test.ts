import { describe, expect, it } from "vitest";
import { bytesOf } from "../../src/base/byte-string.ts";
import { crc32c } from "../../src/base/crc32c.ts";
import { Random } from "../../src/base/random.ts";

/** RFC 3720, appendix B.4, and the check value of the CRC catalogues. */
const vectors: [string, Uint8Array, number][] = [
    ["no bytes", new Uint8Array(0), 0],
    ["the digits 1 to 9", bytesOf("123456789"), 0xe3069283],
    ["32 zeros", new Uint8Array(32), 0x8a9136aa],
    ["32 ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["32 ascending bytes", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ["32 descending bytes", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
];

/** The definition, bit by bit. */
function slowly(bytes: Uint8Array): number {
    let crc = 0xffffffff;
    for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) {
            crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
        }
    }
    return ~crc >>> 0;
}

describe("CRC32C", () => {
    it.each(vectors)("of %s is the published value", (_, bytes, expected) => {
        expect(crc32c(bytes)).toBe(expected);
    });

    it("agrees with the bitwise definition at every length, start and split", () => {
        const random = new Random(1);
        const bytes = Uint8Array.from({ length: 100 }, () => random.below(256));
        for (let start = 0; start < 20; start++) {
            for (let end = start; end <= bytes.length; end++) {
                const expected = slowly(bytes.subarray(start, end));
                expect(crc32c(bytes, start, end)).toBe(expected);
                const middle = random.between(start, end);
                expect(crc32c(bytes, middle, end, crc32c(bytes, start, middle))).toBe(expected);
            }
        }
    });
});
