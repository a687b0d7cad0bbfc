/** All of `chickadee disk`: help, wrong usage, bad files, and what JSON-DISK.md says. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { utf8Decode } from "../../src/base/byte-string.ts";
import { chickadee } from "../../src/cli/chickadee-command.ts";
import { diskHost, runDisk } from "../support/disk-files.ts";
import { runProgram } from "../support/memory-host.ts";

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
            err: "x.log: a write log, no trace; chickadee disk log import makes a trace of it\n",
        });
        expect(runDisk(`${command} ${working[command].replace(/\S+$/, "base.img")}`)).toEqual({
            status: 1,
            out: "",
            err: "base.img: not a trace: it does not begin with the bytes chktrace\n",
        });
    });

    it.each(["log show", "log import"])("says that a file is no log: %s", (command) => {
        const args = working[command].replace(/\S+$/, "x.trace");
        expect(runDisk(`${command} ${args}`)).toEqual({
            status: 1,
            out: "",
            err: "x.trace: a trace, no write log; chickadee disk trace show prints it\n",
        });
        expect(runDisk(`${command} ${working[command].replace(/\S+$/, "base.img")}`)).toEqual({
            status: 1,
            out: "",
            err:
                "base.img: not a write log: magic number is 0xeeeeeeeeeeeeeeee, " +
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
        [
            "trace explain --at end --block 2 x.trace",
            2,
            "--block 2: the disk has 2 blocks, numbered from 0",
        ],
        ["trace explain --at end x.trace", 2, "give either --sector N or --block N"],
        [
            "trace explain --at end --block 0 --sector 1 x.trace",
            2,
            "give either --sector N or --block N",
        ],
        [
            "trace states --at each --list 3 x.trace",
            2,
            "--list is for one time, and --at each has all; name a time with --at",
        ],
        [
            "trace materialize --base base.img --at end --state L2:+w4[2] -o o.img x.trace",
            2,
            "state L2:+w4[2]: w4 has sectors 0 to 0, not 2",
        ],
        [
            "trace materialize --base base.img --at end --state \x1b -o o.img x.trace",
            2,
            "state \\x1b: a state begins with its level, one of L0, L1, L2, L3, L4, L5, and a " +
                "colon, as in L1:none",
        ],
        ["log import --kind \x1b -o o.trace x.log", 2, "--kind \\x1b: it is dm or qemu"],
    ])("refuses wrong usage: %s", (args, status, message) => {
        expect(runDisk(args)).toEqual({ status, out: "", err: `${message}\n` });
    });

    it.each([
        ["trace states --At 3 x.trace", "unknown option '--At'\n(Did you mean --at?)"],
        ["trace states x.trace", "required option '--at <T>' not specified"],
        ["log import x.log", "required option '-o, --output <TRACE>' not specified"],
        [
            "trace states --at end --list 1000001 x.trace",
            "option '--list <N>' argument '1000001' is invalid. " +
                "It should be a whole number, 1 to 1000000.",
        ],
        [
            "log import --size 1T -o o.trace x.log",
            "option '--size <BYTES>' argument '1T' is invalid. " +
                "It should be a number of bytes, such as 4096, 64k or 1G.",
        ],
        ["help trace nope", "unknown command 'nope'"],
    ])("says which option or command is wrong: %s", (args, message) => {
        const path = args.startsWith("help")
            ? "disk trace"
            : `disk ${args.split(" ").slice(0, 2).join(" ")}`;
        expect(runDisk(args)).toEqual({
            status: 2,
            out: "",
            err: `chickadee: ${message}\nTry "chickadee ${path} --help".\n`,
        });
    });

    it.each([
        ["", "Traces of a disk, and what a crash at any time may leave."],
        ["trace ", "What a trace tells."],
        ["log ", "Logs of dm-log-writes and of QEMU's blklogwrites."],
    ])("explains its groups with an example and the exit statuses (%s)", (group, sentence) => {
        const { status, out } = runDisk(`${group}--help`);
        expect(status).toBe(0);
        expect(out).toContain(`\n\n${sentence}\n\n`);
        expect(out).toMatch(new RegExp(`\\n\\nExample:\\n  chickadee disk ${group}`));
        expect(out).toMatch(/\n\nExit status: 0 fine; 1 a file is at fault; 2 wrong usage, or a /);
        expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
    });

    it("prints the help of a command from each level above it", () => {
        const memory = diskHost();
        const { out } = runDisk("trace states --help", memory);
        expect(runDisk("trace help states", memory).out).toBe(out);
        expect(runDisk("help trace states", memory).out).toBe(out);
        expect(runProgram(chickadee, ["help", "disk", "trace", "states"]).stdout()).toBe(out);
        expect(runDisk("help", memory).out).toBe(runDisk("--help", memory).out);
    });

    it("takes a size with a unit", () => {
        const memory = diskHost();
        expect(runDisk("log import --size 64k -o o.trace x.log", memory).out).toContain(
            "5 commands on a disk of 65536 bytes\n",
        );
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
            "trace explain --json --at end --block 0 x.trace",
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
