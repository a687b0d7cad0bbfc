/**
 * The journal beyond what decides about its replay: every metablock, those included that are not
 * replayed, and the numbers that tie them together.
 *
 * Malformed metablocks (see `noticeKinds`) have been reported and are passed over. Of torn ones
 * the metablock itself is whole and is looked at, but not the data blocks behind it.
 */
import type { JournalAnalysis } from "../../chkfs/journal/analysis.ts";
import type { JournalMetablock } from "../../chkfs/journal/metablocks.ts";
import { MetablockFlag, maxBlockReferences } from "../../chkfs/layout.ts";
import type { Superblock } from "../../chkfs/superblock.ts";
import type { FindingCode, ParametersOf } from "../finding.ts";
import type { Reporter } from "../reporter.ts";
import { checkMetablock } from "./journal-metablock.ts";
import { checkNumbers } from "./journal-numbers.ts";
import { ReferenceCheck } from "./journal-references.ts";

/** Reports a finding about a block of the journal. */
export type JournalReport = <C extends FindingCode>(
    code: C,
    blockIndex: number,
    parameters: ParametersOf<C>,
) => void;

export function checkJournalStrictly(
    analysis: JournalAnalysis,
    superblock: Superblock,
    reporter: Reporter,
): void {
    const { blockCount } = analysis.blocks;
    const report: JournalReport = (code, blockIndex, parameters) =>
        reporter.report(code, { kind: "journal", blockIndex, blockCount }, parameters);
    const references = new ReferenceCheck(analysis, superblock, report);
    for (const metablock of analysis.metablocks) {
        if (!isMalformed(metablock)) {
            checkMetablock(analysis.blocks, metablock, report);
            references.check(metablock);
        }
    }
    checkNumbers(analysis, references.isDataBlock, report);
}

function isMalformed({ flags, nref }: JournalMetablock): boolean {
    const { meta, error, corrupt } = MetablockFlag;
    return (flags & (meta | error | corrupt)) !== meta || nref > maxBlockReferences;
}
