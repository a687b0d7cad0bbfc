import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Fields, fieldSizeBytes, type StructType } from "../../src/base/struct.ts";
import { analyzeJournal } from "../../src/chkfs/journal/analysis.ts";
import { writeHomeBlocks } from "../../src/chkfs/journal/replay.ts";
import { soundRules } from "../../src/chkfs/journal/rules.ts";
import * as layout from "../../src/chkfs/layout.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { exampleImage, haiku, replayedHaiku } from "../support/format-example.ts";

const text = readFileSync(new URL("../../docs/FORMAT.md", import.meta.url), "utf8");

/** The cells of a markdown table's rows, without its head, from the first table after `start`. */
function tableAfter(document: string, start: string): string[][] {
    const from = document.indexOf(start);
    const rows = document
        .slice(from < 0 ? document.length : from)
        .split("\n")
        .slice(from < 0 ? 0 : 1);
    const first = rows.findIndex((line) => line.startsWith("|"));
    const end = rows.findIndex((line, index) => index > first && !line.startsWith("|"));
    return rows.slice(first, end).flatMap((line, index) =>
        // The head's first cell stays out, as does the line of dashes under it.
        index < 2
            ? []
            : [
                  line
                      .split("|")
                      .slice(1, -1)
                      .map((cell) => cell.trim()),
              ],
    );
}

const structs: StructType<Fields>[] = [
    layout.superblockLayout,
    layout.inodeLayout,
    layout.extentLayout,
    layout.direntLayout,
    layout.metablockLayout,
    layout.blockReferenceLayout,
];

/** A layout as the rows that its table should have, padding and all. */
function rowsOf(struct: StructType<Fields>): string[][] {
    const rows: string[][] = [];
    let end = 0;
    const padTo = (offset: number) => {
        if (offset > end) {
            rows.push([String(end), String(offset - end), "padding", "", ""]);
        }
    };
    for (const [name, field] of Object.entries(struct.fields)) {
        padTo(field.offset);
        const { offset, type, count, doc } = field;
        const array = typeof type === "object" && count !== undefined ? `[${count}]` : "";
        const typeName = typeof type === "object" ? type.name : type;
        const size = fieldSizeBytes(field);
        rows.push([String(offset), String(size), `${typeName}${array}`, `\`${name}\``, doc]);
        end = offset + size;
    }
    padTo(struct.sizeBytes);
    return rows;
}

const headingOf = ({ name, sizeBytes }: StructType<Fields>) =>
    `### \`${name}\`, ${sizeBytes} bytes\n`;

/** What a table of names and values says, values as numbers. */
function valuesOf(table: string[][]): Record<string, bigint> {
    return Object.fromEntries(
        table.map(([name, value]) => [name.replaceAll("`", ""), BigInt(value)]),
    );
}

function asBigInts(numbers: Readonly<Record<string, number | bigint>>): Record<string, bigint> {
    return Object.fromEntries(
        Object.entries(numbers).map(([name, value]) => [name, BigInt(value)]),
    );
}

/** The lines of a hex dump in a document: byte offset, 16 bytes, and their characters. */
function dumpLines(document: string): { byteOffset: number; line: string }[] {
    return document
        .split("\n")
        .filter((line) => /^[0-9a-f]{8} {2}[0-9a-f]{2} /.test(line))
        .map((line) => ({ byteOffset: Number.parseInt(line.slice(0, 8), 16), line }));
}

/** The 16 bytes of an image from `byteOffset` on, as a line of a dump. */
function dumpLine(image: Uint8Array, byteOffset: number): string {
    const bytes = [...image.subarray(byteOffset, byteOffset + 16)];
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0"));
    const characters = bytes.map((byte) =>
        byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".",
    );
    return (
        `${byteOffset.toString(16).padStart(8, "0")}  ` +
        `${hex.slice(0, 8).join(" ")}  ${hex.slice(8).join(" ")}  |${characters.join("")}|`
    );
}

