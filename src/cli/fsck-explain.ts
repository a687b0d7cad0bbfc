/** `chickadeefsck --explain`: what a code means, and what to do about it. */
import { printable, utf8Encode } from "../base/byte-string.ts";
import { UserError } from "../base/user-error.ts";
import type { CatalogueEntry } from "../fsck/catalogue/entry.ts";
import { catalogue, isStrictCode } from "../fsck/catalogue/index.ts";
import { type FindingCode, isFindingCode } from "../fsck/finding.ts";
import { type Treatment, treatmentOf } from "../fsck/repair/treatment.ts";
import { table } from "../report/table.ts";
import { fsckFailureExitCode, fsckName } from "./fsck-options.ts";
import type { Printer } from "./printer.ts";

/** What stands for all codes. */
const everyCode = "list";

const codes: readonly FindingCode[] = Object.keys(catalogue).filter(isFindingCode);

/**
 * Prints what a code means, in whatever case it is typed, or all codes for `list`. Throws
 * `UserError` where there is no such code.
 */
export function explain(typed: string, out: Printer): void {
    const code = typed.toLowerCase();
    if (code === everyCode) {
        for (const line of table(codes.map(row))) {
            out.text(`${line}\n`);
        }
    } else if (isFindingCode(code)) {
        out.text(explanation(code));
    } else {
        const shown = printable(utf8Encode(typed));
        throw new UserError(
            `${fsckName}: no finding has the code '${shown}'${nearest(code)}` +
                `\nTry '${fsckName} --explain ${everyCode}' for all of them.`,
            fsckFailureExitCode,
        );
    }
}

function row(code: FindingCode): string[] {
    const { severity, help } = catalogue[code];
    return [code, severity, help];
}

const treatmentTexts: Readonly<Record<Treatment, string>> = {
    fix: "--repair puts it right.",
    blocks: "--repair changes nothing on a disk that has it: only a person can decide.",
    ignorable: "--repair leaves it as it is.",
};

function explanation(code: FindingCode): string {
    const { severity, help, more }: CatalogueEntry = catalogue[code];
    const lines = [
        help,
        ...(more === undefined ? [] : [more]),
        ...(isStrictCode(code) ? ["Only --strict reports it."] : []),
        treatmentTexts[treatmentOf(code)],
    ];
    return `${code} (${severity})\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

/** Codes that `typed` may have been meant for, as the end of a sentence; at most three. */
function nearest(typed: string): string {
    // No code is this long, and the distance takes time for each letter of both.
    const cut = typed.slice(0, 64);
    const near = codes
        .map((code) => ({ code, distance: code.includes(cut) ? 0 : editDistance(code, cut) }))
        .filter(({ distance }) => 2 * distance <= cut.length)
        .sort((a, b) => a.distance - b.distance)
        .slice(0, 3);
    return near.length === 0 || cut === ""
        ? ""
        : `; the nearest are${near.map(({ code }) => `\n  ${code}`).join("")}`;
}

/** Letters to insert, drop or change to make `typed` of the best beginning of `code`. */
function editDistance(code: string, typed: string): number {
    let above = Array.from({ length: typed.length + 1 }, (_, column) => column);
    let best = typed.length;
    for (const [line, letter] of [...code].entries()) {
        const current = [line + 1];
        for (let column = 1; column <= typed.length; column++) {
            const change = letter === typed[column - 1] ? 0 : 1;
            const shorter = Math.min(above[column], current[column - 1]) + 1;
            current.push(Math.min(shorter, above[column - 1] + change));
        }
        above = current;
        best = Math.min(best, above[typed.length]);
    }
    return best;
}
