/** docs/FINDINGS.md and the catalogue say the same. */
import { describe, expect, it } from "vitest";
import { catalogue } from "../../src/fsck/catalogue/index.ts";
import { findingsDocument } from "../support/findings-document.ts";

/** What is wrong with a sentence that explains a finding. */
function faultsOf(help: string): string[] {
    const faults = {
        "is no sentence": !/^[A-Za-z].*[.]$/.test(help),
        "has more than one line": help.includes("\n"),
        "is too short to explain anything": help.length < 30,
        "is too long for a line": help.length > 150,
    };
    return Object.entries(faults).flatMap(([fault, isSo]) => (isSo ? [fault] : []));
}

describe("the catalogue", () => {
    it("is what docs/FINDINGS.md says", async () => {
        await expect(findingsDocument()).toMatchFileSnapshot("../../docs/FINDINGS.md");
    });

    it("explains every code in a sentence, and no two in the same words", () => {
        const helps = Object.entries(catalogue).map(([code, { help }]) => ({ code, help }));
        const faulty = helps.flatMap(({ code, help }) =>
            faultsOf(help).map((fault) => `${code} ${fault}`),
        );
        expect(faulty).toEqual([]);
        expect(new Set(helps.map(({ help }) => help)).size).toBe(helps.length);
    });

    it("has codes of lower-case words", () => {
        const odd = Object.keys(catalogue).filter((code) => !/^[a-z]+(-[a-z]+)+$/.test(code));
        expect(odd).toEqual([]);
    });

    it("would not pass with a bare word", () => {
        expect(faultsOf("broken")).toEqual(["is no sentence", "is too short to explain anything"]);
    });
});
