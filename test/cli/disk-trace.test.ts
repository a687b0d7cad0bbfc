import { describe, expect, it } from "vitest";
import { utf8Decode } from "../../src/base/byte-string.ts";
import { writeTrace } from "../../src/disk/trace-file/write-trace.ts";
import { diskHost, runDisk, sampleBase, sampleTrace } from "../support/disk-files.ts";
import { collected } from "../support/log-builder.ts";

/** What a run prints, which is UTF-8, as lines. */
function linesOf(args: string, memory = diskHost()): string[] {
    const { status, out, err } = runDisk(args, memory);
    expect([status, err]).toEqual([0, ""]);
    return (utf8Decode(out) ?? "not UTF-8").split("\n");
}

describe("chickadee disk trace show", () => {
    it("prints each command with its instants, its lane, and when it was durable", () => {
        expect(linesOf("trace show x.trace")).toEqual([
            "x.trace: 6 commands, times 0 to 13",
            "disk of 8192 bytes, sectors of 512, write cache on at the start",
            "",
            "    events      tag  command                  durable  issued by",
            "w0  0..3    ╷   3    write sectors 0-1        at 7     CPU 0",
            "w1  2..5    ╵╷  4    write sector 4           never    CPU 1",
            " 2  4..6    •╵       flush",
            ' 3  7..8    •        mark "synced\\x1b"',
            "w4  9..     ╷        write FUA sector 1       never    sync",
            "w5  10..12  │•       write sector 8 (failed)  never",
            "",
        ]);
    });

    it("begins where it is told, and ends after as many as it is told", () => {
        expect(linesOf("trace show --from 5 --limit 2 x.trace").slice(3)).toEqual([
            "    events     command             durable  issued by",
            ' 3  7..8    •  mark "synced\\x1b"',
            "w4  9..     ╷  write FUA sector 1  never    sync",
            "... 1 more command; --from 10 goes on with them",
            "",
        ]);
        expect(linesOf("trace show --from end x.trace").slice(3)).toEqual([
            "  events    command  durable",
            "",
        ]);
    });

    it("prints nanoseconds where there are any", () => {
        const [first, ...rest] = sampleTrace.commands;
        const commands = [{ ...first, issuedNs: 1000, completedNs: 1250 }, ...rest];
        const bytes = collected((sink) => writeTrace({ ...sampleTrace, commands }, sink));
        const memory = diskHost({ files: { "ns.trace": bytes } });
        expect(linesOf("trace show --limit 1 ns.trace", memory).slice(3, 5)).toEqual([
            "    events  ns            tag  command            durable  issued by",
            "w0  0..3    1000 +250  ╷  3    write sectors 0-1  at 7     CPU 0",
        ]);
    });

    it("draws no more lanes than a disk has slots, and counts the rest", () => {
        const count = 36;
        const commands = Array.from({ length: count }, (_, id) => ({
            ...sampleTrace.commands[1],
            id,
            issuedAt: id,
            acceptedAt: id,
            completedAt: count + id,
        }));
        const trace = { ...sampleTrace, commands, eventCount: 2 * count };
        const memory = diskHost({
            files: { "deep.trace": collected((sink) => writeTrace(trace, sink)) },
        });
        const lines = linesOf("trace show deep.trace", memory);
        expect(lines.at(-2)).toContain(` ${"╵".repeat(33)}+3 `);
        expect(lines.at(-3)).toContain(` ${"│".repeat(33)}+2 `);
    });
});

