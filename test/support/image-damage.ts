/** Random damage to the metadata of a small image, for tests that no bytes may upset. */
import fc from "fast-check";
import { buildImage, fragmented, type TestImage } from "./image-builder.ts";

/** A u32 written somewhere. */
export interface Damage {
    readonly byteOffset: number;
    readonly value: number;
}

/** Numbers at which checks go wrong, near those that occur, and any. */
const interestingNumber = fc.oneof(
    fc.constantFrom(0, 1, 2, 3, 63, 64, 127, 128, 129),
    fc.constantFrom(0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff),
    fc.nat(64),
    fc.integer({ min: 0, max: 0xffffffff }),
);

/**
 * Damage to the image of `damagedImage`: rarely to the superblock, often to the inodes and to
 * the directories and extents behind them, at fields and across them.
 */
export const anyDamage: fc.Arbitrary<Damage[]> = fc.array(
    fc.record({
        byteOffset: fc.oneof(
            { weight: 1, arbitrary: fc.integer({ min: 128, max: 139 }).map((word) => word * 4) },
            { weight: 60, arbitrary: fc.nat(16 * 64).map((word) => 2 * 4096 + word * 4) },
            { weight: 60, arbitrary: fc.nat(8 * 4096 - 4).map((byte) => 2 * 4096 + byte) },
        ),
        value: interestingNumber,
    }),
    { minLength: 1, maxLength: 40 },
);

/** 64 blocks with a small tree, a file of many extents, a journal of 8 blocks, and the damage. */
export function damagedImage(damage: readonly Damage[]): TestImage {
    const image = buildImage({
        journalBlockCount: 8,
        root: {
            a: "text",
            d: { e: { f: "deep" }, g: "" },
            h: fragmented(new Uint8Array(20 * 4096).fill(7), new Array<number>(9).fill(1)),
        },
    });
    const view = new DataView(image.bytes.buffer);
    for (const { byteOffset, value } of damage) {
        view.setUint32(byteOffset, value, true);
    }
    return image;
}
