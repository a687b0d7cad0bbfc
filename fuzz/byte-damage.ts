/** Damage that knows nothing of structs: what disks, cables and careless copies do. */
import type { Random } from "../src/base/random.ts";
import { blockSize } from "../src/chkfs/layout.ts";
import type { BaseImage } from "./base-images.ts";
import { type Damage, maxGrowthBlockCount } from "./damaged-image.ts";

/** Random bytes. */
export function randomBytes(random: Random, lengthBytes: number): Uint8Array {
    return Uint8Array.from({ length: lengthBytes }, () => random.below(256));
}

/** One damage to a block of `blocks`, or with `resizes` perhaps to the image's length. */
export function byteDamage(
    random: Random,
    base: BaseImage,
    blocks: readonly number[] = base.landmarks.blocks,
    resizes = true,
): Damage {
    const kinds = [
        flipBits,
        flipBits,
        setByte,
        setBytes,
        fillBlock,
        copyBlock,
        swapBlocks,
        randomBlock,
    ];
    return resizes && random.chance(1, 8)
        ? resizeImage(random, base)
        : random.pick(kinds)(random, blocks);
}

function flipBits(random: Random, blocks: readonly number[]): Damage {
    const blockNo = random.pick(blocks);
    const offsets = Array.from({ length: random.between(1, 8) }, () => random.below(blockSize));
    const bit = random.below(8);
    return {
        description: `block ${blockNo}: bit ${bit} of bytes ${offsets.join(", ")} flipped`,
        apply(image) {
            for (const offset of offsets) {
                const byteOffset = blockNo * blockSize + offset;
                const [byte] = image.bytesAt(byteOffset, 1);
                image.poke(byteOffset, Uint8Array.of(byte ^ (1 << bit)));
            }
        },
    };
}

/** Where structs and their padding begin and end: the boot sector's, the superblock's, others'. */
const edges = [0, 8, 12, 16, 508, 510, 511, 512, 556, 559, 560, 4095];

function setByte(random: Random, blocks: readonly number[]): Damage {
    const blockNo = random.pick([0, random.pick(blocks)]);
    const offset = random.pick(edges);
    const value = random.pick([0x00, 0x01, 0x55, 0xaa, 0xff]);
    return {
        description: `block ${blockNo}: byte ${offset} = ${value}`,
        apply: (image) => image.poke(blockNo * blockSize + offset, Uint8Array.of(value)),
    };
}

function setBytes(random: Random, blocks: readonly number[]): Damage {
    const blockNo = random.pick(blocks);
    const length = random.between(1, 64);
    const offset = random.below(blockSize - length);
    const bytes = randomBytes(random, length);
    return {
        description: `block ${blockNo}: bytes ${offset}+${length} random`,
        apply: (image) => image.poke(blockNo * blockSize + offset, bytes),
    };
}

function fillBlock(random: Random, blocks: readonly number[]): Damage {
    const blockNo = random.pick(blocks);
    const byte = random.pick([0x00, 0x00, 0xff, 0x01]);
    return {
        description: `block ${blockNo}: filled with ${byte}`,
        apply: (image) => image.poke(blockNo * blockSize, new Uint8Array(blockSize).fill(byte)),
    };
}

function randomBlock(random: Random, blocks: readonly number[]): Damage {
    const blockNo = random.pick(blocks);
    const bytes = randomBytes(random, blockSize);
    return {
        description: `block ${blockNo}: random`,
        apply: (image) => image.poke(blockNo * blockSize, bytes),
    };
}

function copyBlock(random: Random, blocks: readonly number[]): Damage {
    const from = random.pick(blocks);
    const to = random.pick(blocks);
    return {
        description: `block ${to}: a copy of block ${from}`,
        apply: (image) => image.poke(to * blockSize, image.bytesAt(from * blockSize, blockSize)),
    };
}

function swapBlocks(random: Random, blocks: readonly number[]): Damage {
    const one = random.pick(blocks);
    const other = random.pick(blocks);
    return {
        description: `blocks ${one} and ${other}: exchanged`,
        apply(image) {
            const bytes = image.bytesAt(one * blockSize, blockSize);
            image.poke(one * blockSize, image.bytesAt(other * blockSize, blockSize));
            image.poke(other * blockSize, bytes);
        },
    };
}

/** Cuts the image short or makes it longer, at a block's edge or not. */
export function resizeImage(random: Random, { superblock, landmarks }: BaseImage): Damage {
    const { nblocks } = superblock;
    const blockCount = random.pick([
        () => random.below(nblocks),
        () => random.pick(landmarks.blocks),
        () => nblocks - 1,
        () => nblocks + random.between(1, maxGrowthBlockCount),
    ])();
    const sizeBytes = blockCount * blockSize + random.pick([0, 0, 0, 1, 512, 556, 4095]);
    return {
        description: `${sizeBytes} bytes long`,
        apply: (image) => image.resize(sizeBytes),
    };
}