describe("chickadee disk trace states", () => {
    it("says what is durable, what is open and why, and counts the states", () => {
        expect(linesOf("trace states --at end x.trace")).toEqual([
            "x.trace: power fails at time 13, the end of the trace",
            "1 write is durable: on the medium, whatever happens",
            "3 writes are open, and may be on the medium or not:",
            "  w1  write sector 4  in the cache: told done at 5, not flushed since",
            "  w4  write sector 1  in flight: issued at 9, not told done",
            "  w5  write sector 8  failed at 12, which promises nothing",
            "3 sectors can be one way or another",
            "",
            "level  states  what may happen",
            "L0          4  open writes land whole and in order, up to some point",
            "L1          8  each open write lands whole or not at all, in any order",
            "L2          8  each sector of an open write lands or not",
            "L3         27  each sector of an open write lands or not, or holds trash",
            // Of two physical sectors, one has 2 and one has 1 of its 8 sectors open.
            "L4     221184  each sector of an open write lands or not, " +
                "and any in its 4096 bytes may hold trash",
            "L5         16  flushes and FUA were lies: " +
                "each write ever made lands whole or not at all",
            "",
        ]);
    });

    it("says so where nothing is open", () => {
        expect(linesOf("trace states --at 0 --level L2 x.trace")).toEqual([
            "x.trace: power fails at time 0",
            "0 writes are durable: on the medium, whatever happens",
            "no write is open: one state, unless flushes lied (L5)",
            "",
            "level  states  what may happen",
            "L2          1  each sector of an open write lands or not",
            "",
        ]);
    });

    it("lists states by the tokens that materialize takes", () => {
        const lines = linesOf("trace states --at 4 --level L1 --level L3 --list 3 x.trace");
        expect(lines.slice(lines.indexOf("states of L1"))).toEqual([
            "states of L1",
            "L1:none",
            "L1:+w0,+w1",
            "L1:+w0",
            "",
            "states of L3",
            "L3:none",
            "L3:+w0,+w1",
            "L3:+w0[0]",
            "",
        ]);
    });

    it("follows the open writes over the whole trace", () => {
        expect(linesOf("trace states --at each x.trace")).toEqual([
            "time  after         durable  open  L0  L1  L2",
            "   0                      0     0   1   1   1",
            "   1  w0 issued           0     0   1   1   1",
            "   2  w0 accepted         0     1   2   2   4",
            "   3  w1 issued           0     2   3   4   8",
            "   4  w0 done             0     2   3   4   8",
            "   5  flush issued        0     2   3   4   8",
            "   6  w1 done             0     2   3   4   8",
            "   7  flush done          1     1   2   2   2",
            "   8  mark issued         1     1   2   2   2",
            "   9  mark done           1     1   2   2   2",
            "  10  w4 issued           1     2   3   4   4",
            "  11  w5 issued           1     2   3   4   4",
            "  12  w5 accepted         1     3   4   8   8",
            "  13  w5 failed           1     3   4   8   8",
            "",
        ]);
        expect(linesOf("trace states --at each --limit 2 --level L1 x.trace")).toEqual([
            "time  after      durable  open  L1",
            "   0                   0     0   1",
            "   1  w0 issued        0     0   1",
            "... 12 more times; --limit shows more",
            "",
        ]);
    });

    it("gives the magnitude of a number that is too long to read", () => {
        const after = new Uint8Array(512 * 64).fill(1);
        const all = {
            ...sampleTrace.commands[1],
            id: 0,
            byteOffset: 0,
            byteLength: after.length,
            after,
        };
        const commands = [{ ...all, issuedAt: 0, acceptedAt: 0, completedAt: 1 }];
        const trace = { ...sampleTrace, diskSizeBytes: after.length, commands, eventCount: 2 };
        const memory = diskHost({
            files: { "big.trace": collected((sink) => writeTrace(trace, sink)) },
        });
        // 2^64 is 18,446,744,073,709,551,616.
        expect(linesOf("trace states --at end --level L2 big.trace", memory).at(-2)).toBe(
            "L2     1.84e19  each sector of an open write lands or not",
        );
    });

    it("takes a mark's label for a time, though it be a number", () => {
        const mark = { ...sampleTrace.commands[3], label: "7" };
        const two = { ...mark, id: 4, issuedAt: 9, completedAt: 10 };
        const commands = [...sampleTrace.commands.slice(0, 3), mark, two];
        const trace = { ...sampleTrace, commands, eventCount: 11 };
        const memory = diskHost({
            files: { "m.trace": collected((sink) => writeTrace(trace, sink)) },
        });
        expect(linesOf("trace states --at 7 m.trace", memory)[0]).toContain("time 7");
        expect(linesOf("trace states --at synced\x1b x.trace")[0]).toContain("time 8");
        expect(runDisk("trace states --at mark:7 m.trace", memory)).toEqual({
            status: 2,
            out: "",
            err: "--at mark:7: 2 marks have this label; use one of the times 8, 10\n",
        });
    });
});

