/**
 * What a repair did, and what kept it from doing anything, as values.
 */
import { type ByteString, printable, utf8Encode } from "../../base/byte-string.ts";
import { type Finding, type FindingCode, findingText, type Place } from "../finding.ts";
import { maxFindingsPerCode } from "../reporter.ts";

/** What a repair can do; stable names, for scripts. */
export type ChangeCode =
    | "replay-journal"
    | "clear-entry"
    | "cut-extents"
    | "make-lost-found"
    | "attach-inode"
    | "set-link-count"
    | "mark-used"
    | "mark-free"
    | "clear-bits-past-end";

/** One change. */
export interface RepairChange {
    readonly code: ChangeCode;
    readonly place: Place;
    /** What was done there, in plain words. */
    readonly message: ByteString;
}

/** A reason why nothing is changed at all. */
export interface Refusal {
    readonly code: FindingCode;
    readonly place: Place;
    readonly message: ByteString;
}

/** Changes in the order in which they were made; of each code only so many are kept. */
export class ChangeLog {
    readonly changes: RepairChange[] = [];
    readonly #counts = new Map<ChangeCode, number>();

    add(code: ChangeCode, place: Place, message: ByteString): void {
        const count = (this.#counts.get(code) ?? 0) + 1;
        this.#counts.set(code, count);
        if (count <= maxFindingsPerCode) {
            this.changes.push({ code, place, message });
        }
    }

    /** How many changes were made, kept or not. */
    get count(): number {
        let total = 0;
        for (const count of this.#counts.values()) {
            total += count;
        }
        return total;
    }
}

/** The refusal that a finding amounts to. */
export function refusalOf(finding: Finding): Refusal {
    const { code, place } = finding;
    return { code, place, message: findingText(finding).message };
}

/** A name in the words of a message. */
export function quoted(name: ByteString): ByteString {
    return utf8Encode(`"${printable(name)}"`);
}

/** "1 block", "2 blocks". */
export function counted(count: number, noun: string): string {
    return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
