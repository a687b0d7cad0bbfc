import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { chickadee } from "../../src/cli/chickadee-command.ts";
import { buildImage } from "../support/image-builder.ts";
import { type MemoryHostOptions, runProgram } from "../support/memory-host.ts";

function run(args: string, options: MemoryHostOptions = {}) {
    const memory = runProgram(chickadee, args === "" ? [] : args.split(" "), options);
    return { status: memory.status, out: memory.stdout(), err: memory.stderr() };
}

const commands = ["ls", "cat", "stat", "tree", "map", "block", "journal"];
const sample = buildImage({ root: { "a.txt": "text", folder: { b: "" } } });
const files = { "x.img": sample.bytes };

describe("chickadee", () => {
    it("without arguments prints its help as an error", () => {
        const { status, out, err } = run("");
        expect(status).toBe(2);
        expect(out).toBe("");
        expect(err).toMatch(/^Usage: chickadee \[options\] \[command\]\n/);
        for (const command of commands) {
            expect(err).toMatch(new RegExp(`^  ${command} `, "m"));
        }
    });

    it("prints its help when asked, as its output", () => {
        const { status, out, err } = run("--help");
        expect(status).toBe(0);
        expect(err).toBe("");
        expect(out).toBe(run("").err);
        expect(run("help").out).toBe(out);
    });

    it("prints the package's version", () => {
        const { version } = JSON.parse(readFileSync("package.json", "utf8"));
        expect(run("--version")).toEqual({ status: 0, out: `${version}\n`, err: "" });
    });

    it.each(commands)("explains %s with one example", (command) => {
        const { status, out } = run(`${command} --help`);
        expect(status).toBe(0);
        expect(out).toMatch(new RegExp(`^Usage: chickadee ${command} `));
        expect(out).toMatch(new RegExp(`\n\nExample:\n  chickadee ${command} .*disk.img.*\n$`));
        expect(out).toMatch(/--json/);
    });

    it.each(["", ...commands, "demo"])("keeps its help within 80 columns (%s)", (command) => {
        const { out } = run(`${command} --help`.trim());
        expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
        expect(run(`help ${command}`.trim())).toEqual({ status: 0, out, err: "" });
    });

    it.each([
        ["", "lss x.img", "unknown command 'lss'\n(Did you mean ls?)"],
        ["", "help foo", "unknown command 'foo'"],
        [" cat", "cat --color x.img a.txt", "unknown option '--color'"],
        [" journal", "journal --replay x.img", "unknown option '--replay'"],
        [" ls", "ls", "missing required argument 'IMAGE'"],
        [" ls", "ls --nope x.img", "unknown option '--nope'"],
        [" cat", "cat x.img", "missing required argument 'PATH'"],
        [" stat", "stat x.img", "missing required argument 'PATH'"],
        [" block", "block x.img", "missing required argument 'NUMBER'"],
        [" map", "map x.img y.img", "too many arguments for 'map'. Expected 1 argument but got 2."],
    ])("refuses wrong usage (%s %s)", (command, args, message) => {
        expect(run(args, { files })).toEqual({
            status: 2,
            out: "",
            err: `chickadee: ${message}\nTry "chickadee${command} --help".\n`,
        });
    });
});

describe("an image that no command can use", () => {
    const empty = { "x.img": "" };
    const short = { "x.img": new Uint8Array(100) };
    const zeros = { "x.img": new Uint8Array(8192) };
    const cut = { "x.img": sample.truncated(2) };

    it.each<[number, string, MemoryHostOptions]>([
        [2, "x.img: No such file or directory", {}],
        [2, "x.img: Is a directory", { files: { "x.img/y": "" } }],
        [1, "x.img: not a chkfs image: empty file", { files: empty }],
        [1, "x.img: not a chkfs image: 100 bytes, less than one block of 4096", { files: short }],
        [
            1,
            "x.img: not a chkfs image: magic number is 0x0, expected 0xfbbfbb003ee9beef",
            { files: zeros },
        ],
        [
            1,
            "x.img: cut short: 8192 bytes, but the inodes alone reach to byte 12288",
            { files: cut },
        ],
    ])("is an error of status %i: %s", (status, message, options) => {
        for (const args of ["ls x.img", "cat x.img /", "stat x.img /", "tree x.img", "map x.img"]) {
            expect(run(args, options)).toEqual({ status, out: "", err: `${message}\n` });
            expect(run(`${args} --json`, options)).toEqual({
                status,
                out: "",
                err: `${message}\n`,
            });
        }
        expect(run("journal x.img", options)).toEqual({ status, out: "", err: `${message}\n` });
    });

    it("may be standard input, which has a name then", () => {
        expect(run("ls -", { stdin: new Uint8Array(4096) })).toEqual({
            status: 1,
            out: "",
            err:
                "<stdin>: not a chkfs image: magic number is 0x0, " +
                "expected 0xfbbfbb003ee9beef\n",
        });
        expect(run("ls -", { terminal: true })).toEqual({
            status: 2,
            out: "",
            err: "<stdin>: Is a terminal\n",
        });
    });
});

