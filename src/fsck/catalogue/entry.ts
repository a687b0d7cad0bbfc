/** One kind of finding, as the catalogue has it. */
import type { ByteString } from "../../base/byte-string.ts";
import type { Severity } from "../finding.ts";

export interface CatalogueEntry {
    readonly severity: Severity;
    /** One line for `--explain`: what it means, and what to do. */
    readonly help: string;
    /** Further sentences for `--explain`: why it matters, and what a kernel does with it. */
    readonly more?: string;
    /**
     * The words: one line, or a line and further ones. Where the reference tool reports the same,
     * they are its words, for scripts know them.
     */
    readonly text: (parameters: never) => ByteString | ByteString[];
}
