/**
 * docs/JSON.md and the documents of `chickadeefsck --json` say the same: every field that occurs
 * in a document stands in a table there, with the type that it has, and the other way round.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { utf8Decode } from "../../src/base/byte-string.ts";
import { placeRecord } from "../../src/chkfs/journal/codec.ts";
import { chickadeefsck } from "../../src/cli/fsck-command.ts";
import { checkImage } from "../../src/fsck/check.ts";
import { FindingCollector, fsckDocument } from "../../src/report/fsck-json.ts";
import { jsonDocument } from "../../src/report/json.ts";
import type { FindingImage } from "../support/finding-image.ts";
import { findingImages } from "../support/finding-images.ts";
import { buildImage, type TestImage } from "../support/image-builder.ts";
import { runProgram } from "../support/memory-host.ts";

/** The document of a check of an image that has one fault. */
function findingDocument({ disk, options = { strict: true } }: FindingImage): unknown {
    const store = disk();
    const { listener, findings, omitted } = new FindingCollector();
    const result = checkImage(store, listener, options);
    const document = fsckDocument({
        ...{ image: "x.img", sizeBytes: store.sizeBytes, rules: "sound", isStrict: true },
        ...{ findings, omitted, result, ignoresJournal: false, isSaved: false, exitStatus: 1 },
    });
    return JSON.parse(jsonDocument(document));
}

/** What the program prints for a damaged image with a journal to be replayed. */
function printed(args: readonly string[], damage: (image: TestImage) => void): unknown {
    const root = { f: "text", "\xff": "text" };
    const image = buildImage({ root, blockCount: 12_000, journalBlockCount: 8 });
    placeRecord(image.bytes.subarray(image.journal_bn * 4096), 0, {
        ...{ seq: 1, tid: 5, completeBoundary: 5, commitBoundary: 6, flags: 0x30 },
        writes: [{ blockNo: 11_900, content: new Uint8Array(4096) }],
    });
    damage(image);
    const files = { "/x.img": image.bytes };
    const run = runProgram(chickadeefsck, ["--json", ...args, "/x.img"], { files });
    return JSON.parse(utf8Decode(run.stdout()) ?? "");
}

const everyDocument = (): unknown[] => [
    ...Object.values(findingImages).map((image: FindingImage) => findingDocument(image)),
    printed(["--strict"], (image) => {
        image.pokeInode(2, "flags", 1);
        image.pokeInode(3, "nlink", 0);
        // More leaks than are listed, so that some are only counted.
        for (let blockNo = 100; blockNo < 10_200; blockNo++) {
            image.setFree(blockNo, false);
        }
    }),
    printed(["--repair"], (image) => image.setFree(40, false)),
    printed(["--repair", "--dry-run"], (image) => image.pokeInode(2, "size", 9000)),
];

type JsonType = "boolean" | "number" | "string" | "list" | "object" | "null";

function jsonTypeOf(value: unknown): JsonType {
    if (value === null) {
        return "null";
    }
    return Array.isArray(value) ? "list" : (typeof value as JsonType);
}

/** The types of each field by its name, in all of a document; codes are no names of fields. */
function noteFields(value: unknown, types: Map<string, Set<JsonType>>): void {
    if (Array.isArray(value)) {
        for (const part of value) {
            noteFields(part, types);
        }
    } else if (typeof value === "object" && value !== null) {
        for (const [name, part] of Object.entries(value)) {
            types.set(name, (types.get(name) ?? new Set()).add(jsonTypeOf(part)));
            if (name !== "byCode") {
                noteFields(part, types);
            }
        }
    }
}

/** The tables' rows: names, and the types that they give to each. */
function documentedFields(markdown: string): Map<string, Set<string>> {
    const types = new Map<string, Set<string>>();
    for (const [, name, type] of markdown.matchAll(/^\| `(\w+)` \| ([a-z ]+) \|/gm)) {
        types.set(name, (types.get(name) ?? new Set()).add(type));
    }
    return types;
}

/** How documents differ from what the tables say of them. */
function complaints(documents: readonly unknown[], markdown: string): string[] {
    const found = new Map<string, Set<JsonType>>();
    noteFields(documents, found);
    const documented = documentedFields(markdown);
    const wrong: string[] = [];
    for (const [name, foundTypes] of found) {
        const types = documented.get(name);
        if (types === undefined) {
            wrong.push(`${name} is not documented (${[...foundTypes].join(" or ")})`);
            continue;
        }
        const [type] = types;
        const allowed = type.split(" or ");
        if (types.size > 1) {
            wrong.push(`${name} is documented with several types`);
        }
        for (const foundType of foundTypes) {
            if (!allowed.includes(foundType)) {
                wrong.push(`${name} is a ${foundType}, not a ${type}`);
            }
        }
    }
    const stale = [...documented.keys()].filter((name) => !found.has(name));
    return [...wrong, ...stale.map((name) => `${name} never occurs`)];
}

const manual = readFileSync("docs/JSON.md", "utf8");

describe("docs/JSON.md", () => {
    it("has every field of every document with its one type, and no other", () => {
        expect(complaints(everyDocument(), manual)).toEqual([]);
    });

    it("would be found out if a field were missing, of another type or too many (canary)", () => {
        const documents = [
            { image: "x", first: { count: 1 } },
            { first: 1, image: null },
        ];
        expect(complaints(documents, "| `image` | string | |\n| `first` | number | |\n")).toEqual([
            "image is a null, not a string",
            "first is a object, not a number",
            "count is not documented (number)",
        ]);
        const twice = "| `image` | string | |\n| `image` | number | |\n| `tid` | number | |\n";
        expect(complaints([{ image: "x" }], twice)).toEqual([
            "image is documented with several types",
            "tid never occurs",
        ]);
    });

    it("shows a document as it is printed", () => {
        const example = /```json\n([\s\S]*?)```/.exec(manual)?.[1] ?? "";
        const image = buildImage({ root: { f: "text" }, journalBlockCount: 8 });
        placeRecord(image.bytes.subarray(image.journal_bn * 4096), 0, {
            ...{ seq: 1, tid: 5, completeBoundary: 5, commitBoundary: 6, flags: 0x30 },
            writes: [{ blockNo: 20, content: new Uint8Array(4096) }],
        });
        image.setFree(3, true);
        const files = { "disk.img": image.bytes };
        const run = runProgram(chickadeefsck, ["--json", "disk.img"], { files });
        expect(JSON.parse(example)).toEqual(JSON.parse(run.stdout()));
    });
});
