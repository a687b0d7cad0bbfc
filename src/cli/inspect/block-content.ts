/**
 * A block's content as what it is: fields by their layout tables, or just how much there is.
 */
import { printable } from "../../base/byte-string.ts";
import type { BlockRole } from "../../chkfs/block-roles.ts";
import { entriesInBlock } from "../../chkfs/directory.ts";
import { decodeInode, type Extent } from "../../chkfs/inode.ts";
import type { ChecksumVerdict } from "../../chkfs/journal/checksum.ts";
import { beginsWithJournalMagic, metablockVerdict } from "../../chkfs/journal/codec.ts";
import {
    bitsPerBlock,
    blockReferenceLayout,
    blockSize,
    extentLayout,
    extentsPerBlock,
    inodeLayout,
    inodesPerBlock,
    journalMagic,
    maxBlockReferences,
    metablockLayout,
    superblockLayout,
    superblockMagic,
    superblockOffset,
} from "../../chkfs/layout.ts";
import { readSuperblock } from "../../chkfs/superblock.ts";
import { nameFields } from "../../report/json.ts";
import { counted, rangeText } from "../../report/size.ts";
import { table } from "../../report/table.ts";
import { blockFlagNames, metablockFlagNames } from "../../report/transaction-story.ts";
import { checksumFields, fieldDocument, fieldRows, magicNote } from "./fields.ts";
import { typeText } from "./inode-text.ts";
import type { Inspection } from "./inspection.ts";

/** What a block is taken for; `unknown` where the superblock cannot be trusted. */
export type ContentRole = BlockRole | "unknown";

/** A block and where it stands. */
interface Block {
    readonly bytes: Uint8Array;
    readonly blockNo: number;
    readonly inspection: Inspection;
}

/** How one kind of block is shown. */
interface ContentKind {
    readonly lines: (block: Block) => Iterable<string>;
    readonly document: (block: Block) => object;
}

/** The content in lines of text, indented under the block's heading. */
export function* contentLines(
    role: ContentRole,
    bytes: Uint8Array,
    inspection: Inspection,
    blockNo: number,
): Generator<string> {
    for (const line of kindOf(role, bytes).lines({ bytes, blockNo, inspection })) {
        yield `  ${line}`;
    }
}

/** The content as a document. */
export function contentDocument(
    role: ContentRole,
    bytes: Uint8Array,
    inspection: Inspection,
    blockNo: number,
): object {
    return kindOf(role, bytes).document({ bytes, blockNo, inspection });
}

function kindOf(role: ContentRole, bytes: Uint8Array): ContentKind {
    switch (role) {
        case "superblock":
            return superblockKind;
        case "bitmap":
            return bitmapKind;
        case "inodes":
            return inodesKind;
        case "directory":
            return directoryKind;
        case "indirect":
            return indirectKind;
        case "journal":
            return beginsWithJournalMagic(bytes) ? metablockKind : otherKind;
        default:
            return otherKind;
    }
}

const superblockKind: ContentKind = {
    *lines({ bytes }) {
        const { magic } = superblockLayout.at(bytes, superblockOffset);
        const notes = { magic: magicNote(magic, superblockMagic) };
        const rows = fieldRows(superblockLayout, bytes, superblockOffset, notes);
        yield* table(rows, { alignRight: [1] });
        yield isBootable(bytes)
            ? "a boot sector stands before it (55 aa at byte 510)"
            : "no boot sector stands before it";
    },
    document: ({ bytes }) => ({
        superblock: fieldDocument(superblockLayout, bytes, superblockOffset),
        isBootable: isBootable(bytes),
    }),
};

/** Whether a PC would boot from the block: bytes 510 and 511 are 55 aa. */
function isBootable(bytes: Uint8Array): boolean {
    return bytes[510] === 0x55 && bytes[511] === 0xaa;
}

const bitmapKind: ContentKind = {
    *lines(block) {
        const { first, blockCount, freeCount, freeRuns } = bitmapFacts(block);
        yield `for blocks ${rangeText(first, blockCount)}: ` +
            `${freeCount} free, ${blockCount - freeCount} allocated`;
        const shown = freeRuns.slice(0, 40).map((run) => rangeText(run.first, run.count));
        if (shown.length > 0) {
            const more = freeRuns.length > shown.length ? ", ..." : "";
            yield `free: ${shown.join(", ")}${more}`;
        }
    },
    document: bitmapFacts,
};

function bitmapFacts({ bytes, blockNo, inspection }: Block) {
    const { fbb_bn, nblocks } = readSuperblock(inspection.disk);
    const first = (blockNo - fbb_bn) * bitsPerBlock;
    const blockCount = Math.min(bitsPerBlock, nblocks - first);
    const freeRuns: { first: number; count: number }[] = [];
    let freeCount = 0;
    for (let bit = 0; bit < blockCount; bit++) {
        if (bytes[bit >> 3] & (1 << (bit & 7))) {
            freeCount++;
            const last = freeRuns.at(-1);
            if (last !== undefined && last.first + last.count === first + bit) {
                last.count++;
            } else {
                freeRuns.push({ first: first + bit, count: 1 });
            }
        }
    }
    return { first, blockCount, freeCount, freeRuns };
}

