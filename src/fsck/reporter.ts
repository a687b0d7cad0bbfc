/**
 * Where a check reports: findings and, on request, what it sees on its way, in order.
 *
 * Events go to a listener as they come, so that a check needs no memory for its report. However
 * damaged the image, output is bounded: of each code only so many findings are passed on, and the
 * others are counted.
 */
import type { ByteString } from "../base/byte-string.ts";
import type { JournalNotice } from "../chkfs/journal/notices.ts";
import type { Superblock } from "../chkfs/superblock.ts";
import { catalogue } from "./catalogue/index.ts";
import type { Finding, FindingCode, ParametersOf, Place, Severity } from "./finding.ts";

/** One thing that a check has to tell. Only findings come without `observe`. */
export type CheckEvent =
    | { readonly kind: "finding"; readonly finding: Finding }
    | { readonly kind: "omitted"; readonly code: FindingCode; readonly count: number }
    | { readonly kind: "superblock"; readonly superblock: Superblock }
    | {
          readonly kind: "journal";
          readonly notice: JournalNotice;
          readonly blockCount: number;
      }
    | { readonly kind: "replay"; readonly tid: number; readonly blockNo: number }
    | {
          readonly kind: "inode";
          readonly inodeNo: number;
          readonly name: ByteString;
          readonly size: number;
          readonly type: number;
          readonly nlink: number;
          readonly indirect: { readonly first: number; readonly count: number };
      }
    | {
          readonly kind: "extent";
          readonly index: number;
          readonly first: number;
          readonly count: number;
      }
    | {
          readonly kind: "dirent";
          readonly slot: number;
          readonly name: ByteString;
          readonly inodeNo: number;
      };

export type CheckListener = (event: CheckEvent) => void;

/** Findings of one code that are passed on; more only repeat what is known. */
export const maxFindingsPerCode = 10_000;

export class Reporter {
    /** Whether the listener wants more than findings. */
    readonly isObserving: boolean;
    readonly #listener: CheckListener;
    readonly #counts = new Map<FindingCode, number>();
    readonly #severities: Record<Severity, number> = { error: 0, warning: 0, note: 0 };
    readonly #muted: ReadonlySet<FindingCode>;

    /** @param muted codes that are neither passed on nor counted */
    constructor(
        listener: CheckListener,
        isObserving: boolean,
        muted: ReadonlySet<FindingCode> = new Set(),
    ) {
        this.#listener = listener;
        this.isObserving = isObserving;
        this.#muted = muted;
    }

    /** Reports a finding; `severity` where it differs from the catalogue's. */
    report<C extends FindingCode>(
        code: C,
        place: Place,
        parameters: ParametersOf<C>,
        severity: Severity = catalogue[code].severity,
    ): void {
        if (this.#muted.has(code)) {
            return;
        }
        this.#severities[severity]++;
        const count = (this.#counts.get(code) ?? 0) + 1;
        this.#counts.set(code, count);
        if (count <= maxFindingsPerCode) {
            const finding = { code, severity, place, parameters };
            this.#listener({ kind: "finding", finding });
        }
    }

    /** Counts findings that nobody kept, behind `maxFindingsPerCode` or more that were reported. */
    countMore(code: FindingCode, count: number, severity: Severity): void {
        if (!this.#muted.has(code)) {
            this.#severities[severity] += count;
            this.#counts.set(code, (this.#counts.get(code) ?? 0) + count);
        }
    }

    /** Passes on what the check sees; call it only when `isObserving`. */
    observe(event: Exclude<CheckEvent, { kind: "finding" | "omitted" }>): void {
        this.#listener(event);
    }

    /** Tells how many findings were only counted; call it once, at the end. */
    finish(): void {
        for (const [code, count] of this.#counts) {
            if (count > maxFindingsPerCode) {
                this.#listener({ kind: "omitted", code, count: count - maxFindingsPerCode });
            }
        }
    }

    /** How many findings of a severity were reported. */
    countOf(severity: Severity): number {
        return this.#severities[severity];
    }

    /** How many findings of each code were reported, in the order of first appearance. */
    get countsByCode(): ReadonlyMap<FindingCode, number> {
        return this.#counts;
    }
}
