/** Where `chickadee disk` prints and writes: standard output, files cut short, narrow terminals. */
import { describe, expect, it } from "vitest";
import { byteStringOf, utf8Decode } from "../../src/base/byte-string.ts";
import { diskHost, runDisk } from "../support/disk-files.ts";
import type { MemoryHostOptions } from "../support/memory-host.ts";

const whole = () => diskHost().readFile("x.trace");

describe("-o -", () => {
    const writers: readonly (readonly [name: string, args: string, said: string])[] = [
        [
            "a trace",
            "log import x.log -o",
            "x.log: by dm-log-writes, it seems: entry 0 is a write of metadata, which only " +
                "dm-log-writes logs\nstandard output: 5 commands on a disk of 6144 bytes\n",
        ],
        ["a log", "log export x.trace -o", "standard output: 7 entries\n"],
        [
            "an image",
            "trace materialize --base base.img --at end --state L1:+w5 x.trace -o",
            "standard output: the disk of a crash at time 13, L1:+w5\n" +
                "x.trace: it does not say on which disk it began, so base.img was not checked\n",
        ],
    ];

    it.each(writers)(
        "puts %s on standard output, and the words on standard error",
        (_, args, said) => {
            const memory = diskHost();
            expect(runDisk(`${args} y`, memory).status).toBe(0);
            const { status, out, err } = runDisk(`${args} -`);
            expect({ status, err }).toEqual({ status: 0, err: said });
            expect(out).toBe(byteStringOf(memory.readFile("y")));
            expect(diskHost().exists("-")).toBe(false);
        },
    );

    it.each(writers)("does not put %s on a terminal", (_, args) => {
        expect(runDisk(`${args} -`, diskHost({ terminal: true }))).toEqual({
            status: 2,
            out: "",
            err: "-o -: refusing to write binary data to the terminal; use -o FILE or a pipe\n",
        });
    });

    it.each(writers)("does not mix %s with a document", (_, args) => {
        expect(runDisk(`${args} - --json`)).toEqual({
            status: 2,
            out: "",
            err: "-o - and --json both print on standard output; give a file to one of them\n",
        });
    });

    it.each(writers)("ends quietly where nobody reads %s", (_, args) => {
        const { status } = runDisk(`${args} -`, diskHost({ stdoutError: "EPIPE" }));
        expect(status).toBe(141);
    });
});

describe("a long list of states", () => {
    const list = "trace states --at end --level L4 --list 100000 x.trace";

    it.each([list, `${list} --json`])(
        "is printed as it is found, and stops with its reader: %s",
        (args) => {
            const memory = diskHost();
            let writeCount = 0;
            const stdout = {
                ...memory.host.stdout,
                write() {
                    if (++writeCount === 3) {
                        throw Object.assign(new Error("nobody reads"), { code: "EPIPE" });
                    }
                },
            };
            const run = runDisk(args, { ...memory, host: { ...memory.host, stdout } });
            expect(run.status).toBe(141);
            expect(writeCount).toBe(3);
        },
    );

    it("has the same states in a document", () => {
        const lines = runDisk(list).out.split("\n");
        const states = lines.slice(lines.indexOf("states of L4") + 1, -1);
        expect(states.length).toBe(100_000);
        expect(JSON.parse(runDisk(`${list} --json`).out).levels[0].states).toEqual(states);
    });
});

