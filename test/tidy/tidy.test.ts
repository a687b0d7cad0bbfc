/**
 * House rules that no compiler knows, held by reading the sources. A failure lists every offender
 * at once, as `path:line: rule`.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { layers, projectFolder } from "./layers.ts";

interface SourceFile {
    /** From the project's folder. */
    readonly path: string;
    readonly lines: readonly string[];
}

interface Rule {
    readonly name: string;
    readonly holdsFor: (path: string) => boolean;
    /** Numbers of the lines that break the rule, counted from 1. */
    readonly offenders: (file: SourceFile) => number[];
    /** A file that breaks the rule: it must be caught. */
    readonly canary: SourceFile;
}

/** Files that are nothing but a table, and may be long. */
const pureTables: readonly string[] = [];

const inSource = (path: string) => path.startsWith("src/");
const inTests = (path: string) => path.startsWith("test/");
const inCore = (path: string) => inSource(path) && layers[path.split("/")[1]]?.isCore === true;
const everywhere = () => true;
/** For the pace of a live console; nothing else may know what time it is. */
const theClock = "src/host/stopwatch.ts";
/** This file names what the others must not contain. */
const butHere = (path: string) => path !== "test/tidy/tidy.test.ts";

const isComment = (line: string) => /^\s*(\/\/|\/?\*)/.test(line);

/** A rule against lines that match `pattern`; in code only, unless `comments` count too. */
function forbid(
    name: string,
    holdsFor: (path: string) => boolean,
    pattern: RegExp,
    canaryLine: string,
    comments: "comments too" | "code only" = "code only",
    canaryPath = "src/base/canary.ts",
): Rule {
    return {
        name,
        holdsFor,
        offenders: ({ lines }) =>
            lines.flatMap((line, index) =>
                pattern.test(line) && (comments === "comments too" || !isComment(line))
                    ? [index + 1]
                    : [],
            ),
        canary: { path: canaryPath, lines: ["/** A canary. */", canaryLine] },
    };
}

const rules: Rule[] = [
    {
        name: "a source file has at most 600 lines",
        holdsFor: (path) => inSource(path) && !pureTables.includes(path),
        offenders: ({ lines }) => (lines.length > 601 ? [lines.length] : []),
        canary: { path: "src/base/long.ts", lines: new Array(602).fill("") },
    },
    {
        name: "a source file begins with a comment",
        holdsFor: inSource,
        offenders: ({ lines }) => {
            const first = lines[0].startsWith("#!") ? 1 : 0;
            return lines[first].startsWith("/**") ? [] : [first + 1];
        },
        canary: { path: "src/base/bare.ts", lines: ["#!/usr/bin/env node", "main();"] },
    },
    {
        name: "a file has a kebab-case name",
        holdsFor: everywhere,
        offenders: ({ path }) =>
            /^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(basename(path)) ? [] : [1],
        canary: { path: "src/base/byteString.ts", lines: [""] },
    },
    forbid(
        "a line has at most 100 columns",
        everywhere,
        /^.{101}/u,
        "x".repeat(101),
        "comments too",
    ),
    forbid(
        "what is left to do is no comment",
        butHere,
        /\b(TODO|FIXME|XXX|HACK)\b/,
        "// TODO: later",
        "comments too",
    ),
    forbid(
        "the compiler is never silenced",
        butHere,
        /@ts-(ignore|expect-error|nocheck)|\/\/\/\s*<reference/,
        "// @ts-ignore",
        "comments too",
    ),
    forbid(
        "nothing has the type any",
        butHere,
        /([:<|,]|\bas)\s*any\b\s*($|[;,)>|=[\]{}])/,
        "const x = y as any;",
    ),
    forbid("a module has no variables", inSource, /^(export )?(let|var)\b/, "export let x = 1;"),
    forbid(
        "a module has no collections to fill",
        inSource,
        /^(export )?const \w+.*= (new (Weak)?(Map|Set)(<.*>)?\(\)|\[\]|\{\});/,
        "const seen: Set<number> = new Set();",
    ),
    forbid("chance comes from a seed", inSource, /\bMath\.random\b/, "const x = Math.random();"),
    forbid(
        "nothing reads the wall clock",
        (path) => inSource(path) && path !== theClock,
        /\bDate\.now\b|\bnew Date\b|\bperformance\.now\b|\bhrtime\b/,
        "const x = new Date();",
    ),
    forbid(
        "a core layer knows no Node",
        inCore,
        // The kernel has processes of its own; the compiler knows no other in a core layer.
        /["']node:|\bprocess\.(argv|env|exit|exitCode|std\w+|cwd)\b|\bBuffer\.|\brequire\(/,
        'import fs from "node:fs";',
    ),
    forbid(
        "a program knows the kernel's user interface only",
        (path) => path.startsWith("src/programs/"),
        /\bfrom "[./]*\/kernel\/(?!interface\/)/,
        'import { Kernel } from "../../kernel/kernel.ts";',
        "code only",
        "src/programs/nosy.ts",
    ),
    forbid(
        "a core layer imports no package",
        inCore,
        /\b(from|import)\s*\(?["'][^.]/,
        'import { Command } from "commander";',
    ),
    forbid(
        "imports end in .ts",
        butHere,
        /\bfrom "\.[^"]*(?<!\.ts|\.json)";/,
        'import { x } from "./x";',
    ),
    forbid(
        "no test is skipped or runs alone",
        (path) => inTests(path) && butHere(path),
        /\b(it|test|describe)\b[.\w]*\.(only|skip|todo|fails|skipIf|runIf)\b/,
        "it.skip('sings');",
    ),
];

function offenders(rule: Rule, files: readonly SourceFile[]): string[] {
    return files
        .filter(({ path }) => rule.holdsFor(path))
        .flatMap((file) =>
            rule.offenders(file).map((line) => `${file.path}:${line}: ${rule.name}`),
        );
}

const files: SourceFile[] = ["src", "test", "bench", "fuzz", "campaign"]
    .filter((folder) => existsSync(join(projectFolder, folder)))
    .flatMap((folder) =>
        readdirSync(join(projectFolder, folder), { recursive: true, encoding: "utf8" })
            .filter((name) => name.endsWith(".ts"))
            .map((name) => `${folder}/${name}`),
    )
    .sort()
    .map((path) => ({
        path,
        lines: readFileSync(join(projectFolder, path), "utf8").split("\n"),
    }));

describe("a house rule", () => {
    it("has files to look at in every layer", () => {
        const empty = Object.keys(layers).filter(
            (name) => !files.some(({ path }) => path.startsWith(`src/${name}/`)),
        );
        expect(empty).toEqual([]);
    });

    it.each(rules)("holds everywhere: $name", (rule) => {
        expect(offenders(rule, files)).toEqual([]);
    });

    it.each(rules)("catches its canary: $name", ({ offenders: caughtBy, canary }) => {
        expect(caughtBy(canary)).not.toEqual([]);
    });
});
