/** How a checksum that stands in a journal compares with the bytes that it is of. */
import { noChecksum } from "../layout.ts";

export type ChecksumVerdict =
    /** `none`: the constant stands there that says so, and nothing is checked. */
    | { readonly state: "fits" | "none"; readonly stored: number }
    | { readonly state: "does not fit"; readonly stored: number; readonly computed: number };

/** @param compute called only where there is a checksum to compare with */
export function judgeChecksum(stored: number, compute: () => number): ChecksumVerdict {
    if (stored === noChecksum) {
        return { state: "none", stored };
    }
    const computed = compute();
    return computed === stored
        ? { state: "fits", stored }
        : { state: "does not fit", stored, computed };
}
