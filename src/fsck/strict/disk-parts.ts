/** Block 0, the parts of the disk, and the image around them. */
import { blockSize, superblockLayout, superblockOffset } from "../../chkfs/layout.ts";
import { inodeBlockCount } from "../../chkfs/superblock.ts";
import type { Place } from "../finding.ts";
import type { WalkState } from "../walk-state.ts";
import { nonzeroBytes } from "./nonzero.ts";

/** Where the boot signature 0x55 0xAA stands. */
const signatureOffset = 510;

/** The end of the superblock's last field, and what the reference mkchickadeefs leaves there. */
const fieldsEnd = superblockOffset + superblockLayout.fields.journal_bn.offset + 4;
const usualPadding = 4;

/** A block, its metablock and a commit: what a journal must hold to be of use. */
const minJournalBlockCount = 3;

const place: Place = { kind: "image" };

export function checkDiskParts(state: WalkState, imageSizeBytes: number): void {
    const { superblock, reporter } = state;
    const { nblocks, inode_bn, ninodes, data_bn, njournal } = superblock;
    const surplusBytes = imageSizeBytes - nblocks * blockSize;
    if (surplusBytes > 0) {
        reporter.report("image-longer", place, { surplusBytes });
    }
    checkBlockZero(state);
    const firstBlock = inode_bn + inodeBlockCount(ninodes);
    if (data_bn > firstBlock) {
        const parameters = { blockCount: data_bn - firstBlock, firstBlock };
        reporter.report("superblock-data-gap", place, parameters);
    }
    if (njournal > 0 && njournal < minJournalBlockCount) {
        reporter.report("journal-short", place, { blockCount: njournal });
    }
}

function checkBlockZero({ disk, reporter }: WalkState): void {
    const bytes = new Uint8Array(blockSize);
    disk.read(0, bytes);
    const [low, high] = bytes.subarray(signatureOffset);
    if ((low === 0x55) !== (high === 0xaa)) {
        reporter.report("boot-signature-half", place, { signature: (low << 8) | high });
    }
    if (bytes[fieldsEnd] === usualPadding) {
        bytes[fieldsEnd] = 0;
    }
    const { byteCount, firstOffset } = nonzeroBytes(bytes, fieldsEnd, blockSize);
    if (byteCount > 0) {
        reporter.report("superblock-padding", place, { byteCount, firstOffset });
    }
}
