/** Journals on images: as they should be, and as no kernel would write them. */
import type { Random } from "../src/base/random.ts";
import { metablockChecksum } from "../src/chkfs/journal/codec.ts";
import {
    blockReferenceLayout,
    blockSize,
    journalMagic,
    metablockLayout,
    noChecksum,
} from "../src/chkfs/layout.ts";
import type { BaseImage } from "./base-images.ts";
import { randomBytes } from "./byte-damage.ts";
import type { Damage, DamagedImage } from "./damaged-image.ts";
import { fieldDamage, notableNumber } from "./field-damage.ts";
import { magicBlock, randomJournal } from "./random-journal.ts";

/** A journal on an image, and where its metablocks are. */
export interface LaidJournal {
    readonly damage: Damage;
    /** Blocks of the disk that hold metablocks. */
    readonly metablocks: readonly number[];
}

/** Blocks of the journal that hostile metablocks stand in; the work is the square of it. */
const hostileBlockCounts = [2, 4, 4, 8, 8, 24];

/** Blocks of the journal that records are laid into; a longer one stays empty behind them. */
const maxUsedBlockCount = 64;

/**
 * A correct journal. With `isHostile` its transactions also write where they must not: the
 * superblock, the journal, off the disk.
 */
export function layJournal(random: Random, base: BaseImage, isHostile: boolean): LaidJournal {
    const { data_bn, fbb_bn, journal_bn, njournal } = base.superblock;
    const safe = base.landmarks.blocks.filter((block) => block >= fbb_bn && block < journal_bn);
    const targets = [
        ...safe,
        ...Array.from({ length: 8 }, () => random.between(data_bn, journal_bn - 1)),
        ...(isHostile ? [0, 1, journal_bn, notableNumber(random, base)] : []),
    ];
    const journal = randomJournal(random, {
        blockCount: Math.min(njournal, maxUsedBlockCount),
        targets,
        contentFor: (blockNo) => contentFor(random, base, blockNo),
    });
    const { bytes, records } = journal;
    return {
        damage: {
            description: `journal of ${records.length} records`,
            apply: (image) => image.poke(journal_bn * blockSize, bytes),
        },
        metablocks: records.map(({ blockIndex }) => journal_bn + blockIndex),
    };
}

/** What the block holds already, a little changed; or anything. */
function contentFor(random: Random, { disk }: BaseImage, blockNo: number): Uint8Array {
    const block = new Uint8Array(blockSize);
    if ((blockNo + 1) * blockSize <= disk.sizeBytes) {
        disk.read(blockNo * blockSize, block);
    }
    return random.pick([
        () => block,
        () => {
            block[random.below(blockSize)] ^= 1 << random.below(8);
            return block;
        },
        () => block.fill(random.below(256)),
        () => magicBlock(random.below(256)),
    ])();
}

/** Damage to a field of a metablock, or to all that it is; mostly with a checksum that fits. */
export function metablockDamage(
    random: Random,
    base: BaseImage,
    metablocks: readonly number[],
): Damage {
    const blockNo = random.pick(metablocks);
    const name = `metablock in block ${blockNo}`;
    const byteOffset = blockNo * blockSize;
    const inner = fieldDamage(random, base, [{ name, layout: metablockLayout, byteOffset }]);
    const reseals = random.chance(7, 8);
    return {
        description: `${inner.description}${reseals ? ", checksum made to fit" : ""}`,
        apply(image) {
            inner.apply(image);
            if (reseals) {
                reseal(image, blockNo);
            }
        },
    };
}

function reseal(image: DamagedImage, blockNo: number): void {
    const block = image.bytesAt(blockNo * blockSize, blockSize);
    metablockLayout.at(block).checksum = metablockChecksum(block);
    image.poke(blockNo * blockSize, block);
}

/**
 * A metablock in every other block, or in every one, with numbers that fit nothing: thousands of
 * references, the same sequence number again and again, targets everywhere.
 */
export function hostileJournal(random: Random, base: BaseImage): Damage {
    const { journal_bn, njournal } = base.superblock;
    const step = random.pick([1, 1, 2, 3, 7]);
    const usedBlockCount = Math.min(njournal, random.pick(hostileBlockCounts));
    const blocks = Array.from({ length: Math.ceil(usedBlockCount / step) }, (_, index) => ({
        blockNo: journal_bn + index * step,
        bytes: hostileMetablock(random, base, index),
    }));
    return {
        description: `hostile metablocks in every ${step}. block of the journal`,
        apply(image) {
            for (const { blockNo, bytes } of blocks) {
                image.poke(blockNo * blockSize, bytes);
            }
        },
    };
}

function hostileMetablock(random: Random, base: BaseImage, index: number): Uint8Array {
    const block = random.chance(1, 3) ? randomBytes(random, blockSize) : new Uint8Array(blockSize);
    const view = metablockLayout.at(block);
    const number16 = () =>
        random.pick([0, 1, index, index + 1, 0x7fff, 0x8000, 0xffff, random.below(65_536)]);
    view.magic = journalMagic;
    view.seq = random.chance(1, 2) ? index : number16();
    view.tid = number16();
    view.commit_boundary = number16();
    view.complete_boundary = random.chance(1, 2) ? view.commit_boundary : number16();
    view.flags = random.pick([0x01, 0x11, 0x31, 0x71, random.below(65_536)]);
    view.nref = random.pick([0, 1, 2, 3, 5, 16, 338, 339, 340, 400, 65_535]);
    const reference = blockReferenceLayout.at(block, metablockLayout.fields.ref.offset);
    for (let slot = random.pick([0, 1, 4, 339]); slot > 0; slot--) {
        reference.bn = notableNumber(random, base);
        reference.bchecksum = random.pick([noChecksum, noChecksum, random.uint32()]);
        reference.bflags = random.pick([0, 0x100, 0x200, 0x400, random.below(65_536)]);
        reference.byteOffset += blockReferenceLayout.sizeBytes;
    }
    view.checksum = random.chance(1, 4) ? noChecksum : metablockChecksum(block);
    return block;
}
