/** Every code of the catalogue is reported for its own damage, in its own words, and alone. */
import { describe, expect, it } from "vitest";
import { catalogue } from "../../src/fsck/catalogue/index.ts";
import { checkImage } from "../../src/fsck/check.ts";
import { type Finding, type FindingCode, isFindingCode } from "../../src/fsck/finding.ts";
import { eventText } from "../../src/report/fsck-text.ts";
import type { FindingImage } from "../support/finding-image.ts";
import { tree } from "../support/finding-image.ts";
import { findingImages } from "../support/finding-images.ts";

const images: Readonly<Record<string, FindingImage>> = findingImages;
const codes = Object.keys(catalogue).filter(isFindingCode);

/** What a check prints for each finding, without bold. */
function report(image: FindingImage): { findings: Finding[]; text: string[] } {
    const findings: Finding[] = [];
    const text: string[] = [];
    checkImage(
        image.disk(),
        (event) => {
            if (event.kind === "finding") {
                const style = { isColored: false, isTerminal: false, showsCodes: true };
                findings.push(event.finding);
                text.push(
                    eventText(event, style).replaceAll("\x1b[1m", "").replaceAll("\x1b[m", ""),
                );
            }
        },
        image.options ?? { strict: true },
    );
    return { findings, text };
}

/** How the report differs from what the image promises: nothing where all is well. */
function complaints(code: FindingCode, image: FindingImage): string[] {
    const { findings, text } = report(image);
    const expected = [code, ...(image.also ?? [])].sort();
    const actual = [...new Set(findings.map((finding) => finding.code))].sort();
    const [first, ...details] = image.lines;
    const wanted = [`${first} [${code}]`, ...details].map((line) => `${line}\n`).join("");
    const got = text.filter((_, index) => findings[index].code === code).join("");
    return [
        ...(actual.join() === expected.join() ? [] : [`reports ${actual.join(", ")}`]),
        ...(got === wanted ? [] : [`says ${got}`]),
    ];
}

describe("the catalogue of findings", () => {
    it("has an image for every code and no other", () => {
        expect(Object.keys(images).sort()).toEqual([...codes].sort());
        expect(codes.length).toBeGreaterThan(100);
    });

    it.each(codes)("%s is reported alone and in these words", (code) => {
        expect(complaints(code, images[code])).toEqual([]);
    });

    it("says why where codes cannot be told apart, and that is rare", () => {
        const joined = codes.filter((code) => images[code].also !== undefined);
        expect(joined).toEqual([
            "superblock-nswap",
            "journal-too-many-data-blocks",
            "journal-continues-after-complete",
            "check-incomplete",
            "inode-zero-referenced",
        ]);
        expect(joined.filter((code) => images[code].why === undefined)).toEqual([]);
    });
});

describe("the comparison catches", () => {
    it("an image without the damage", () => {
        const harmless = tree({ f: "text" }, () => {}, "inode 2 (f): warning: unknown flags 0x1");
        expect(complaints("inode-flags", harmless)).toEqual(["reports ", "says "]);
    });

    it("an image with more damage than it promises", () => {
        const twice = tree(
            { f: "text" },
            (image) => {
                image.pokeInode(2, "flags", 1);
                image.pokeInode(2, "nlink", 2);
            },
            "inode 2 (f): warning: unknown flags 0x1",
        );
        expect(complaints("inode-flags", twice)).toEqual(["reports inode-flags, inode-nlink-high"]);
    });

    it("other words", () => {
        const other = tree(
            { f: "text" },
            (image) => image.pokeInode(2, "flags", 1),
            "inode 2 (f): warning: unknown flag 0x1",
        );
        expect(complaints("inode-flags", other)).toEqual([
            "says inode 2 (f): warning: unknown flags 0x1 [inode-flags]\n",
        ]);
    });
});
