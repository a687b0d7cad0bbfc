/** The words of a command line: of what `--run` is given, and of one that repeats a run. */
import { UserError } from "../../base/user-error.ts";
import { ExitCode } from "../inspect/inspection.ts";

/**
 * Splits at blanks. Quotes of either kind keep blanks, and a backslash the character after it, but
 * not within single quotes. Throws `UserError` for a quote without its end.
 *
 * @param option whose argument it is, for the message
 */
export function commandWords(text: string, option: string): string[] {
    const words: string[] = [];
    let word: string | undefined;
    let quote = "";
    for (let at = 0; at < text.length; at++) {
        const character = text[at];
        if (character === quote) {
            quote = "";
        } else if (quote === "" && (character === "'" || character === '"')) {
            quote = character;
            word ??= "";
        } else if (quote === "" && /\s/.test(character)) {
            words.push(...(word === undefined ? [] : [word]));
            word = undefined;
        } else {
            const isEscape = character === "\\" && quote !== "'" && at + 1 < text.length;
            at += isEscape ? 1 : 0;
            word = (word ?? "") + text[at];
        }
    }
    if (quote !== "") {
        throw new UserError(`${option}: a quote (${quote}) is never closed`, ExitCode.usage);
    }
    words.push(...(word === undefined ? [] : [word]));
    return words;
}

/** Words as one text that `commandWords` takes apart, and that a shell takes for these words. */
export function joinedWords(words: readonly string[]): string {
    return words.map(quoted).join(" ");
}

function quoted(word: string): string {
    return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
