/** `chickadee journal`: the transactions in a journal, and what a replay would do with each. */
import {
    analyzeJournal,
    type JournalAnalysis,
    maxJournalBlockCount,
} from "../../chkfs/journal/analysis.ts";
import { noticeClass, noticeText } from "../../chkfs/journal/notices.ts";
import { soundRules } from "../../chkfs/journal/rules.ts";
import { blockSize } from "../../chkfs/layout.ts";
import type { Volume } from "../../chkfs/volume.ts";
import { counted, rangeText } from "../../report/size.ts";
import { table } from "../../report/table.ts";
import {
    blockFlagNames,
    type MetablockStory,
    metablockFlagNames,
    type TransactionStory,
    transactionFates,
    transactionStories,
} from "../../report/transaction-story.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import type { CommonOptions, Inspection } from "./inspection.ts";
import { addInspection, runInspection } from "./register.ts";

/** Reasons for a refusal that are told; a journal made to annoy has very many. */
const maxReasons = 20;

/** References of one metablock that are listed in text. */
const maxListedReferences = 40;

/** References that a document lists in all. */
const maxDocumentReferences = 200_000;

export const registerJournal: RegisterSubCommand = (program, context) => {
    const description = "print the transactions of the journal";
    addInspection(program, "journal", description, "chickadee journal disk.img").action(
        (image: string, options: CommonOptions) => runInspection(context, image, options, journal),
    );
};

function journal(inspection: Inspection): void {
    const volume = inspection.volume();
    const { journal_bn } = volume.superblock;
    const analysis = readJournal(inspection, volume);
    if (analysis === undefined) {
        if (inspection.isJson) {
            inspection.document({ journal: null });
        } else {
            inspection.lines([`${inspection.image.name}: no journal`]);
        }
        return;
    }
    const stories = transactionStories(analysis);
    complainOfRefusal(inspection, analysis);
    if (inspection.isJson) {
        inspection.document(journalDocument(inspection, analysis, stories, journal_bn));
    } else {
        inspection.lines(journalLines(inspection, analysis, stories, journal_bn));
    }
}

/**
 * The journal's analysis; undefined where the disk has none. What an image that was cut short
 * lacks of it counts as zeros.
 */
function readJournal(inspection: Inspection, volume: Volume): JournalAnalysis | undefined {
    const { disk, superblock } = volume;
    const { nblocks, journal_bn, njournal, fbb_bn } = superblock;
    const room = nblocks - journal_bn;
    if (njournal !== room) {
        inspection.complain(
            `njournal is ${njournal}, but there are ${counted(room, "block")} ` +
                `from journal_bn ${journal_bn} to the disk's end`,
        );
    }
    const blockCount = Math.min(njournal, room);
    if (blockCount === 0) {
        return undefined;
    }
    if (blockCount > maxJournalBlockCount) {
        throw inspection.error(
            `the journal has ${blockCount} blocks; more than ${maxJournalBlockCount} have no order`,
        );
    }
    const bytes = new Uint8Array(blockCount * blockSize);
    const journalOffset = journal_bn * blockSize;
    const presentBytes = Math.min(bytes.length, Math.max(disk.sizeBytes - journalOffset, 0));
    if (presentBytes < bytes.length) {
        const missing = bytes.length - presentBytes;
        inspection.complain(`cut short: the last ${missing} bytes of the journal are missing`);
    }
    if (presentBytes > 0) {
        disk.read(journalOffset, bytes.subarray(0, presentBytes));
    }
    const targets = { blockCount: nblocks, firstTarget: fbb_bn, endTarget: journal_bn };
    return analyzeJournal(bytes, targets, soundRules);
}

function complainOfRefusal(inspection: Inspection, analysis: JournalAnalysis): void {
    const { log, blocks } = analysis;
    const fatal = log.notices.filter((notice) => noticeClass(notice) === "fatal");
    for (const notice of fatal.slice(0, maxReasons)) {
        const place =
            notice.blockIndex < 0 ? "" : ` block ${notice.blockIndex}/${blocks.blockCount}:`;
        inspection.complain(`the journal is refused:${place} ${noticeText(notice)}`);
    }
    if (fatal.length > maxReasons) {
        inspection.complain(`... and ${fatal.length - maxReasons} more reasons`);
    }
}

