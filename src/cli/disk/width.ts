/** How wide lines may be. */
import type { Inspection } from "../inspect/inspection.ts";

/** Characters of a terminal's line; what goes into a file or pipe is not to be broken at all. */
export function widthOf({ out }: Inspection): number {
    return out.isTerminal ? out.columns : Number.POSITIVE_INFINITY;
}