const inodesKind: ContentKind = {
    *lines(block) {
        const inodes = inodesIn(block);
        const rows = [["inode", "type", "nlink", "size", "extents"]];
        for (const { inodeNo, type, nlink, size, direct, indirect } of inodes) {
            const extents = direct.filter(({ count }) => count > 0).map(extentText);
            const more = indirect.count > 0 ? [`indirect ${extentText(indirect)}`] : [];
            const text = [...extents, ...more].join(", ");
            rows.push([`${inodeNo}`, typeText(type), `${nlink}`, `${size}`, text]);
        }
        yield* inodes.length > 0 ? table(rows, { alignRight: [0, 2, 3] }) : [];
        yield `${counted(inodesPerBlock - inodes.length, "inode")} free`;
    },
    document: (block) => ({
        inodes: inodesIn(block).map(({ inodeNo, ...fields }) => ({ inode: inodeNo, ...fields })),
    }),
};

/** The inodes in use. */
function inodesIn({ bytes, blockNo, inspection }: Block) {
    const { inode_bn } = readSuperblock(inspection.disk);
    const firstInode = (blockNo - inode_bn) * inodesPerBlock;
    return Array.from({ length: inodesPerBlock }, (_, slot) =>
        decodeInode(bytes, slot * inodeLayout.sizeBytes, firstInode + slot),
    ).filter(({ type }) => type !== 0);
}

function extentText({ first, count }: Extent): string {
    return first === 0 ? `hole of ${count}` : rangeText(first, count);
}

const directoryKind: ContentKind = {
    *lines({ bytes, blockNo }) {
        const entries = [...entriesInBlock(bytes, blockNo, 0)];
        const rows = entries.map(({ slot, inodeNo, name }) => [
            `${slot}`,
            `${inodeNo}`,
            printable(name),
        ]);
        yield* table([["slot", "inode", "name"], ...rows], { alignRight: [0, 1] });
    },
    document: ({ bytes, blockNo }) => ({
        entries: [...entriesInBlock(bytes, blockNo, 0)].map(({ slot, inodeNo, name }) => ({
            slot,
            inode: inodeNo,
            ...nameFields("name", name),
        })),
    }),
};

const indirectKind: ContentKind = {
    *lines(block) {
        const extents = extentsIn(block);
        const rows = extents.map((extent, index) => [`${index}`, extentText(extent)]);
        yield* table([["slot", "blocks"], ...rows], { alignRight: [0] });
        yield `${counted(extentsPerBlock - extents.length, "slot")} empty`;
    },
    document: (block) => ({ extents: extentsIn(block) }),
};

/** The extents up to the first that is empty. */
function extentsIn({ bytes }: Block): Extent[] {
    const view = extentLayout.at(bytes);
    const extents: Extent[] = [];
    while (view.byteOffset < blockSize && view.count > 0) {
        extents.push({ first: view.first, count: view.count });
        view.byteOffset += extentLayout.sizeBytes;
    }
    return extents;
}

const metablockKind: ContentKind = {
    *lines(block) {
        yield "a metablock";
        const { magic, flags } = metablockLayout.at(block.bytes);
        const notes = {
            magic: magicNote(magic, journalMagic),
            checksum: checksumNote(metablockVerdict(block.bytes)),
            flags: metablockFlagNames(flags).join(" "),
        };
        yield* table(fieldRows(metablockLayout, block.bytes, 0, notes), { alignRight: [1] });
        const rows = referencesIn(block).map((reference, index) => [
            `${index}`,
            `${reference.bn}`,
            `0x${reference.bchecksum.toString(16)}`,
            [`0x${reference.bflags.toString(16)}`, ...blockFlagNames(reference.bflags)].join(" "),
        ]);
        if (rows.length > 0) {
            yield* table([["ref", "bn", "bchecksum", "bflags"], ...rows], { alignRight: [0, 1] });
        }
    },
    document: (block) => ({
        metablock: {
            ...fieldDocument(metablockLayout, block.bytes),
            ...checksumFields(metablockVerdict(block.bytes)),
            ref: referencesIn(block),
        },
    }),
};

/** What to say of a checksum that stands beside. */
function checksumNote(verdict: ChecksumVerdict): string {
    switch (verdict.state) {
        case "fits":
            return "fits";
        case "none":
            return "stands for none";
        default:
            return `does not fit: computed 0x${verdict.computed.toString(16)}`;
    }
}

/** The references that a metablock claims and has room for. */
function referencesIn({ bytes }: Block) {
    const count = Math.min(metablockLayout.at(bytes).nref, maxBlockReferences);
    const view = blockReferenceLayout.at(bytes, metablockLayout.fields.ref.offset);
    return Array.from({ length: count }, () => {
        const { bn, bchecksum, bflags } = view;
        view.byteOffset += blockReferenceLayout.sizeBytes;
        return { bn, bchecksum, bflags };
    });
}

const otherKind: ContentKind = {
    *lines({ bytes }) {
        const count = nonzeroCount(bytes);
        yield count === 0
            ? "all zeros"
            : `${counted(count, "byte")} other than zero (-x shows them)`;
    },
    document: ({ bytes }) => ({ nonzeroByteCount: nonzeroCount(bytes) }),
};

function nonzeroCount(bytes: Uint8Array): number {
    return bytes.reduce((count, byte) => count + (byte === 0 ? 0 : 1), 0);
}