function* journalLines(
    inspection: Inspection,
    analysis: JournalAnalysis,
    stories: readonly TransactionStory[],
    journalBlockNo: number,
): Generator<string> {
    const { image, colours } = inspection;
    const { blockCount } = analysis.blocks;
    const where = `${counted(blockCount, "block")}, ${rangeText(journalBlockNo, blockCount)}`;
    yield colours.heading(`${image.name}: journal of ${where}`);
    yield verdictText(analysis);
    for (const { tid, fate, metablocks } of stories) {
        yield "";
        yield colours.heading(`transaction ${tid}`);
        yield `  ${transactionFates[fate]}`;
        for (const story of metablocks) {
            yield* metablockLines(inspection, story, journalBlockNo);
        }
    }
}

/** What a replay would do, in one line. */
function verdictText({ plan, metablocks, log, sequence }: JournalAnalysis): string {
    const newest = sequence.at(-1);
    const boundaries =
        newest === undefined
            ? ""
            : ` (complete boundary ${newest.completeBoundary}, ` +
              `commit boundary ${newest.commitBoundary})`;
    if (log.isFatal) {
        return `refused: nothing would be replayed${boundaries}`;
    }
    if (plan === undefined) {
        return metablocks.length === 0 ? "empty" : "no valid metablock: nothing to replay";
    }
    return plan.length === 0
        ? `nothing to replay${boundaries}`
        : `would replay ${counted(plan.length, "block")}${boundaries}`;
}

function* metablockLines(
    { colours }: Inspection,
    { metablock, reasons, references }: MetablockStory,
    journalBlockNo: number,
): Generator<string> {
    const { blockIndex, seq, completeBoundary, commitBoundary, flags, nref } = metablock;
    const names = metablockFlagNames(flags).join(" ");
    yield `  metablock in block ${journalBlockNo + blockIndex}: seq ${seq}, ${names}, ` +
        `boundaries ${completeBoundary} and ${commitBoundary}, ${counted(nref, "reference")}`;
    for (const reason of reasons) {
        yield `    ${colours.problem(`left out: ${reason}`)}`;
    }
    const rows = references
        .slice(0, maxListedReferences)
        .map(({ reference, fate }) => [
            `    block ${reference.blockNo}`,
            reference.dataIndex < 0 ? "" : `from ${journalBlockNo + reference.dataIndex}`,
            fate === "unused" ? "" : fate,
            blockFlagNames(reference.bflags).join(" "),
        ]);
    yield* table(rows);
    if (references.length > rows.length) {
        yield `    ... and ${references.length - rows.length} more (--json shows all)`;
    }
}

function journalDocument(
    inspection: Inspection,
    analysis: JournalAnalysis,
    stories: readonly TransactionStory[],
    journalBlockNo: number,
): object {
    const newest = analysis.sequence.at(-1);
    let referencesLeft = maxDocumentReferences;
    const transactions = stories.map(({ tid, fate, metablocks }) => ({
        tid,
        fate,
        metablocks: metablocks.map((story) => {
            const isListed = story.references.length <= referencesLeft;
            referencesLeft -= story.references.length;
            return metablockDocument(story, isListed, journalBlockNo);
        }),
    }));
    if (referencesLeft < 0) {
        inspection.complain("too many references: those of the last metablocks are left out");
    }
    return {
        journal: {
            first: journalBlockNo,
            blockCount: analysis.blocks.blockCount,
            isRefused: analysis.log.isFatal,
            ...(newest && {
                completeBoundary: newest.completeBoundary,
                commitBoundary: newest.commitBoundary,
            }),
            replayedBlockCount: analysis.plan?.length ?? 0,
            transactions,
        },
    };
}

function metablockDocument(
    { metablock, reasons, references }: MetablockStory,
    isListed: boolean,
    journalBlockNo: number,
): object {
    const { blockIndex, flags, ...fields } = metablock;
    return {
        block: journalBlockNo + blockIndex,
        ...fields,
        flags: metablockFlagNames(flags),
        reasons,
        ...(isListed && {
            references: references.map(({ reference, fate }) => ({
                block: reference.blockNo,
                ...(reference.dataIndex >= 0 && { from: journalBlockNo + reference.dataIndex }),
                checksum: reference.checksum,
                flags: blockFlagNames(reference.bflags),
                fate,
            })),
        }),
    };
}
