/** One metablock: its checksum, its flags, and zeros where nothing is meant. */
import type { JournalBlocks, JournalMetablock } from "../../chkfs/journal/metablocks.ts";
import {
    blockReferenceLayout,
    blockSize,
    MetablockFlag,
    metablockChecksumStart,
    metablockLayout,
    noChecksum,
} from "../../chkfs/layout.ts";
import type { JournalReport } from "./journal.ts";
import { hasNonzeroByte } from "./nonzero.ts";

const knownFlags = Object.values(MetablockFlag).reduce((all, flag) => all | flag, 0);

/** The padding lies between the checksum and the first byte that it covers. */
const paddingStart = metablockLayout.fields.checksum.offset + 4;

export function checkMetablock(
    blocks: JournalBlocks,
    { blockIndex, flags, nref }: JournalMetablock,
    report: JournalReport,
): void {
    const start = blockIndex * blockSize;
    if (blocks.fieldsAt(blockIndex).checksum === noChecksum) {
        report("journal-metablock-unchecked", blockIndex, {});
    }
    if ((flags & ~knownFlags) !== 0) {
        report("journal-metablock-flags", blockIndex, { flags: flags & ~knownFlags });
    }
    if (hasNonzeroByte(blocks.bytes, start + paddingStart, start + metablockChecksumStart)) {
        report("journal-metablock-padding", blockIndex, {});
    }
    const referencesEnd = metablockLayout.fields.ref.offset + nref * blockReferenceLayout.sizeBytes;
    if (hasNonzeroByte(blocks.bytes, start + referencesEnd, start + blockSize)) {
        report("journal-metablock-leftover", blockIndex, { referenceCount: nref });
    }
}
