/** Links in the documents lead to files that are there. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectFolder } from "./layers.ts";

const documents = [".", "docs", "images", "bench", "test"]
    .filter((folder) => existsSync(join(projectFolder, folder)))
    .flatMap((folder) =>
        readdirSync(join(projectFolder, folder))
            .filter((name) => name.endsWith(".md"))
            .map((name) => join(folder, name)),
    )
    .sort();

/** Links of a markdown text that lead to no file of the project, seen from the text's folder. */
function deadLinks(text: string, folder: string): string[] {
    return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, target]) => target)
        .filter((target) => !/^(https?:|#)/.test(target))
        .filter((target) => !existsSync(join(projectFolder, folder, target.split("#")[0])));
}

describe("a document's links", () => {
    it("are looked for in the documents that there must be", () => {
        expect(documents).toEqual(
            expect.arrayContaining([
                "CHANGELOG.md",
                "README.md",
                "docs/FORMAT.md",
                "images/README.md",
            ]),
        );
    });

    it.each(documents)("all lead somewhere: %s", (path) => {
        const text = readFileSync(join(projectFolder, path), "utf8");
        expect(deadLinks(text, dirname(path))).toEqual([]);
    });

    it("are told from one that leads nowhere (canary)", () => {
        const text = "[a](README.md) [b](docs/FORMAT.md#1-conventions) [c](nowhere.md) [d](#here)";
        expect(deadLinks(text, ".")).toEqual(["nowhere.md"]);
    });
});
