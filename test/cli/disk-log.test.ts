import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { diskHost, runDisk, sampleLog } from "../support/disk-files.ts";
import { type RawEntry, rawFlush, rawLog, rawWrite } from "../support/log-builder.ts";

const folder = new URL("../golden/recorded/logs/", import.meta.url);
const killed = new Uint8Array(readFileSync(new URL("qemu-4096-killed.log", folder)));
const bad: RawEntry = { flags: 0x40 };
const qemuLog = rawLog(512, [rawWrite(1, 1, 1), rawWrite(2, 1, 2), rawFlush]);

const files = {
    "killed.log": killed,
    "bad.log": rawLog(512, [rawFlush, rawWrite(1, 1, 1), bad]),
    "qemu.log": qemuLog,
    "dry.log": rawLog(512, [rawWrite(1, 1, 1), rawWrite(2, 1, 2)]),
};

const host = () => diskHost({ files });

const slackNote =
    "qemu.log: writes next to a flush may have completed while it ran, which QEMU does not " +
    "log; --flush-slack N says how many, 0 that none did\n";
const fuaNote = (name: string) =>
    `${name}: QEMU does not log FUA, so no write is taken for one; --assume-fua says which were, ` +
    "none that none was\n";

describe("chickadee disk log show", () => {
    it("prints each entry, and who seems to have written the log", () => {
        expect(runDisk("log show x.log").out.split("\n")).toEqual([
            "x.log: 5 entries, sectors of 512 bytes",
            "by dm-log-writes, it seems: " +
                "entry 0 is a write of metadata, which only dm-log-writes logs",
            "",
            "0   @512  write METADATA   sectors 0-1",
            "1  @2048  FLUSH",
            "2  @2560  write FLUSH FUA  sector 4",
            "3  @3584  DISCARD          sectors 8-11",
            '4  @4096  MARK                           "dm-log-writes-end"',
            "",
        ]);
    });

    it("shows the tail of a log whose writer was killed, when asked", () => {
        const { status, out } = runDisk("log show --scan-tail killed.log", host());
        expect(status).toBe(0);
        expect(out.split("\n").slice(3)).toEqual([
            "0   @4096  write  sector 0",
            "1  @12288  FLUSH",
            "2  @16384  write  sectors 2-3      (not counted)",
            "3  @28672  write  sector 0         (not counted)",
            "4  @36864  write  sectors 16-17    (not counted)",
            "",
        ]);
    });

    it("shows what precedes a malformed entry, and ends with status 1", () => {
        const run = runDisk("log show bad.log", host());
        expect(run.status).toBe(1);
        expect(run.out.split("\n").slice(3)).toEqual([
            "0   @512  FLUSH",
            "1  @1024  write  sector 1",
            "",
        ]);
        expect(run.err).toBe("bad.log: entry 2, at byte 2048: its flags 0x40 are not all known\n");
    });

    it("says how many it leaves out", () => {
        const { out } = runDisk("log show --limit 2 x.log");
        expect(out.split("\n").at(-2)).toBe("... 3 more entries");
    });
});

