/** All of `chickadee disk`: help, wrong usage, bad files, and what JSON-DISK.md says. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { utf8Decode } from "../../src/base/byte-string.ts";
import { diskHost, runDisk } from "../support/disk-files.ts";
import { rawLog } from "../support/log-builder.ts";

const traceCommands = ["show", "states", "explain", "materialize"].map((name) => `trace ${name}`);
const logCommands = ["show", "import", "export"].map((name) => `log ${name}`);
const commands = [...traceCommands, ...logCommands];

/** Arguments that make each command work. */
const working: Readonly<Record<string, string>> = {
    "trace show": "x.trace",
    "trace states": "--at end --list 2 x.trace",
    "trace explain": "--at end --sector 4 x.trace",
    "trace materialize": "--base base.img --at end --state L1:none -o o.img x.trace",
    "log show": "x.log",
    "log import": "-o o.trace x.log",
    "log export": "-o o.log x.trace",
};

describe("chickadee disk", () => {
    it.each(["", "trace ", "log "])(
        "prints its help as an error without a command (%s)",
        (group) => {
            const args = group.trim();
            const run = runDisk(args === "" ? "--nope" : `${args} --nope`);
            expect(run).toEqual({
                status: 2,
                out: "",
                err:
                    "chickadee: unknown option '--nope'\n" +
                    `Try "chickadee disk ${group}--help".\n`.replace("disk  ", "disk "),
            });
        },
    );

    it.each(commands)("explains %s with one example, in 80 columns", (command) => {
        const { status, out, err } = runDisk(`${command} --help`);
        expect([status, err]).toEqual([0, ""]);
        expect(out).toMatch(new RegExp(`^Usage: chickadee disk ${command} \\[options\\] <`));
        expect(out).toMatch(new RegExp(`\\n\\nExample:\\n  chickadee disk ${command} .*disk\\.`));
        expect(out).toMatch(/--json/);
        expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
    });

    it.each(commands)("has nothing to say of a file that is not there: %s", (command) => {
        const args = working[command].replace(/\S+$/, "nowhere");
        expect(runDisk(`${command} ${args}`)).toEqual({
            status: 2,
            out: "",
            err: "nowhere: No such file or directory\n",
        });
    });

    it.each(traceCommands)("says that a file is no trace: %s", (command) => {
        const args = working[command].replace(/\S+$/, "x.log");
        expect(runDisk(`${command} ${args}`)).toEqual({
            status: 1,
            out: "",
            err: "x.log: not a trace: it does not begin with the bytes chktrace\n",
        });
    });

    it.each(["log show", "log import"])("says that a file is no log: %s", (command) => {
        const args = working[command].replace(/\S+$/, "x.trace");
        expect(runDisk(`${command} ${args}`)).toEqual({
            status: 1,
            out: "",
            err:
                "x.trace: not a write log: magic number is 0x65636172746b6863, " +
                "expected 0x6a736677736872\n",
        });
    });

    it.each([
        ["trace states --at 14 x.trace", 2, "--at 14: the trace has times from 0 to 13"],
        [
            "trace states --at \x1b[2J x.trace",
            2,
            "--at \\x1b[2J: neither a time of the trace, nor end, nor a mark's label",
        ],
        ["trace show --from 99 x.trace", 2, "--from 99: the trace has times from 0 to 13"],
        [
            "trace states --at end --level L6 x.trace",
            2,
            "--level L6: it is one of L0, L1, L2, L3, L4, L5",
        ],
        ["trace states --at end --trash all x.trace", 2, "--trash all: it is maybe or inflight"],
        [
            "trace explain --at end --sector 16 x.trace",
            2,
            "--sector 16: the disk has 16 sectors, numbered from 0",
        ],
    ])("refuses wrong usage: %s", (args, status, message) => {
        expect(runDisk(args)).toEqual({ status, out: "", err: `${message}\n` });
    });
});

describe("a trace that discards more than can be followed", () => {
    const log = rawLog(512, [{ sector: 0, sectorCount: 2 ** 22 + 1, flags: 4 }]);
    const imported = () => {
        const memory = diskHost({ files: { "wide.log": log } });
        expect(runDisk("log import --kind dm -o wide.trace wide.log", memory).status).toBe(0);
        return memory;
    };

    it("is shown", () => {
        const { status, out } = runDisk("trace show wide.trace", imported());
        expect([status, out.includes("discard sectors 0-4194304")]).toEqual([0, true]);
    });

    it.each(["states --at 0", "explain --at 0 --sector 0"])("has no states: %s", (command) => {
        expect(runDisk(`trace ${command} wide.trace`, imported())).toEqual({
            status: 1,
            out: "",
            err:
                "wide.trace: its discards have 2147484160 bytes in all; " +
                "states are told for up to 2147483648\n",
        });
    });
});

describe("docs/JSON-DISK.md", () => {
    const typeOf = (value: unknown) =>
        value === null ? "null" : Array.isArray(value) ? "list" : typeof value;

    /** Notes the types of all fields of a document. */
    function note(value: unknown, types: Map<string, Set<string>>): void {
        if (Array.isArray(value)) {
            for (const part of value) {
                note(part, types);
            }
        } else if (typeof value === "object" && value !== null) {
            for (const [name, part] of Object.entries(value)) {
                types.set(name, (types.get(name) ?? new Set()).add(typeOf(part)));
                note(part, types);
            }
        }
    }

    /** What the documents have that the tables do not, and the other way round. */
    function complaints(documents: readonly unknown[], manual: string): string[] {
        const rows = [...manual.matchAll(/^\| `(\w+)` \| ([a-z ]+) \|/gm)];
        const told = new Map(rows.map(([, name, type]) => [name, type.split(" or ")]));
        const found = new Map<string, Set<string>>();
        note(documents, found);
        const wrong = [...found].flatMap(([name, types]) =>
            [...types]
                .filter((type) => !told.get(name)?.includes(type))
                .map((type) => `${name} is a ${type}`),
        );
        const stale = [...told.keys()].filter((name) => !found.has(name));
        return [...wrong, ...stale.map((name) => `${name} never occurs`)];
    }

    const documents = () => {
        const memory = diskHost();
        const runs = [
            ...commands.map((command) => `${command} --json ${working[command]}`),
            "trace states --json --at each x.trace",
        ];
        return runs.map((args) => {
            const { status, out, err } = runDisk(args, memory);
            expect([status, err]).toEqual([0, ""]);
            return JSON.parse(utf8Decode(out) ?? "");
        });
    };

    it("has every field of every document, with its types, and no other", () => {
        const manual = readFileSync("docs/JSON-DISK.md", "utf8");
        expect(complaints(documents(), manual)).toEqual([]);
    });

    it("would be found out if it did not (canary)", () => {
        expect(complaints([{ a: 1, b: null }], "| `b` | string | |\n| `c` | list | |\n")).toEqual([
            "a is a number",
            "b is a null",
            "c never occurs",
        ]);
    });

    it("puts what is wrong with a file into the document", () => {
        const memory = diskHost({
            files: { "cut.log": diskHost().readFile("x.log").slice(0, 2500) },
        });
        const { status, out, err } = runDisk("log show --json cut.log", memory);
        expect([status, err]).toEqual([1, ""]);
        expect(JSON.parse(out).problems).toEqual([
            "entry 1, at byte 2048: the file has 452 of the 512 bytes of its header",
        ]);
    });
});
