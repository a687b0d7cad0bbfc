/** The picture in the README is what the programs print, to the letter. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { byteStringOf } from "../../src/base/byte-string.ts";
import { chickadee } from "../../src/cli/chickadee-command.ts";
import { memoryHost, runProgram } from "../support/memory-host.ts";

const root = new URL("../../", import.meta.url);

/** The README's block of commands and what they print. */
function picture(): string {
    const readme = byteStringOf(readFileSync(new URL("README.md", root)));
    return /^```text\n(.*?)^```$/ms.exec(readme)?.[1] ?? "";
}

describe("the picture in the README", () => {
    it("is what its commands print", () => {
        const commands = picture().match(/(?<=^\$ ).*$/gm) ?? [];
        expect(commands.length).toBeGreaterThan(1);
        const paths = ["images/crashed.img", "images/logs/song.log"];
        const files = paths.map((path) => {
            return [path, new Uint8Array(readFileSync(new URL(path, root)))] as const;
        });
        const memory = memoryHost({ files: Object.fromEntries(files) });
        const outputs = commands.map((command) => {
            const [name, ...args] = command.split(" ");
            expect(name).toBe("chickadee");
            const before = memory.stdout().length;
            runProgram(chickadee, args, memory);
            return `$ ${command}\n${memory.stdout().slice(before)}`;
        });
        expect(outputs.join("\n")).toBe(picture());
    });
});
