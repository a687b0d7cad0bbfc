/**
 * The shell's grammar.
 *
 *     list     = [ chain { (";" | "&" | newline) [ chain ] } ]
 *     chain    = pipeline { ("&&" | "||") pipeline }
 *     pipeline = command { "|" command }
 *     command  = ( word | redirect ) { word | redirect }  |  "(" list ")" { redirect }
 *     redirect = ("<" | ">" | ">>") word
 */
import { type Token, tokensOf } from "./tokens.ts";

export interface Redirect {
    readonly operator: "<" | ">" | ">>";
    readonly path: string;
}

export interface Command {
    /** What is in parentheses; a command has this or words. */
    readonly list: List | undefined;
    readonly words: readonly string[];
    readonly redirects: readonly Redirect[];
}

export type Pipeline = readonly Command[];

export interface Chain {
    readonly first: Pipeline;
    /** Each is run if what came before succeeded (`&&`) or failed (`||`). */
    readonly rest: readonly { readonly operator: "&&" | "||"; readonly pipeline: Pipeline }[];
    /** Nobody waits for it. */
    readonly isBackground: boolean;
}

export type List = readonly Chain[];

/** Text that is no list. */
class SyntaxProblem extends Error {}

/** The list that `text` is, or what is wrong with it. */
export function parse(text: string): List | string {
    const tokens = tokensOf(text);
    if (tokens === undefined) {
        return "a quote is not closed";
    }
    const parser = new Parser(tokens);
    try {
        const list = parser.list();
        parser.expectEnd();
        return list;
    } catch (error) {
        if (error instanceof SyntaxProblem) {
            return error.message;
        }
        throw error;
    }
}

/** Parentheses within parentheses, at most. */
const maxDepth = 50;

class Parser {
    readonly #tokens: readonly Token[];
    #at = 0;
    #depth = 0;

    constructor(tokens: readonly Token[]) {
        this.#tokens = tokens;
    }

    list(): List {
        const chains: Chain[] = [];
        for (;;) {
            while (this.#takes(";") || this.#takes("\n")) {
                // Empty commands are nothing.
            }
            if (this.#next === undefined || this.#isNext(")")) {
                return chains;
            }
            chains.push(this.#chain());
            const isEnd = this.#next === undefined || this.#isNext(")");
            const isAnother = chains.at(-1)?.isBackground || this.#isNext(";", "\n");
            if (!isEnd && !isAnother) {
                this.#unexpected();
            }
        }
    }

    expectEnd(): void {
        if (this.#next !== undefined) {
            this.#unexpected();
        }
    }

    #chain(): Chain {
        const first = this.#pipeline();
        const rest: { operator: "&&" | "||"; pipeline: Pipeline }[] = [];
        for (;;) {
            const operator = this.#takes("&&") ? "&&" : this.#takes("||") ? "||" : undefined;
            if (operator === undefined) {
                return { first, rest, isBackground: this.#takes("&") };
            }
            rest.push({ operator, pipeline: this.#pipeline() });
        }
    }

    #pipeline(): Pipeline {
        const commands = [this.#command()];
        while (this.#takes("|")) {
            commands.push(this.#command());
        }
        return commands;
    }

    #command(): Command {
        let list: List | undefined;
        if (this.#takes("(")) {
            list = this.#inParentheses();
        }
        const words: string[] = [];
        const redirects: Redirect[] = [];
        for (;;) {
            const redirect = this.#redirect();
            const token = this.#next;
            if (redirect !== undefined) {
                redirects.push(redirect);
            } else if (token?.kind === "word" && list === undefined) {
                words.push(token.text);
                this.#at++;
            } else {
                break;
            }
        }
        if (list === undefined && words.length === 0 && redirects.length === 0) {
            this.#unexpected();
        }
        return { list, words, redirects };
    }

    #inParentheses(): List {
        this.#depth++;
        if (this.#depth > maxDepth) {
            throw new SyntaxProblem("there are too many parentheses");
        }
        const list = this.list();
        if (!this.#takes(")")) {
            this.#unexpected();
        }
        this.#depth--;
        return list;
    }

    #redirect(): Redirect | undefined {
        for (const operator of ["<", ">", ">>"] as const) {
            if (this.#takes(operator)) {
                const path = this.#next;
                if (path?.kind !== "word") {
                    this.#unexpected();
                }
                this.#at++;
                return { operator, path: path.text };
            }
        }
        return undefined;
    }

    get #next(): Token | undefined {
        return this.#tokens.at(this.#at);
    }

    #isNext(...operators: readonly string[]): boolean {
        const token = this.#next;
        return token?.kind === "operator" && operators.includes(token.text);
    }

    /** Takes an operator if it is next. */
    #takes(operator: string): boolean {
        const isNext = this.#isNext(operator);
        this.#at += isNext ? 1 : 0;
        return isNext;
    }

    #unexpected(): never {
        const text = this.#next?.text;
        const what = text === undefined || text === "\n" ? "the end of the line" : text;
        throw new SyntaxProblem(`unexpected: ${what}`);
    }
}