function wholeDump(image: Uint8Array): string[] {
    const lines: string[] = [];
    for (let byteOffset = 0; byteOffset < image.length; byteOffset += 16) {
        if (image.subarray(byteOffset, byteOffset + 16).some((byte) => byte !== 0)) {
            lines.push(dumpLine(image, byteOffset));
        }
    }
    return lines;
}

describe("the format's specification", () => {
    it.each(structs)("has the table of $name as the code has it", (struct) => {
        expect(tableAfter(text, headingOf(struct))).toEqual(rowsOf(struct));
    });

    it("has no struct that the code does not have", () => {
        const headings = [...text.matchAll(/^### `.*` *, .*\n/gm)].map(([heading]) => heading);
        expect(headings.sort()).toEqual(structs.map(headingOf).sort());
    });

    it("has every number of the layout, with its value, and no other", () => {
        const numbers = Object.fromEntries(
            Object.entries(layout).flatMap(([name, value]) =>
                typeof value === "number" || typeof value === "bigint" ? [[name, value]] : [],
            ),
        );
        expect(valuesOf(tableAfter(text, "## 1. Conventions"))).toEqual(asBigInts(numbers));
    });

    it("has every type of inode and every flag", () => {
        const behind = (struct: StructType<Fields>) => text.indexOf(headingOf(struct));
        const values = (struct: StructType<Fields>, head: string) =>
            valuesOf(tableAfter(text.slice(text.indexOf(head, behind(struct))), ""));
        expect(values(layout.inodeLayout, "\n| `type` |")).toEqual(asBigInts(layout.InodeType));
        expect(values(layout.metablockLayout, "\n| `flags` |")).toEqual(
            asBigInts(layout.MetablockFlag),
        );
        expect(values(layout.blockReferenceLayout, "\n| `bflags` |")).toEqual(
            asBigInts(layout.BlockFlag),
        );
    });

    it("is told from one with a wrong offset or a missing row (canary)", () => {
        const heading = headingOf(layout.superblockLayout);
        const rows = rowsOf(layout.superblockLayout);
        const shifted = text.replace("| 28 | 4 | u32 | `fbb_bn`", "| 32 | 4 | u32 | `fbb_bn`");
        const shortened = text.replace(/\| 20 \| 4 \| u32 \| `njournal`.*\n/, "");
        expect(tableAfter(shifted, heading)).not.toEqual(rows);
        expect(tableAfter(shortened, heading)).not.toEqual(rows);
    });

    it("has links that lead to its chapters", () => {
        const links = [...text.matchAll(/^\d+\. \[(.*)\]\(#(.*)\)$/gm)].map(
            ([, title, anchor], index) => [`## ${index + 1}. ${title}`, anchor],
        );
        const chapters = [...text.matchAll(/^## .*$/gm)].map(([heading]) => [
            heading,
            heading.slice(3).toLowerCase().replaceAll(".", "").replaceAll(" ", "-"),
        ]);
        expect(links).toEqual(chapters);
    });
});

describe("the disk that the specification takes apart", () => {
    const image = exampleImage();

    it("is shown as it is, every line that is not zero", () => {
        expect(dumpLines(text).map(({ line }) => line)).toEqual(wholeDump(image));
    });

    it("would be told from one that differs in a byte (canary)", () => {
        const twin = image.slice();
        twin[0xc010] ^= 1;
        expect(dumpLines(text).map(({ line }) => line)).not.toEqual(wholeDump(twin));
    });

    it("is what the text around it says: replayed, the haiku has another first line", () => {
        const disk = new MemoryStore(image.slice());
        const journal = image.slice(12 * 4096);
        const targets = { blockCount: 16, firstTarget: 1, endTarget: 12 };
        const analysis = analyzeJournal(journal, targets, soundRules);
        const contentOf = () => {
            const bytes = new Uint8Array(72);
            disk.read(3 * 4096, bytes);
            return new TextDecoder().decode(bytes);
        };
        expect(analysis.region).toEqual({ completeBoundary: 7, commitBoundary: 8 });
        expect(contentOf()).toBe(haiku);
        writeHomeBlocks(disk, analysis);
        expect(contentOf()).toBe(replayedHaiku);
    });
});
