/**
 * What each kind of finding means for a repair.
 *
 * A repair is all or nothing: a finding that blocks could make a fix wrong that would be safe
 * without it (which of two users of a block is the right one? where did the lost extents lead?),
 * and then nothing is changed.
 */
import type { FindingCode } from "../finding.ts";

/**
 * - `fix`: there is one safe answer, and the repair gives it.
 * - `blocks`: only a person can decide; nothing is changed.
 * - `ignorable`: it stands in nobody's way, and is left as it is.
 */
export type Treatment = "fix" | "blocks" | "ignorable";

const codesByTreatment: Readonly<Record<Treatment, readonly FindingCode[]>> = {
    fix: [
        "bitmap-past-end",
        "block-leaked",
        "block-used-but-free",
        // Where the free inode still holds blocks, it is an inode of unknown type, and blocks.
        "dirent-inode-free",
        "dirent-inode-range",
        // Cut, unless entries of a directory lie behind its end: then it blocks.
        "extent-beyond-size",
        "directory-lost",
        "inode-lost",
        "inode-nlink-high",
        "inode-nlink-low",
    ],
    blocks: [
        "block-not-data",
        "block-reused",
        "check-incomplete",
        "directory-cycle",
        "directory-names-ancestor",
        "directory-names-root",
        "directory-size",
        "dirent-duplicate-name",
        "dirent-empty-name",
        "dirent-long-name",
        "dirent-reserved-name",
        "extent-after-empty",
        "extent-out-of-range",
        "extent-zero-block",
        "extents-end-early",
        "indirect-before-direct",
        "indirect-missing",
        "indirect-out-of-range",
        "indirect-zero-block",
        "inode-unknown-type",
        "inode-zero-live",
        "inode-zero-referenced",
        "root-not-directory",
        // Without a sound superblock nothing has a meaning.
        "reference-njournal",
        "size-too-small",
        "size-truncated",
        "size-unaligned",
        "superblock-data-bn",
        "superblock-data-bn-range",
        "superblock-fbb-bn",
        "superblock-inode-bn",
        "superblock-journal-bn",
        "superblock-magic",
        "superblock-nblocks",
        "superblock-ninodes",
        "superblock-njournal",
        "superblock-nswap",
        "superblock-swap-bn",
        // A journal that is refused may hold what the disk lacks.
        "journal-adds-to-committed",
        "journal-adds-to-completed",
        "journal-commit-backtracked",
        "journal-committed-above-boundary",
        "journal-complete-above-commit",
        "journal-complete-backtracked",
        "journal-completed-above-boundary",
        "journal-completes-below-boundary",
        "journal-continues-after-commit",
        "journal-continues-after-complete",
        "journal-duplicate-seq",
        "journal-length",
        "journal-not-committed",
        "journal-seq-missing",
        "journal-start-misplaced",
        "journal-target-out-of-range",
        "journal-target-protected",
        "journal-too-long",
        "journal-too-many-data-blocks",
    ],
    ignorable: [
        // Judged anew from the entries alone, for the check counts being lost as a link: it
        // blocks where a directory really has two names.
        "directory-linked-twice",
        // The format allows a hole, and its place is not to be invented.
        "directory-hole",
        "file-hole",
        // Records that are left out take part in nothing.
        "journal-data-bad-checksum",
        "journal-data-looks-like-metablock",
        "journal-marked-error",
        "journal-not-marked-meta",
        "journal-too-many-refs",
        // Wrong or odd, and harmless to everything else.
        "boot-signature-half",
        "directory-size-partial",
        "dirent-free-leftover",
        "dirent-name-control",
        "dirent-name-encoding",
        "dirent-name-tail",
        "extent-empty-first",
        "extents-adjacent",
        "image-longer",
        "indirect-empty",
        "inode-flags",
        "inode-free-leftover",
        "inode-mbcindex",
        "inode-mlock",
        "inode-table-tail",
        "journal-escape-missing",
        "journal-escape-overwrites",
        "journal-idle-target-protected",
        "journal-idle-target-range",
        "journal-metablock-flags",
        "journal-metablock-leftover",
        "journal-metablock-padding",
        "journal-metablock-torn",
        "journal-metablock-unchecked",
        "journal-reference-contradiction",
        "journal-reference-flags",
        "journal-reference-overwritten",
        "journal-reference-padding",
        "journal-reference-unchecked",
        "journal-seq-gap",
        "journal-seq-reused",
        "journal-short",
        "journal-target-repeated",
        "journal-tid-reused",
        "superblock-data-gap",
        "superblock-padding",
    ],
};

const treatments = new Map(
    (["fix", "blocks", "ignorable"] as const).flatMap((treatment) =>
        codesByTreatment[treatment].map((code): [FindingCode, Treatment] => [code, treatment]),
    ),
);

/** Every code that the table has, in its order; a code twice where it stands there twice. */
export const treatedCodes: readonly FindingCode[] = Object.values(codesByTreatment).flat();

/** What a repair makes of findings of that kind; what the table does not know blocks. */
export function treatmentOf(code: FindingCode): Treatment {
    return treatments.get(code) ?? "blocks";
}
