/** Findings of a strict check about the journal: what its analysis lets pass. */
import type { CatalogueEntry } from "./entry.ts";
import { counted } from "./strict-disk.ts";

/** References of one metablock: how many, and which is the first. */
export interface ReferenceCount {
    referenceCount: number;
    firstReference: number;
}

function referencesText({ referenceCount, firstReference }: ReferenceCount): string {
    return `${counted(referenceCount, "reference")} (the first is ${firstReference})`;
}

/** References of one metablock, and the home of the first. */
export interface TargetCount extends ReferenceCount {
    blockNo: number;
}

function targetsText({ referenceCount, firstReference, blockNo }: TargetCount, what: string) {
    return (
        `${counted(referenceCount, "reference")} to ${what} ` +
        `(the first is ${firstReference}, to block ${blockNo})`
    );
}

export const strictJournalFindings = {
    "journal-short": {
        severity: "note",
        help:
            "A journal of fewer than 3 blocks has no room for a block, its metablock and a " +
            "commit.",
        text: (p: { blockCount: number }) => `journal has only ${counted(p.blockCount, "block")}`,
    },
    "journal-metablock-unchecked": {
        severity: "warning",
        help: "A metablock has no checksum, so one that a crash tore would be taken for whole.",
        text: () => "metablock without checksum",
    },
    "journal-metablock-torn": {
        severity: "note",
        help:
            "A block begins like a metablock, but its checksum is wrong: a crash tore it, or it " +
            "is old.",
        more: "Replay ignores it. After a crash this is normal; after a clean shutdown it is not.",
        text: () => "torn metablock",
    },
    "journal-metablock-flags": {
        severity: "warning",
        help: "A metablock has flags that mean nothing; its writer set the wrong bits.",
        text: (p: { flags: number }) => `metablock with unknown flags 0x${p.flags.toString(16)}`,
    },
    "journal-metablock-padding": {
        severity: "note",
        help: "The four bytes behind a metablock's checksum are not zero; nothing reads them.",
        text: () => "metablock padding not zero",
    },
    "journal-metablock-leftover": {
        severity: "note",
        help: "A metablock holds something behind its last reference; nref may be too small.",
        text: (p: { referenceCount: number }) =>
            `metablock not zero behind its ${counted(p.referenceCount, "reference")}`,
    },
    "journal-reference-flags": {
        severity: "warning",
        help: "Block references have flags that mean nothing; their writer set the wrong bits.",
        text: (p: ReferenceCount) => `unknown flags in ${referencesText(p)}`,
    },
    "journal-reference-padding": {
        severity: "note",
        help: "The last two bytes of block references are not zero; nothing reads them.",
        text: (p: ReferenceCount) => `padding not zero in ${referencesText(p)}`,
    },
    "journal-reference-overwritten": {
        severity: "error",
        help: "References are marked as overwritten on the disk; some replayers skip these writes.",
        more:
            "The bit 0x400 is for a replayer's own use in memory. The reference tool believes it " +
            "and leaves the block as it was; this project's replay ignores it.",
        text: (p: ReferenceCount) => `marked as overwritten: ${referencesText(p)}`,
    },
    "journal-reference-contradiction": {
        severity: "warning",
        help: "References are escaped although they have no data in the journal to be escaped.",
        text: (p: ReferenceCount) => `escaped but not journaled: ${referencesText(p)}`,
    },
    "journal-reference-unchecked": {
        severity: "warning",
        help: "Data blocks have no checksum, so torn data would be replayed without a word.",
        text: (p: ReferenceCount) => `no checksum of data for ${referencesText(p)}`,
    },
    "journal-target-repeated": {
        severity: "note",
        help: "One metablock writes a block more than once; only the last of the writes counts.",
        text: (p: TargetCount) => targetsText(p, "a block that the metablock wrote before"),
    },
    "journal-idle-target-range": {
        severity: "error",
        help: "A record that is not replayed names blocks off the disk; its writer counts wrong.",
        text: (p: TargetCount) => targetsText(p, "a block off the disk"),
    },
    "journal-idle-target-protected": {
        severity: "error",
        help:
            "A record that is not replayed names the superblock, swap space or the journal " +
            "itself.",
        more: "No transaction may write there. If this one was completed, it already has.",
        text: (p: TargetCount) => targetsText(p, "a block that no transaction may write"),
    },
    "journal-escape-overwrites": {
        severity: "error",
        help:
            "A data block is escaped but does not begin with zeros; its first 8 bytes will be " +
            "lost.",
        more: "Replay puts the journal's magic number over the first 8 bytes of an escaped block.",
        text: () => "escaped data block does not begin with zeros",
    },
    "journal-escape-missing": {
        severity: "warning",
        help: "A data block begins like a metablock and is not escaped; only luck keeps it apart.",
        more: "With a fitting checksum it would be taken for a metablock and spoil the replay.",
        text: () => "data block begins with the journal's magic number but is not escaped",
    },
    "journal-seq-gap": {
        severity: "warning",
        help:
            "Sequence numbers are missing between two records; a whole record may have been " +
            "lost.",
        text: (p: { expected: number; actual: number }) =>
            `seq number ${p.actual} follows ${(p.expected - 1) & 0xffff} ` +
            `(expected ${p.expected})`,
    },
    "journal-seq-reused": {
        severity: "warning",
        help:
            "An old or torn metablock has a sequence number in use; clear a journal before " +
            "reuse.",
        text: (p: { seq: number }) => `torn metablock reuses seq number ${p.seq}`,
    },
    "journal-tid-reused": {
        severity: "warning",
        help: "A transaction starts twice: numbers were used again before the journal was cleared.",
        more:
            "Old records may be taken for parts of a new transaction and replayed over newer " +
            "data.",
        text: (p: { tid: number }) => `tid ${p.tid} starts a second time`,
    },
} as const satisfies Record<string, CatalogueEntry>;
