/** What `chickadeefsck` shows a person: names made safe, a last line, and everything in order. */
import { describe, expect, it } from "vitest";
import { placeRecord } from "../../src/chkfs/journal/codec.ts";
import { chickadeefsck } from "../../src/cli/fsck-command.ts";
import type { Host } from "../../src/host/host.ts";
import { buildImage, type TestImage } from "../support/image-builder.ts";
import { type MemoryHostOptions, memoryHost, runProgram } from "../support/memory-host.ts";

function check(args: readonly string[], image: Uint8Array, options: MemoryHostOptions = {}) {
    const files = { "disk.img": image };
    const run = runProgram(chickadeefsck, [...args, "disk.img"], { files, ...options });
    return { status: run.status, out: run.stdout(), err: run.stderr() };
}

const terminal = { terminal: true };

/** Two transactions of together three blocks, all of them free, are to be replayed. */
const journaled = (image: TestImage, completeBoundary = 4) => {
    const journal = image.bytes.subarray(image.journal_bn * 4096);
    const content = new Uint8Array(4096);
    for (const [index, blockNos] of [[20, 21], [22]].entries()) {
        placeRecord(journal, 3 * index, {
            ...{ seq: 1 + index, tid: 4 + index, flags: 0x30 },
            ...{ completeBoundary, commitBoundary: 5 + index },
            writes: blockNos.map((blockNo) => ({ blockNo, content })),
        });
    }
};

function disk(damage: (image: TestImage) => void = () => {}, journalBlockCount = 8): Uint8Array {
    const image = buildImage({ root: { f: "text" }, journalBlockCount });
    damage(image);
    return image.bytes;
}

describe("a name on a terminal", () => {
    // The name, and how a terminal shows it. Each has a slash in it, which is what is reported.
    const names: readonly [what: string, name: string, shown: string][] = [
        ["UTF-8 whose bytes look like controls", "\xe4\xb8\x80\xc4\x9b/", "\xe4\xb8\x80\xc4\x9b/"],
        ["bytes that are not UTF-8", "\xc3\xa9\xff\x9b/", "\\xc3\\xa9\\xff\\x9b/"],
        ["an escape sequence", "\x1b[2J/", "\\x1b[2J/"],
        ["a control of two bytes", "\xc2\x9b2J/", "\\xc2\\x9b2J/"],
        ["text from right to left", "\xe2\x80\xaegpj/", "\\xe2\\x80\\xaegpj/"],
        ["a backslash", "\\x1b/", "\\x5cx1b/"],
    ];
    it.each(names)("is shown as it is unless it drives the terminal: %s", (_, name, shown) => {
        const { bytes } = buildImage({ root: { [name]: "text" } });
        const line = (what: string) => `error: dirent 0 name "${what}" reserved\n`;
        expect(check(["--no-color"], bytes, terminal).out).toContain(line(shown));
        expect(check(["--no-color"], bytes).out).toContain(line(name));
    });

    it("is judged as a whole, in places and further lines too", () => {
        const image = buildImage({ root: { "\xc3\xa9\xff": "text", g: "text" } });
        image.pokeExtent(3, 0, { first: 3, count: 1 });
        const { out } = check(["-Wno-leaks", "--no-color"], image.bytes, terminal);
        expect(out).toBe(
            "\x1b[1mblock 3:\x1b[m error: reusing block for g[0] as regular\n" +
                "  originally used for \\xc3\\xa9\\xff[0] as regular\n",
        );
        image.setFree(3, true);
        expect(check(["--no-color", "-Wno-leaks"], image.bytes, terminal).out).toContain(
            "\x1b[1mblock 3 (\\xc3\\xa9\\xff) (regular):\x1b[m error: used block is marked free\n",
        );
    });
});

describe("the last line on a terminal", () => {
    const replay = "3 blocks of 2 transactions replayed";
    const lines: readonly [string[], (image: TestImage) => void, string][] = [
        [[], () => {}, "clean"],
        [[], journaled, `clean; ${replay} (not saved; -s saves them)`],
        [["-s"], journaled, `clean; ${replay} and saved`],
        [["-s"], () => {}, "clean"],
        [["--no-journal"], journaled, "clean; journal ignored"],
        [[], (image) => journaled(image, 3), "1 error; journal refused, nothing replayed"],
        [
            [],
            (image) => image.pokeSuperblock("njournal", 7),
            "1 error; journal refused, nothing replayed",
        ],
        [
            ["-s"],
            (image) => {
                const boundaries = { completeBoundary: 5, commitBoundary: 5 };
                const journal = image.bytes.subarray(image.journal_bn * 4096);
                placeRecord(journal, 0, { seq: 1, tid: 4, ...boundaries, flags: 0x10 });
            },
            "clean; nothing to replay, journal cleared",
        ],
        [[], (image) => image.setFree(40, false), "no errors, 1 warning"],
        [
            ["--strict"],
            (image) => {
                image.pokeInode(2, "mlock", 1);
                image.pokeInode(2, "mbcindex", 1);
                image.setFree(40, false);
                image.setFree(3, true);
            },
            "1 error, 1 warning, 2 notes",
        ],
        [[], (image) => image.pokeMagic(0n), "not checked further"],
    ];
    it.each(lines)("after %j", (args, damage, line) => {
        expect(check(args, disk(damage), terminal).err).toBe(`disk.img: ${line}\n`);
    });

    it("is for nobody else", () => {
        for (const [args, damage] of lines) {
            expect(check(args, disk(damage)).err).toBe("");
        }
    });

    it("comes last, where both streams are one terminal", () => {
        const memory = memoryHost({
            files: { "disk.img": disk((image) => image.setFree(40, false)) },
        });
        let screen = "";
        const stream = {
            ...{ isTerminal: true, columns: 80 },
            write: (bytes: Uint8Array) => {
                screen += Buffer.from(bytes).toString("latin1");
            },
        };
        const host: Host = { ...memory.host, stdout: stream, stderr: stream };
        runProgram(chickadeefsck, ["--no-color", "disk.img"], { ...memory, host });
        expect(screen).toBe(
            "\x1b[1mblock 40:\x1b[m warning: leaked block (unreferenced but allocated)\n" +
                "disk.img: no errors, 1 warning\n",
        );
    });
});
