/** `chickadee journal`: the transactions in a journal, and what a replay would do with each. */
import type { JournalAnalysis } from "../../chkfs/journal/analysis.ts";
import type { Superblock } from "../../chkfs/superblock.ts";
import { counted, rangeText } from "../../report/size.ts";
import { table } from "../../report/table.ts";
import {
    blockFlagNames,
    checksumText,
    type MetablockStory,
    metablockFlagNames,
    type ReferenceStory,
    type TransactionStory,
    transactionFates,
    transactionStories,
} from "../../report/transaction-story.ts";
import { wrapped } from "../../report/wrap.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { checksumFields } from "./fields.ts";
import type { CommonOptions, Inspection } from "./inspection.ts";
import {
    journalBlockCount,
    journalBlockText,
    journalProblem,
    readJournal,
    refusalReasons,
} from "./journal-reading.ts";
import { addColour, addInspection, runInspection } from "./register.ts";

/** References of one metablock that are listed in text. */
const maxListedReferences = 40;

/** References that a document lists in all. */
const maxDocumentReferences = 200_000;

export const registerJournal: RegisterSubCommand = (program, context) => {
    const description = "print the transactions of the journal";
    const command = addInspection(program, "journal", description, "chickadee journal disk.img");
    addColour(command).action((image: string, options: CommonOptions) =>
        runInspection(context, image, options, journal),
    );
};

function journal(inspection: Inspection): void {
    const volume = inspection.volume();
    const { superblock } = volume;
    const problem = journalProblem(superblock);
    if (problem !== undefined) {
        throw inspection.error(problem);
    }
    const { analysis, problems } = readJournal(volume);
    for (const one of [...problems, ...refusalReasons(analysis, superblock)]) {
        inspection.complain(one);
    }
    if (journalBlockCount(superblock) === 0) {
        if (inspection.isJson) {
            inspection.document({ journal: null });
        } else {
            inspection.lines([`${inspection.image.name}: no journal`]);
        }
        return;
    }
    const stories = transactionStories(analysis);
    if (inspection.isJson) {
        inspection.document(journalDocument(inspection, analysis, stories, superblock));
    } else {
        inspection.lines(journalLines(inspection, analysis, stories, superblock));
    }
}

function* journalLines(
    inspection: Inspection,
    analysis: JournalAnalysis,
    stories: readonly TransactionStory[],
    superblock: Superblock,
): Generator<string> {
    const { image, colours } = inspection;
    const { blockCount } = analysis.blocks;
    const range = rangeText(superblock.journal_bn, blockCount);
    yield colours.heading(`${image.name}: journal of ${counted(blockCount, "block")}, ${range}`);
    yield verdictText(analysis, stories);
    for (const { tid, fate, metablocks } of stories) {
        yield "";
        yield colours.heading(`transaction ${tid}`);
        yield `  ${transactionFates[fate]}`;
        for (const story of metablocks) {
            yield* metablockLines(inspection, story, superblock);
        }
    }
}

/** What a replay would do, in one line. */
function verdictText(
    { plan, log, sequence }: JournalAnalysis,
    stories: readonly TransactionStory[],
): string {
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
        return stories.length === 0 ? "empty" : "no valid metablock: nothing to replay";
    }
    return plan.length === 0
        ? `nothing to replay${boundaries}`
        : `would replay ${counted(plan.length, "block")}${boundaries}`;
}

function* metablockLines(
    { colours }: Inspection,
    { metablock, reasons, references }: MetablockStory,
    superblock: Superblock,
): Generator<string> {
    const { blockIndex, seq, completeBoundary, commitBoundary, flags, nref } = metablock;
    const names = metablockFlagNames(flags).join(" ") || "no flags";
    yield* wrapped(
        [
            `metablock in block ${journalBlockText(superblock, blockIndex)}:`,
            `seq ${seq},`,
            `${names},`,
            `boundaries ${completeBoundary} and ${commitBoundary},`,
            counted(nref, "reference"),
        ],
        "  ",
    );
    for (const reason of reasons) {
        yield* wrapped(`left out: ${reason}`.split(" "), "    ").map(colours.problem);
    }
    const listed = references.slice(0, maxListedReferences);
    const rows = table(listed.map((story) => referenceRow(story, superblock)));
    for (const [index, { checksum }] of listed.entries()) {
        yield rows[index];
        if (checksum?.state === "does not fit") {
            yield colours.problem(`      ${checksumText(checksum)}`);
        }
    }
    if (references.length > rows.length) {
        yield `    ... and ${references.length - rows.length} more (--json shows all)`;
    }
}

function referenceRow({ reference, fate }: ReferenceStory, superblock: Superblock): string[] {
    const { blockNo, dataIndex, bflags } = reference;
    return [
        `    block ${blockNo}`,
        dataIndex < 0 ? "" : `from ${journalBlockText(superblock, dataIndex)}`,
        fate === "unused" ? "" : fate,
        blockFlagNames(bflags).join(" "),
    ];
}

function journalDocument(
    inspection: Inspection,
    analysis: JournalAnalysis,
    stories: readonly TransactionStory[],
    { journal_bn }: Superblock,
): object {
    const newest = analysis.sequence.at(-1);
    let referencesLeft = maxDocumentReferences;
    const transactions = stories.map(({ tid, fate, metablocks }) => ({
        tid,
        fate,
        metablocks: metablocks.map((story) => {
            const isListed = story.references.length <= referencesLeft;
            referencesLeft -= story.references.length;
            return metablockDocument(story, isListed, journal_bn);
        }),
    }));
    if (referencesLeft < 0) {
        inspection.complain("too many references: those of the last metablocks are left out");
    }
    return {
        journal: {
            first: journal_bn,
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
    { metablock, checksum, reasons, references }: MetablockStory,
    isListed: boolean,
    journalBlockNo: number,
): object {
    const { blockIndex, flags, ...fields } = metablock;
    return {
        block: journalBlockNo + blockIndex,
        journalBlock: blockIndex,
        ...fields,
        flags: metablockFlagNames(flags),
        ...checksumFields(checksum),
        reasons,
        ...(isListed && {
            references: references.map((story) => referenceDocument(story, journalBlockNo)),
        }),
    };
}

function referenceDocument(
    { reference, fate, checksum }: ReferenceStory,
    journalBlockNo: number,
): object {
    const { blockNo, dataIndex, bflags } = reference;
    return {
        block: blockNo,
        ...(checksum !== undefined && {
            from: journalBlockNo + dataIndex,
            fromJournalBlock: dataIndex,
            ...checksumFields(checksum),
        }),
        flags: blockFlagNames(bflags),
        fate,
    };
}
