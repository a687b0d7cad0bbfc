/** Words and operators of a shell's line. */

export interface Token {
    readonly kind: "word" | "operator";
    /** Of a word without its quotes. */
    readonly text: string;
}

/** Longer ones first; a line's end is as good as `;`. */
const operators = ["&&", "||", ">>", ";", "&", "|", "<", ">", "(", ")", "\n"];

/**
 * Splits text into words and operators. Spaces part words, quotes of either kind join what is
 * between, a word that begins with # begins a comment. Undefined: a quote is not closed.
 */
export function tokensOf(text: string): readonly Token[] | undefined {
    const tokens: Token[] = [];
    let at = 0;
    while (at < text.length) {
        const operator = operators.find((one) => text.startsWith(one, at));
        if (operator !== undefined) {
            tokens.push({ kind: "operator", text: operator });
            at += operator.length;
        } else if (text[at] === " " || text[at] === "\t" || text[at] === "\r") {
            at++;
        } else if (text[at] === "#") {
            const end = text.indexOf("\n", at);
            at = end < 0 ? text.length : end;
        } else {
            const word = wordAt(text, at);
            if (word === undefined) {
                return undefined;
            }
            tokens.push({ kind: "word", text: word.text });
            at = word.end;
        }
    }
    return tokens;
}

/** The word that begins at `start`, and where it ends. */
function wordAt(text: string, start: number): { text: string; end: number } | undefined {
    let word = "";
    let at = start;
    while (at < text.length && !/[\s;&|<>()]/.test(text[at])) {
        if (text[at] === "'" || text[at] === '"') {
            const end = text.indexOf(text[at], at + 1);
            if (end < 0) {
                return undefined;
            }
            word += text.slice(at + 1, end);
            at = end + 1;
        } else {
            word += text[at++];
        }
    }
    return { text: word, end: at };
}