describe("a trace that is cut short", () => {
    /** The fourth record begins at byte 1880. */
    const cutHost = (sizeBytes = 1890) =>
        diskHost({ files: { "cut.trace": whole().slice(0, sizeBytes) } });
    const rows = (out: string) => (utf8Decode(out) ?? "").split("\n").slice(4);
    const problem = /^cut.trace: command (\d), at byte \d+: the file ends (before it, or )?in it/;

    it("is shown up to there, with status 1 and a way to be content with it", () => {
        const { status, out, err } = runDisk("trace show cut.trace", cutHost());
        expect(status).toBe(1);
        expect(err).toMatch(problem);
        const count = Number(problem.exec(err)?.[1]);
        expect(count).toBeGreaterThan(1);
        expect(err).toMatch(
            new RegExp(`; --limit ${count} shows the ${count} commands before it\\n$`),
        );
        expect(rows(out).length).toBe(count + 1);
        const limited = runDisk(`trace show --limit ${count} cut.trace`, cutHost());
        expect(limited).toEqual({ status: 0, out, err: "" });
    });

    it("does not say that no flush covered a write: the flush may be lost", () => {
        const { out } = runDisk("trace show cut.trace", cutHost());
        expect(rows(out)[0]).toMatch(/ at 7 /);
        const early = runDisk("trace show --limit 1 cut.trace", cutHost(1300));
        expect(rows(early.out)[0]).toMatch(/ unknown /);
    });

    it("has a document with the problem", () => {
        const { status, out, err } = runDisk("trace show --json cut.trace", cutHost());
        expect([status, err]).toEqual([1, ""]);
        const document = JSON.parse(utf8Decode(out) ?? "");
        expect(document.commandCount).toBe(6);
        expect(document.problems.length).toBe(1);
        expect(`cut.trace: ${document.problems[0]}`).toMatch(problem);
    });

    it("has no states, and no log", () => {
        for (const args of ["trace states --at 0 cut.trace", "log export -o y cut.trace"]) {
            const { status, out, err } = runDisk(args, cutHost());
            expect([status, out]).toEqual([1, ""]);
            expect(err).toMatch(problem);
        }
    });

    it.each([
        ["trace show", 0, "cut.trace: the file is empty\n"],
        ["trace show", 79, "cut.trace: the file ends in its header, after 79 of 80 bytes\n"],
        ["log show", 0, "cut.trace: the file is empty\n"],
    ])("is told by %s where %i bytes are left", (command, sizeBytes, err) => {
        const run = runDisk(`${command} cut.trace`, cutHost(sizeBytes));
        expect(run).toEqual({ status: 1, out: "", err });
    });
});

describe("a narrow terminal", () => {
    const linesAt = (columns: number, args: string, options: MemoryHostOptions = {}) =>
        (
            utf8Decode(
                runDisk(args, diskHost({ terminal: true, columns, ...options })).out.replace(
                    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the colours
                    /\x1b\[\d+m/g,
                    "",
                ),
            ) ?? ""
        ).split("\n");

    it.each([
        "trace show x.trace",
        "trace states --at end x.trace",
        "trace explain --at end --sector 1 x.trace",
        "trace explain --at end --block 0 x.trace",
        "log show x.log",
    ])("gets no line longer than it is, and all words: %s", (args) => {
        const wide = linesAt(1000, args).join(" ").split(/\s+/);
        for (const columns of [60, 80]) {
            const lines = linesAt(columns, args);
            expect(lines.filter((line) => [...line].length > columns)).toEqual([]);
            expect(lines.join(" ").split(/\s+/)).toEqual(wide);
        }
    });

    it("wraps the last column under itself", () => {
        const lines = linesAt(60, "trace explain --at end --sector 1 x.trace");
        expect(lines.slice(2, 6)).toEqual([
            "  L0       w0                   it is durable (flush 2,",
            "                                issued after it was done,",
            "                                was done at 6), and nothing",
            "                                durable is newer",
        ]);
    });

    it("is none for a file or pipe, whose lines stay whole", () => {
        const { out } = runDisk(
            "trace explain --at end --sector 1 x.trace",
            diskHost({ columns: 60 }),
        );
        expect(out.split("\n").length).toBe(6);
    });
});

describe("the block of a sector", () => {
    it("is explained in runs of sectors that may hold the same", () => {
        const { out } = runDisk("trace explain --at end --block 0 x.trace");
        expect(out.split("\n").filter((line) => line.startsWith("x.trace"))).toEqual(
            ["sector 0", "sector 1", "sectors 2-3", "sector 4", "sectors 5-7"].map(
                (sectors) => `x.trace: block 0, ${sectors} after a crash at time 13`,
            ),
        );
    });

    it("says what is certain, what only lies explain, and what cannot be", () => {
        const levelsOf = (sector: number, time: string) =>
            runDisk(`trace explain --at ${time} --sector ${sector} x.trace`)
                .out.split("\n")
                .slice(1, -1)
                .map((line) => line.trim().split(/ {2,}/)[0]);
        expect(levelsOf(12, "0")).toEqual(["always", "never"]);
        expect(levelsOf(0, "end")).toEqual(["L5 only", "L0", "L4"]);
    });
});
