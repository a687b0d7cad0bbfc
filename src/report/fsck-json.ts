/**
 * A check as one JSON document.
 *
 * `format` rises when a field changes its meaning; new fields do not raise it. Keys always come in
 * the same order, and a name means the same everywhere; docs/JSON.md has them all. Names and
 * messages are text where their bytes are UTF-8, and otherwise have `\xNN` for each byte that is
 * not printable ASCII.
 */
import { type ByteString, printable, utf8Decode } from "../base/byte-string.ts";
import type { JournalAnalysis } from "../chkfs/journal/analysis.ts";
import type { JournalMetablock } from "../chkfs/journal/metablocks.ts";
import {
    type JournalNotice,
    noticeClass,
    noticeNumbers,
    noticeText,
} from "../chkfs/journal/notices.ts";
import { soundRules } from "../chkfs/journal/rules.ts";
import type { CheckResult } from "../fsck/check.ts";
import { type Finding, type FindingCode, findingText } from "../fsck/finding.ts";
import type { CheckListener } from "../fsck/reporter.ts";
import { nameFields } from "./json.ts";
import { metablockFlagNames, transactionOutlines } from "./transaction-story.ts";

/** Writes of a journal that a document lists, and as many of its plan; more are counted only. */
const maxListedWrites = 10_000;

/** What a document tells of. */
export interface FsckReport {
    /** What the image is called. */
    readonly image: string;
    readonly sizeBytes: number;
    readonly rules: "sound" | "reference";
    readonly isStrict: boolean;
    readonly findings: readonly Finding[];
    /** Findings of each code that were only counted. */
    readonly omitted: readonly { readonly code: FindingCode; readonly count: number }[];
    readonly result: CheckResult;
    /** The journal was not to be looked at. */
    readonly ignoresJournal: boolean;
    /** The replay was written into the image. */
    readonly isSaved: boolean;
    readonly exitStatus: number;
}

/** Findings that a document tells; a disk made to annoy has very many. */
const maxListedFindings = 20_000;

/** Keeps what a check finds until its document is made; what is too much is only counted. */
export class FindingCollector {
    readonly findings: Finding[] = [];
    readonly #omitted = new Map<FindingCode, number>();

    readonly listener: CheckListener = (event) => {
        if (event.kind === "omitted") {
            this.#omit(event.code, event.count);
        } else if (event.kind === "finding") {
            if (this.findings.length < maxListedFindings) {
                this.findings.push(event.finding);
            } else {
                this.#omit(event.finding.code, 1);
            }
        }
    };

    /** Findings of each code that were only counted. */
    get omitted(): { code: FindingCode; count: number }[] {
        return [...this.#omitted].map(([code, count]) => ({ code, count }));
    }

    #omit(code: FindingCode, count: number): void {
        this.#omitted.set(code, (this.#omitted.get(code) ?? 0) + count);
    }
}

/** The document of a check, for `jsonDocument`. */
export function fsckDocument(report: FsckReport): object {
    const { result } = report;
    return {
        format: 1,
        image: report.image,
        sizeBytes: report.sizeBytes,
        rules: report.rules,
        strict: report.isStrict,
        superblock: result.superblock ?? null,
        counts: { ...result.counts, byCode: Object.fromEntries(result.countsByCode) },
        findings: report.findings.map(findingDocument),
        omitted: report.omitted,
        journal: journalDocument(report),
        exitStatus: report.exitStatus,
    };
}

/** One finding; its parameters are what its words were made from. */
function findingDocument(finding: Finding): object {
    const { code, severity, place, parameters } = finding;
    const { message, details } = findingText(finding);
    return {
        code,
        severity,
        place: textsOf(place),
        message: textOf(message),
        details: details.map(textOf),
        parameters: textsOf(isNoticed(parameters) ? noticeNumbers(parameters.notice) : parameters),
    };
}

/** Whether a finding is a notice of the journal's analysis, which keeps its numbers unnamed. */
function isNoticed(parameters: unknown): parameters is { notice: JournalNotice } {
    return typeof parameters === "object" && parameters !== null && "notice" in parameters;
}

function textOf(bytes: ByteString): string {
    return utf8Decode(bytes) ?? printable(bytes);
}

/**
 * The same value with every byte string in it as text; where a `name` is not UTF-8, `nameBytes`
 * has its bytes.
 */
export function textsOf(value: unknown): unknown {
    if (typeof value === "string") {
        return textOf(value);
    }
    if (typeof value !== "object" || value === null) {
        return value;
    }
    const fields = Object.entries(value).map(([key, part]) =>
        key === "name" && typeof part === "string"
            ? nameFields(key, part)
            : { [key]: textsOf(part) },
    );
    return Object.assign({}, ...fields);
}

/** Null for a disk without a journal, and when there is no superblock to tell of one. */
function journalDocument(report: FsckReport): object | null {
    const { superblock, journal } = report.result;
    if (superblock === undefined || superblock.njournal === 0) {
        return null;
    }
    const reason = journal === undefined ? unreadReason(report) : idleReason(journal);
    return {
        blockCount: superblock.njournal,
        metablocks: journal?.metablocks.map(metablockDocument) ?? [],
        transactions: journal === undefined ? [] : transactionDocuments(journal),
        region: journal?.region ?? null,
        plan: journal?.plan?.slice(0, maxListedWrites) ?? [],
        planCount: journal?.plan?.length ?? 0,
        saved: report.isSaved,
        reason: reason ?? null,
    };
}

function unreadReason({ ignoresJournal }: FsckReport): string {
    return ignoresJournal ? "the journal was not to be replayed" : "the journal cannot be read";
}

/** Why nothing is replayed; undefined where something is. */
function idleReason({ log, plan }: JournalAnalysis): string | undefined {
    const fatal = log.notices.find((notice) => noticeClass(notice) === "fatal");
    if (fatal !== undefined) {
        return `the journal is refused: ${noticeText(fatal)}`;
    }
    if (log.isFatal) {
        return "the journal is refused";
    }
    if (plan === undefined) {
        return "the journal holds no metablock";
    }
    return plan.length === 0 ? "no committed transaction is left to replay" : undefined;
}

function metablockDocument(metablock: JournalMetablock): object {
    const { flags, ...fields } = metablock;
    return { ...fields, flagNames: metablockFlagNames(flags) };
}

/** Each transaction with the homes of the blocks that it writes, as far as they are listed. */
function transactionDocuments(analysis: JournalAnalysis): object[] {
    let listedCount = 0;
    return transactionOutlines(analysis).map(({ tid, fate, metablocks }) => {
        const writes: number[] = [];
        let writeCount = 0;
        for (const metablock of metablocks) {
            analysis.blocks.forEachReference(metablock, soundRules, ({ blockNo, dataIndex }) => {
                if (dataIndex < 0) {
                    return;
                }
                writeCount++;
                if (listedCount < maxListedWrites) {
                    listedCount++;
                    writes.push(blockNo);
                }
            });
        }
        const places = metablocks.map(({ blockIndex }) => blockIndex);
        return { tid, state: fate, metablockIndexes: places, writes, writeCount };
    });
}
