/** Findings of a strict check about the disk as a whole: block 0, the parts, the bitmap. */
import type { CatalogueEntry } from "./entry.ts";

export const strictDiskFindings = {
    "image-longer": {
        severity: "note",
        help: "The image goes on behind the disk's last block; nothing ever looks there.",
        more: "A copy with a padded end, or a disk that was made smaller, looks like this.",
        text: (p: { surplusBytes: number }) =>
            `image has ${p.surplusBytes} bytes behind the last block of the disk`,
    },
    "boot-signature-half": {
        severity: "note",
        help: "Only one byte of the boot signature 55 AA is there, so no BIOS starts this disk.",
        more: "A disk that is not meant to boot has neither byte; write the boot sector again.",
        text: (p: { signature: number }) =>
            `bytes 510 and 511 are ${hexByte(p.signature >>> 8)} ` +
            `${hexByte(p.signature & 0xff)}, half of the boot signature 55 AA`,
    },
    "superblock-padding": {
        severity: "note",
        help: "Block 0 holds something behind the superblock, where there should only be zeros.",
        more: "The one byte 4 that mkchickadeefs leaves right behind it does not count.",
        text: (p: { byteCount: number; firstOffset: number }) =>
            `${counted(p.byteCount, "byte")} behind the superblock not zero, ` +
            `the first at offset ${p.firstOffset} of block 0`,
    },
    "superblock-data-gap": {
        severity: "note",
        help: "There are blocks between the inodes and the data that nothing can ever use.",
        text: (p: { blockCount: number; firstBlock: number }) =>
            `${counted(p.blockCount, "block")} from block ${p.firstBlock} on, ` +
            "between inodes and data, can never be used",
    },
    "bitmap-past-end": {
        severity: "error",
        help:
            "The free-block bitmap calls blocks free that the disk does not have; clear the " +
            "bits.",
        more:
            "A kernel that searches whole blocks of the bitmap would give such a block to a " +
            "file.",
        text: (p: { bitCount: number; firstBlock: number }) =>
            `${counted(p.bitCount, "block")} past the end of the disk marked free, ` +
            `the first is ${p.firstBlock}`,
    },
} as const satisfies Record<string, CatalogueEntry>;

function hexByte(byte: number): string {
    return byte.toString(16).toUpperCase().padStart(2, "0");
}

/** "1 block", "2 blocks". */
export function counted(count: number, noun: string): string {
    return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
