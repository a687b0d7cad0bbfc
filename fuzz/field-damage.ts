/**
 * Damage by fields: a struct from the layout tables, one of its fields, and a value that programs
 * are known to trip over.
 */
import { bytesOf } from "../src/base/byte-string.ts";
import type { Random } from "../src/base/random.ts";
import { type Field, fieldSizeBytes } from "../src/base/struct.ts";
import { journalMagic, superblockMagic } from "../src/chkfs/layout.ts";
import type { BaseImage } from "./base-images.ts";
import type { Damage, DamagedImage } from "./damaged-image.ts";
import type { Site } from "./landmarks.ts";

/** Sizes, counts and limits of the format and of integer types. */
const notableNumbers = [
    0, 1, 2, 3, 4, 5, 10, 31, 32, 63, 64, 65, 127, 128, 129, 255, 256, 339, 340, 511, 512, 513,
    4095, 4096, 4097, 32_767, 32_768, 65_535, 65_536, 1_000_000, 0x0fff_ffff, 0x1000_0000,
    0x1000_0001, 0x7fff_f000, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0x8260_0a5f, 0xffff_0000,
    0xffff_f000, 0xffff_fffe, 0xffff_ffff,
];

/** Flags of metablocks and of references, in the combinations that mean something. */
const notableFlags = [
    0x01, 0x11, 0x21, 0x31, 0x41, 0x61, 0x71, 0x03, 0x05, 0x81, 0x100, 0x200, 0x300, 0x400, 0x800,
];

const notableNames = [
    "",
    ".",
    "..",
    "/",
    "a/b",
    "a.txt",
    "dir",
    "A".repeat(123),
    "A".repeat(124),
    "\x1b[2J",
    "\n",
    "\xff\xfe",
    "\xe2\x80\xae",
    "%s%n",
    "lost+found",
];

/** A number that is worth trying where the format has one, from 0 to 2^32-1. */
export function notableNumber(random: Random, { superblock, landmarks }: BaseImage): number {
    const { magic: _, ...geometry } = superblock;
    const near = (value: number) => value + random.between(-1, 1);
    const value = random.pick([
        () => random.pick(notableNumbers),
        () => near(random.pick(notableNumbers)),
        () => near(random.pick(Object.values(geometry))),
        () => 2 ** 32 - random.pick(Object.values(geometry)),
        () => random.pick(landmarks.blocks),
        () => near(random.pick(landmarks.blocks)),
        () => 2 ** 32 - random.pick(landmarks.blocks),
        () => random.below(superblock.nblocks),
        () => random.pick(notableFlags),
        () => random.uint32(),
    ])();
    return value >>> 0;
}

/** Sets one field of one of `sites` to a value that is worth trying. */
export function fieldDamage(random: Random, base: BaseImage, sites: readonly Site[]): Damage {
    const { name, field, byteOffset } = randomField(random, random.pick(sites));
    const { type } = field;
    if (type === "bytes") {
        return nameDamage(random, name, byteOffset, fieldSizeBytes(field));
    }
    if (type === "u64") {
        const magic = random.pick([0n, 1n, superblockMagic, journalMagic, 2n ** 64n - 1n]);
        return setNumber(`${name} = 0x${magic.toString(16)}`, byteOffset, 8, () => magic);
    }
    const sizeBytes = fieldSizeBytes(field);
    if (random.chance(1, 4)) {
        const delta = random.pick([-4096, -64, -1, 1, 2, 64, 4096]);
        return setNumber(
            `${name} += ${delta}`,
            byteOffset,
            sizeBytes,
            (old) => old + BigInt(delta),
        );
    }
    const value = notableNumber(random, base);
    return setNumber(`${name} = ${value}`, byteOffset, sizeBytes, () => BigInt(value));
}

interface FieldPlace {
    readonly name: string;
    readonly field: Field;
    readonly byteOffset: number;
}

/** A field of a struct or of a struct in it. */
function randomField(random: Random, { name, layout, byteOffset }: Site): FieldPlace {
    const [fieldName, field] = random.pick(Object.entries(layout.fields));
    const { type, offset, count = 1 } = field;
    const start = byteOffset + offset;
    if (typeof type === "string") {
        return { name: `${name}: ${fieldName}`, field, byteOffset: start };
    }
    // The first elements of an array are those in use.
    const index = random.below(random.pick([1, Math.min(count, 4), count]));
    return randomField(random, {
        name: `${name}: ${fieldName}[${index}]`,
        layout: type,
        byteOffset: start + index * type.sizeBytes,
    });
}

function nameDamage(random: Random, name: string, byteOffset: number, sizeBytes: number): Damage {
    const value = random.pick(notableNames);
    return {
        description: `${name} = ${JSON.stringify(value)}`,
        apply(image) {
            const bytes = new Uint8Array(sizeBytes);
            bytes.set(bytesOf(value));
            image.poke(byteOffset, bytes);
        },
    };
}

/** Sets `sizeBytes` little-endian bytes to what `change` makes of the number that they are. */
function setNumber(
    description: string,
    byteOffset: number,
    sizeBytes: number,
    change: (old: bigint) => bigint,
): Damage {
    const apply = (image: DamagedImage) => {
        const bytes = new Uint8Array(8);
        bytes.set(image.bytesAt(byteOffset, sizeBytes));
        const view = new DataView(bytes.buffer);
        view.setBigUint64(0, BigInt.asUintN(64, change(view.getBigUint64(0, true))), true);
        image.poke(byteOffset, bytes.subarray(0, sizeBytes));
    };
    return { description, apply };
}
