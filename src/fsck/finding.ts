/**
 * Findings: what a check has to say about a disk, as values.
 *
 * A finding is a code, a place, and the numbers and names that its words need; the words are made
 * when it is printed (`findingText`). Codes are stable: scripts and graders may rely on them.
 */
import type { ByteString } from "../base/byte-string.ts";
import { type Catalogue, catalogue } from "./catalogue/index.ts";

/** An error makes the check fail; a warning and a note do so only on request. Worst first. */
export const severities = ["error", "warning", "note"] as const;

export type Severity = (typeof severities)[number];

export type FindingCode = keyof Catalogue;

/** What the words of a finding need. */
export type ParametersOf<C extends FindingCode> =
    Parameters<Catalogue[C]["text"]> extends [infer P] ? P : Record<never, never>;

/** What a finding is about. */
export type Place =
    | { readonly kind: "image" }
    | {
          readonly kind: "block";
          readonly blockNo: number;
          /** What uses the block, and as what. */
          readonly user?: {
              readonly name: ByteString;
              readonly role: string;
              /** 0 for a part of the disk. */
              readonly inodeNo: number;
          };
      }
    | {
          readonly kind: "inode";
          readonly inodeNo: number;
          /** The name by which the walk came upon it. */
          readonly name?: ByteString;
          /** A block of the file, from 0. */
          readonly fileBlock?: number;
          /** For a directory entry the block of the disk that holds it. */
          readonly diskBlock?: number;
      }
    | { readonly kind: "name"; readonly name: ByteString }
    | { readonly kind: "journal"; readonly blockIndex: number; readonly blockCount: number };

export interface Finding {
    readonly code: FindingCode;
    readonly severity: Severity;
    readonly place: Place;
    /** What its words need: `ParametersOf` its code. */
    readonly parameters: unknown;
}

/** The words of a finding without its place: the message, then further lines. */
export function findingText({ code, parameters }: Finding): {
    message: ByteString;
    details: ByteString[];
} {
    const { text } = catalogue[code] as { text: (parameters: unknown) => string | string[] };
    const lines = text(parameters);
    const [message, ...details] = typeof lines === "string" ? [lines] : lines;
    return { message, details };
}

/** Whether any finding is as bad as `failOn`, or worse. */
export function isFailure(counts: Readonly<Record<Severity, number>>, failOn: Severity): boolean {
    const failing = severities.slice(0, severities.indexOf(failOn) + 1);
    return failing.some((severity) => counts[severity] > 0);
}

/** Whether a string is the code of a finding. */
export function isFindingCode(code: string): code is FindingCode {
    return Object.hasOwn(catalogue, code);
}
