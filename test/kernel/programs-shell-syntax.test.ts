/** The shell's grammar: what text comes to, and that no text is too much for it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Command, type List, parse } from "../../src/programs/shell/parse.ts";

function words(...texts: readonly string[]): Command {
    return { list: undefined, words: texts, redirects: [] };
}

describe("the shell's grammar", () => {
    it("has commands in pipelines in chains in lists", () => {
        expect(parse("a b|c && d || e; f & g")).toEqual([
            {
                first: [words("a", "b"), words("c")],
                rest: [
                    { operator: "&&", pipeline: [words("d")] },
                    { operator: "||", pipeline: [words("e")] },
                ],
                isBackground: false,
            },
            { first: [words("f")], rest: [], isBackground: true },
            { first: [words("g")], rest: [], isBackground: false },
        ]);
    });

    it("has redirections anywhere in a command, in order", () => {
        expect(parse("<in a>out b>>more")).toEqual([
            {
                first: [
                    {
                        list: undefined,
                        words: ["a", "b"],
                        redirects: [
                            { operator: "<", path: "in" },
                            { operator: ">", path: "out" },
                            { operator: ">>", path: "more" },
                        ],
                    },
                ],
                rest: [],
                isBackground: false,
            },
        ]);
    });

    it("has lists in parentheses for commands", () => {
        const inner = parse("a; b");
        expect(parse("(a; b) > f")).toEqual([
            {
                first: [{ list: inner, words: [], redirects: [{ operator: ">", path: "f" }] }],
                rest: [],
                isBackground: false,
            },
        ]);
    });

    it.each(["", " ", ";;", "\n\n", "# comment"])("takes %j for nothing to do", (text) => {
        expect(parse(text)).toEqual([]);
    });

    it.each([
        ["a b (c)", "unexpected: ("],
        ["(a) b", "unexpected: b"],
        ["()|", "unexpected: the end of the line"],
        ["&", "unexpected: &"],
        ["a & & b", "unexpected: &"],
        ["> >", "unexpected: >"],
        ["a 'b", "a quote is not closed"],
        ["(".repeat(51), "there are too many parentheses"],
    ])("says what is wrong with %j", (text, problem) => {
        expect(parse(text)).toBe(problem);
    });

    it("gives a list or a problem for any text, however made", () => {
        const piece = fc.constantFrom("a", " ", "|", "||", "&", "&&", ";", "<", ">", "(", ")", "'");
        const text = fc.oneof(
            fc.string(),
            fc.array(piece).map((pieces) => pieces.join("")),
        );
        fc.assert(
            fc.property(text, (anything) => {
                const result = parse(anything);
                expect(typeof result === "string" ? result !== "" : Array.isArray(result)).toBe(
                    true,
                );
            }),
            { seed: 4, numRuns: 1000 },
        );
    });

    it("finds again what a list was written from", () => {
        const word = fc.stringMatching(/^[a-z]{1,5}$/);
        const command = fc.array(word, { minLength: 1, maxLength: 3 }).map((all) => words(...all));
        const pipeline = fc.array(command, { minLength: 1, maxLength: 3 });
        const operator = fc.constantFrom("&&" as const, "||" as const);
        const rest = fc.array(fc.record({ operator, pipeline }), { maxLength: 3 });
        const chain = fc.record({ first: pipeline, rest, isBackground: fc.boolean() });
        fc.assert(
            fc.property(fc.array(chain, { maxLength: 4 }), (list) => {
                expect(parse(write(list))).toEqual(list);
            }),
            { seed: 4, numRuns: 300 },
        );
    });
});

function write(list: List): string {
    const pipelineText = (pipeline: readonly Command[]) =>
        pipeline.map((command) => command.words.join(" ")).join(" | ");
    return list
        .map(({ first, rest, isBackground }) => {
            const more = rest.map(
                ({ operator, pipeline }) => ` ${operator} ${pipelineText(pipeline)}`,
            );
            return pipelineText(first) + more.join("") + (isBackground ? " &" : ";");
        })
        .join(" ");
}
