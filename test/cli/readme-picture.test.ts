/** The pictures in the README are what the programs print, to the letter. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { byteStringOf } from "../../src/base/byte-string.ts";
import { chickadee } from "../../src/cli/chickadee-command.ts";
import { perform, type Work } from "../../src/cli/explore/work.ts";
import { memoryHost, runProgram, runProgramToEnd } from "../support/memory-host.ts";

const root = new URL("../../", import.meta.url);

/** The README's blocks of commands and what they print. */
function pictures(): readonly string[] {
    const readme = byteStringOf(readFileSync(new URL("README.md", root)));
    return [...readme.matchAll(/^```text\n(.*?)^```$/gms)].map(([, picture]) => picture);
}

/** In a picture: lines are left out here. */
const leftOut = "[...]";

/** Whether `lines` has the picture's pieces between what is left out, in their order. */
function shows(lines: readonly string[], picture: readonly string[]): boolean {
    const text = `\n${lines.join("\n")}\n`;
    const pieces = `${picture.join("\n")}\n`.split(`${leftOut}\n`);
    let from = 0;
    return pieces.every((piece, index) => {
        const at = text.indexOf(`\n${piece}`, from);
        from = at + piece.length;
        return at >= 0 && (index > 0 || at === 0);
    });
}

describe("the picture of a search in the README", () => {
    it("is what the command prints, but for what is left out", async () => {
        const [command = "", ...picture] = pictures()[1].trimEnd().split("\n");
        const [dollar, name, ...args] = command.split(" ");
        expect([dollar, name, args[0]]).toEqual(["$", "chickadee", "explore"]);
        const ended = await runProgramToEnd(chickadee, args, {
            perform: (work) => perform(work as Work),
        });
        const lines = ended.stdout().trimEnd().split("\n");
        expect(ended.status).toBe(1);
        expect(picture.filter((line) => line !== leftOut).length).toBeGreaterThan(8);
        if (!shows(lines, picture)) {
            expect(picture).toEqual(lines);
        }
        // A canary: a line number that is not so.
        expect(shows(lines, [...picture, "src/kernel/futex/futex.ts:1 (wake): step"])).toBe(false);
    }, 60_000);
});

describe("the picture of disks in the README", () => {
    it("is what its commands print", () => {
        const [picture] = pictures();
        const commands = picture.match(/(?<=^\$ ).*$/gm) ?? [];
        expect(commands.length).toBeGreaterThan(1);
        const path = "images/logs/song.log";
        const log = new Uint8Array(readFileSync(new URL(path, root)));
        const memory = memoryHost({ files: { [path]: log } });
        const outputs = commands.map((command) => {
            const [name, ...args] = command.split(" ");
            expect(name).toBe("chickadee");
            const before = memory.stdout().length;
            runProgram(chickadee, args, memory);
            return `$ ${command}\n${memory.stdout().slice(before)}`;
        });
        expect(outputs.join("\n")).toBe(picture);
    });
});