describe("chickadee disk log import", () => {
    const summary = (args: string) => {
        const memory = host();
        const run = runDisk(`log import ${args} -o y.trace`, memory);
        expect(run.status).toBe(0);
        return { err: run.err, show: runDisk("trace show y.trace", memory).out.split("\n") };
    };

    it("makes a trace, and says what it took the log for", () => {
        const memory = host();
        expect(runDisk("log import --base base.img -o y.trace x.log", memory)).toEqual({
            status: 0,
            out:
                "x.log: by dm-log-writes, it seems: entry 0 is a write of metadata, " +
                "which only dm-log-writes logs\n" +
                "y.trace: 5 commands on a disk of 8192 bytes\n",
            err: "",
        });
    });

    it("warns of what QEMU does not log, unless the options say it", () => {
        expect(summary("qemu.log").err).toBe(slackNote + fuaNote("qemu.log"));
        expect(summary("--flush-slack 0 qemu.log").err).toBe(fuaNote("qemu.log"));
        expect(summary("--flush-slack 0 --assume-fua none qemu.log").err).toBe("");
        expect(summary("dry.log").err).toBe(
            "dry.log: no flush is in the log, so nothing is ever durable; " +
                "--barrier completion is for a disk without a volatile cache\n" +
                fuaNote("dry.log"),
        );
        expect(summary("--barrier none dry.log").err).toBe(fuaNote("dry.log"));
        expect(summary("--barrier completion dry.log").err).toBe("");
    });

    it("knows a disk without a volatile cache", () => {
        const { show } = summary("--barrier completion dry.log");
        expect(show[1]).toBe("disk of 1536 bytes, sectors of 512, write cache off at the start");
        expect(show[4]).toMatch(/at 2, itself$/);
    });

    it("assumes FUA for the sectors that are told", () => {
        const { show } = summary("--assume-fua 2-2 --flush-slack 0 qemu.log");
        expect(show.slice(4, 6).map((line) => line.includes("FUA"))).toEqual([false, true]);
    });

    it("refuses a log with a malformed entry, unless it stops before it", () => {
        const memory = host();
        expect(runDisk("log import -o y.trace bad.log", memory)).toEqual({
            status: 1,
            out: "",
            err:
                "bad.log: entry 2, at byte 2048: its flags 0x40 are not all known; " +
                "--limit 2 takes the 2 entries before it\n",
        });
        expect(memory.exists("y.trace")).toBe(false);
        expect(runDisk("log import --flush-slack 0 --limit 2 -o y.trace bad.log", memory)).toEqual({
            status: 0,
            out:
                "bad.log: taken for QEMU's: it has no mark, FUA write, METADATA or FLUSH " +
                "with data\n" +
                "y.trace: 2 commands on a disk of 1024 bytes\n",
            err: fuaNote("bad.log"),
        });
    });

    it.each([
        [
            "--flush-slack 32 qemu.log",
            /^chickadee: option '--flush-slack <N>' argument '32' is invalid/,
        ],
        ["--kind ext4 qemu.log", /^--kind ext4: it is dm or qemu\n$/],
        ["--barrier maybe qemu.log", /^--barrier maybe: it is none or completion\n$/],
        [
            "--assume-fua 5-4 qemu.log",
            /^--assume-fua 5-4: it is none, all, or sectors such as 2048/,
        ],
        ["--barrier none x.log", /^--barrier is for logs of QEMU; a log of dm-log-writes tells/],
        ["--size 2000 qemu.log", /^a disk of 2000 bytes is no whole number of sectors of 512\n$/],
        ["--base nowhere.img qemu.log", /^nowhere.img: No such file or directory\n$/],
    ])("refuses wrong usage: %s", (args, message) => {
        const memory = host();
        const run = runDisk(`log import -o y.trace ${args}`, memory);
        expect([run.status, run.out]).toEqual([2, ""]);
        expect(run.err).toMatch(message);
        expect(memory.exists("y.trace")).toBe(false);
    });

    it("never writes over the log", () => {
        const memory = host();
        expect(runDisk("log import -o x.log x.log", memory)).toEqual({
            status: 2,
            out: "",
            err: "x.log: refusing to write over x.log, which is read\n",
        });
        expect(memory.readFile("x.log")).toEqual(sampleLog);
    });
});

describe("chickadee disk log export", () => {
    it("writes a log that dm-log-writes could have written", () => {
        const memory = host();
        expect(runDisk("log export -o y.log x.trace", memory)).toEqual({
            status: 0,
            out: "y.log: 7 entries\n",
            err: "",
        });
        expect(runDisk("log show y.log", memory).out.split("\n").slice(3)).toEqual([
            "0   @512  write  sectors 0-1",
            "1  @2048  FLUSH",
            '2  @2560  MARK                "synced\\x1b"',
            "3  @3072  write  sector 4",
            "4  @4096  write  sector 8",
            "5  @5120  write  sector 1",
            '6  @6144  MARK                "dm-log-writes-end"',
            "",
        ]);
    });
});