describe("a path", () => {
    it.each([
        ["/nope", "/nope: no such file or directory"],
        ["/nope/deep", "/nope/deep: there is no /nope"],
        ["/a.txt/b", "/a.txt/b: /a.txt is not a directory"],
        ["/folder/../nope/./x", "/nope/x: there is no /nope"],
        ["/no\\x1bpe", "/no\\x1bpe: no such file or directory"],
    ])("that leads nowhere is explained: %s", (path, message) => {
        for (const command of ["ls", "cat", "stat", "tree"]) {
            expect(run(`${command} x.img ${path}`, { files })).toEqual({
                status: 1,
                out: "",
                err: `x.img: ${message}\n`,
            });
        }
    });

    it("may name an inode that the disk does not have", () => {
        const image = buildImage({ root: { d: {} } });
        image.pokeDirent("/", 0, { inum: -7 });
        expect(run("stat x.img d/e", { files: { "x.img": image.bytes } })).toEqual({
            status: 1,
            out: "",
            err: "x.img: /d/e: /d is inode -7, which the disk does not have\n",
        });
    });

    it.each(["folder/b", "//folder//b/", "/./folder/../folder/b", "/folder/\\x62"])(
        "may be written as %s",
        (path) => {
            expect(run(`ls x.img ${path}`, { files })).toEqual({
                status: 0,
                out: "/folder/b\n",
                err: "",
            });
        },
    );
});

describe("output that cannot be written", () => {
    it.each([
        ["EPIPE", "Broken pipe", 141],
        ["ENOSPC", "No space left on device", 2],
    ])("ends in a message (%s)", (stdoutError, words, status) => {
        for (const args of ["ls x.img", "cat x.img a.txt", "map x.img --json"]) {
            expect(run(args, { files, stdoutError })).toEqual({
                status,
                out: "",
                err: `standard output: ${words}\n`,
            });
        }
    });
});

describe("colour", () => {
    const isColoured = (args: string, options: MemoryHostOptions) =>
        run(args, { files, ...options }).out.includes("\x1b[");

    it("is for terminals unless someone says otherwise", () => {
        const terminal = { terminal: true };
        const noColour = { environment: { NO_COLOR: "1" } };
        expect(isColoured("tree x.img", {})).toBe(false);
        expect(isColoured("tree x.img --color", {})).toBe(true);
        expect(isColoured("tree x.img", terminal)).toBe(true);
        expect(isColoured("tree x.img --no-color", terminal)).toBe(false);
        expect(isColoured("tree x.img", { ...terminal, ...noColour })).toBe(false);
        expect(isColoured("tree x.img --color", { ...terminal, ...noColour })).toBe(true);
        expect(isColoured("tree x.img", { ...terminal, environment: { NO_COLOR: "" } })).toBe(true);
    });

    it("changes nothing but the colour", () => {
        for (const args of ["tree x.img", "map x.img", "stat x.img a.txt", "block x.img 0"]) {
            const plain = run(args, { files }).out;
            // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences
            const stripped = run(`${args} --color`, { files }).out.replace(/\x1b\[\d+m/g, "");
            expect(stripped).toBe(plain);
        }
    });

    it("is never in a document", () => {
        expect(isColoured("map x.img --json --color", { terminal: true })).toBe(false);
    });
});
