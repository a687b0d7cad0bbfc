/** A volume's journal: reading it, and naming its blocks. */
import {
    analyzeJournal,
    type JournalAnalysis,
    maxJournalBlockCount,
} from "../../chkfs/journal/analysis.ts";
import { type JournalMetablock, misfitMetablocks } from "../../chkfs/journal/metablocks.ts";
import { type JournalNotice, noticeClass, noticeText } from "../../chkfs/journal/notices.ts";
import { soundRules } from "../../chkfs/journal/rules.ts";
import { blockSize } from "../../chkfs/layout.ts";
import type { Superblock } from "../../chkfs/superblock.ts";
import type { Volume } from "../../chkfs/volume.ts";
import { counted } from "../../report/size.ts";

/** What could be read of a journal. */
export interface JournalReading {
    readonly analysis: JournalAnalysis;
    /** Why the disk cannot be trusted to have all of it; empty for a journal as it should be. */
    readonly problems: readonly string[];
}

/** Reasons for a refusal that are told; a journal made to annoy has very many. */
const maxReasons = 20;

/** Blocks of journal that the disk has, whatever it says. */
export function journalBlockCount({ nblocks, journal_bn, njournal }: Superblock): number {
    return Math.min(njournal, nblocks - journal_bn);
}

/** Why a journal cannot be analysed at all; undefined when it can, or when there is none. */
export function journalProblem(superblock: Superblock): string | undefined {
    const blockCount = journalBlockCount(superblock);
    return blockCount > maxJournalBlockCount
        ? `the journal has ${blockCount} blocks; more than ${maxJournalBlockCount} have no order`
        : undefined;
}

/**
 * Reads and analyses a journal that has no `journalProblem`; one of no blocks holds nothing. What
 * an image that was cut short lacks of it counts as zeros.
 */
export function readJournal({ disk, superblock }: Volume): JournalReading {
    const { nblocks, journal_bn, njournal, fbb_bn } = superblock;
    const problems: string[] = [];
    const room = nblocks - journal_bn;
    if (njournal !== room) {
        problems.push(
            `njournal is ${njournal}, but there are ${counted(room, "block")} ` +
                `from journal_bn ${journal_bn} to the disk's end`,
        );
    }
    const bytes = new Uint8Array(journalBlockCount(superblock) * blockSize);
    const journalOffset = journal_bn * blockSize;
    const presentBytes = Math.min(bytes.length, Math.max(disk.sizeBytes - journalOffset, 0));
    if (presentBytes < bytes.length) {
        const missing = bytes.length - presentBytes;
        problems.push(`cut short: the last ${missing} bytes of the journal are missing`);
    }
    if (presentBytes > 0) {
        disk.read(journalOffset, bytes.subarray(0, presentBytes));
    }
    const targets = { blockCount: nblocks, firstTarget: fbb_bn, endTarget: journal_bn };
    return { analysis: analyzeJournal(bytes, targets, soundRules), problems };
}

/** A block of the journal by both of its numbers: the disk's, and the one that a check prints. */
export function journalBlockText({ journal_bn }: Superblock, blockIndex: number): string {
    return `${journal_bn + blockIndex} (${blockIndex} of the journal)`;
}

/** Why a journal is refused, each reason once; empty for one that is not. */
export function refusalReasons({ log }: JournalAnalysis, superblock: Superblock): string[] {
    const byText = new Map<string, JournalNotice[]>();
    for (const notice of log.notices) {
        if (noticeClass(notice) === "fatal") {
            const text = noticeText(notice);
            const known = byText.get(text);
            if (known === undefined) {
                byText.set(text, [notice]);
            } else {
                known.push(notice);
            }
        }
    }
    const reasons = [...byText].map(([text, notices]) => {
        const [{ blockIndex }] = notices;
        const place = blockIndex < 0 ? "" : `block ${journalBlockText(superblock, blockIndex)}: `;
        const isElsewhereToo = notices.some((notice) => notice.blockIndex !== blockIndex);
        const orMore = log.dropped.has(notices[0].kind) ? " or more" : "";
        const count = notices.length === 1 ? "" : ` (${notices.length} times${orMore})`;
        return isElsewhereToo ? `first in ${place}${text}${count}` : `${place}${text}${count}`;
    });
    const shown = reasons.slice(0, maxReasons).map((reason) => `the journal is refused: ${reason}`);
    const more = reasons.length - shown.length;
    return more > 0 ? [...shown, `... and ${more} more reasons`] : shown;
}

/** A metablock's claim to a block of the journal. */
export interface DataClaim {
    readonly metablock: JournalMetablock;
    /** The block of the journal. */
    readonly dataIndex: number;
    /** The data's home. */
    readonly blockNo: number;
}

/** The metablocks whose data a block of the journal is: the accepted ones, then the others. */
export function dataClaims({ blocks, metablocks }: JournalAnalysis, index: number): DataClaim[] {
    const accepted: DataClaim[] = [];
    const leftOut: DataClaim[] = [];
    for (const metablock of [...metablocks, ...misfitMetablocks(blocks)]) {
        blocks.forEachReference(metablock, soundRules, ({ blockNo, dataIndex }) => {
            if (dataIndex === index) {
                (metablock.isAccepted ? accepted : leftOut).push({ metablock, dataIndex, blockNo });
            }
        });
    }
    return [...accepted, ...leftOut];
}
