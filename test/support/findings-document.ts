/** The text of docs/FINDINGS.md, made from the catalogue. */
import type { CatalogueEntry } from "../../src/fsck/catalogue/entry.ts";
import { catalogue, isStrictCode } from "../../src/fsck/catalogue/index.ts";
import { type FindingCode, isFindingCode } from "../../src/fsck/finding.ts";
import { treatmentOf } from "../../src/fsck/repair/treatment.ts";

const head = `# Findings of chickadeefsck

Every finding has a code that never changes its meaning. An *error* makes the check fail (exit
status 1); a *warning* is wrong but harmless; a *note* is worth knowing. With \`--strict\` each
line that is printed ends in its code, and \`chickadeefsck --explain CODE\` says what stands here.

The last column says what \`chickadeefsck --repair\` does about it: it *fixes* it, it *refuses* to
change a disk that has it, or it *leaves* it as it is.

This file is made from the catalogue in \`src/fsck/catalogue\`, anew by
\`npx vitest run test/unit/findings-document.test.ts -u\`.
`;

const groups: readonly (readonly [title: string, holds: (code: FindingCode) => boolean])[] = [
    ["Every check", (code) => !isStrictCode(code)],
    ["Only with --strict", isStrictCode],
];

const tableHead = "| code | severity | meaning | repair |\n|---|---|---|---|\n";
const treatments = { fix: "fixes", blocks: "refuses", ignorable: "leaves" } as const;

export function findingsDocument(): string {
    const codes = Object.keys(catalogue).filter(isFindingCode);
    const parts = groups.map(([title, holds]) => {
        const rows = codes.filter(holds).map(row);
        return `## ${title}\n\n${tableHead}${rows.join("")}`;
    });
    return [head, ...parts].join("\n");
}

function row(code: FindingCode): string {
    const { severity, help, more }: CatalogueEntry = catalogue[code];
    const meaning = more === undefined ? help : `${help} ${more}`;
    return `| \`${code}\` | ${severity} | ${meaning} | ${treatments[treatmentOf(code)]} |\n`;
}