describe("chickadee disk trace explain", () => {
    it("gives a reason for each content that a sector might have", () => {
        expect(linesOf("trace explain --at end --sector 1 x.trace")).toEqual([
            "x.trace: sector 1 after a crash at time 13",
            "  L5 only  as before the trace  w0 is durable",
            "  L0       w0                   it is durable " +
                "(flush 2, issued after it was done, was done at 6), and nothing durable is newer",
            "  L0       w4                   it was in flight: " +
                "the drive had its data at 9, the host no answer",
            "  L3       trash                a write to it was open when power failed",
            "",
        ]);
    });
});

describe("chickadee disk trace materialize", () => {
    const uncheckedNote =
        "x.trace: it does not say on which disk it began, so base.img was not checked\n";
    const args = (state: string, rest = "-o out.img") =>
        `trace materialize --base base.img --at end --state ${state} x.trace ${rest}`;

    it("writes the image of a state over the disk before the trace", () => {
        const memory = diskHost();
        expect(runDisk(args("L1:+w5"), memory)).toEqual({
            status: 0,
            out: "out.img: the disk of a crash at time 13, L1:+w5\n",
            err: uncheckedNote,
        });
        const expected = sampleBase.slice().fill(0xa0, 0, 1024).fill(0xa5, 4096, 4608);
        expect(memory.readFile("out.img")).toEqual(expected);
        expect(memory.readFile("base.img")).toEqual(sampleBase);
    });

    it("gives trash by its seed", () => {
        const memory = diskHost();
        const [first, second, third] = ["", " --trash-seed 1", " --trash-seed 2"].map((seed) => {
            expect(runDisk(args("L3:!4", `-o out.img${seed}`), memory).status).toBe(0);
            return memory.readFile("out.img");
        });
        expect(Buffer.compare(first, second)).toBe(0);
        expect(Buffer.compare(first, third)).not.toBe(0);
        expect(third.subarray(2560)).toEqual(first.subarray(2560));
    });

    it("replaces an image whole, and never what it reads", () => {
        const memory = diskHost({ files: { "out.img": "old" } });
        for (const path of ["base.img", "x.trace"]) {
            expect(runDisk(args("L1:none", `-o ${path}`), memory)).toEqual({
                status: 2,
                out: "",
                err: `${path}: refusing to write over ${path}, which is read\n`,
            });
        }
        const full = diskHost({ files: { "out.img": "old" }, freeBytes: 100 });
        expect(runDisk(args("L1:none"), full)).toEqual({
            status: 2,
            out: "",
            err: "out.img: No space left on device\n",
        });
        expect(Buffer.from(full.readFile("out.img")).toString()).toBe("old");
        expect(full.list(".").filter((name) => name.includes("part"))).toEqual([]);
    });

    it("refuses a trace whose disk ends in the midst of a sector, as all commands do", () => {
        const torn = collected((sink) => writeTrace({ ...sampleTrace, diskSizeBytes: 8292 }, sink));
        const memory = diskHost({
            files: { "torn.trace": torn, "torn.img": new Uint8Array(8292) },
        });
        const refused = {
            status: 1,
            out: "",
            err:
                "torn.trace: not a sound trace: its disk has 8292 bytes, " +
                "which are not whole sectors of 512\n",
        };
        for (const command of [
            "trace materialize --base torn.img --at end --state L4:!16 torn.trace -o o.img",
            "trace states --at end torn.trace",
            "trace show torn.trace",
            "log export -o o.log torn.trace",
        ]) {
            expect(runDisk(command, memory), command).toEqual(refused);
        }
    });

    it("refuses a disk on which the trace did not begin", () => {
        const files = { "other.img": sampleBase.slice(0, 4096), "wrong.img": new Uint8Array(8192) };
        const memory = diskHost({ files });
        expect(runDisk("log import --size 8192 --base base.img -o y.trace x.log", memory).err).toBe(
            "--size and --base both give the disk's size\n",
        );
        expect(runDisk("log import --base base.img -o y.trace x.log", memory).status).toBe(0);
        const on = (base: string) =>
            `trace materialize --base ${base} --at 0 --state L1:none -o o.img y.trace`;
        expect(runDisk(on("base.img"), memory).status).toBe(0);
        expect(runDisk(on("other.img"), memory)).toEqual({
            status: 1,
            out: "",
            err: "other.img: 4096 bytes, but the trace is of a disk of 8192\n",
        });
        expect(runDisk(on("wrong.img"), memory)).toEqual({
            status: 1,
            out: "",
            err:
                "wrong.img: not the disk on which y.trace began; " +
                "another image was given when the trace was made\n",
        });
    });
});
