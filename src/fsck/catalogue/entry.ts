/** One kind of finding, as the catalogue has it. */
import type { ByteString } from "../../base/byte-string.ts";
import type { Severity } from "../finding.ts";

export interface CatalogueEntry {
    readonly severity: Severity;
    /** One sentence for `--explain`: what it means, or what to do. */
    readonly help: string;
    /**
     * The words: one line, or a line and further ones. Where the reference tool reports the same,
     * they are its words, for scripts know them.
     */
    // biome-ignore lint/suspicious/noExplicitAny: each entry declares what its own words need
    readonly text: (parameters: any) => ByteString | ByteString[];
}
