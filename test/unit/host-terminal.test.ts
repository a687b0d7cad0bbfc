/** A process's terminal is taken and given back, whatever happens to the process. */
import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { openTerminal } from "../../src/host/terminal.ts";
import { systemError } from "../support/memory-host.ts";

const taken = "\x1b[?1049h\x1b[?25l\x1b[m\x1b[2J\x1b[H";
const givenBack = "\x1b[m\x1b[?25h\x1b[?1049l";

/** A process whose terminal and signals are a test's. */
function fakeProcess() {
    const log: string[] = [];
    let failsWith: string | undefined;
    const stdin = Object.assign(new EventEmitter(), {
        setRawMode(isRaw: boolean) {
            log.push(isRaw ? "raw" : "cooked");
        },
        resume() {},
        pause() {
            log.push("paused");
        },
    });
    const stdout = Object.assign(new EventEmitter(), { columns: 120, rows: 40 });
    const kill = (pid: number, signal: string) => log.push(`${pid} gets ${signal}`);
    const owner = Object.assign(new EventEmitter(), { stdin, stdout, pid: 7, kill });
    const output = {
        isTerminal: true,
        columns: 120,
        write(bytes: Uint8Array) {
            if (failsWith !== undefined) {
                throw systemError(failsWith);
            }
            log.push(Buffer.from(bytes).toString());
        },
    };
    return {
        log,
        stdin,
        stdout,
        owner,
        hangUp() {
            failsWith = "EIO";
        },
        // The fake has what the terminal uses of a process, and no more.
        open: () => openTerminal(output, owner as unknown as NodeJS.Process),
    };
}

describe("a terminal", () => {
    it("is raw and shows another screen until it is closed, and hears nothing after", () => {
        const { log, stdin, stdout, owner, open } = fakeProcess();
        const terminal = open();
        expect(log.splice(0)).toEqual(["cooked", "raw", taken]);
        terminal.close();
        expect(log.splice(0)).toEqual([givenBack, "cooked", "paused"]);
        expect(owner.eventNames()).toEqual([]);
        expect([stdin.eventNames(), stdout.eventNames()]).toEqual([["error"], ["error"]]);
    });

    it("hands out what was typed, changes of its size and signals, in their order", async () => {
        const { stdin, stdout, owner, open } = fakeProcess();
        const terminal = open();
        const bytes = Buffer.from("ls\r");
        stdin.emit("data", bytes);
        stdout.emit("resize");
        owner.emit("SIGTERM", "SIGTERM");
        stdin.emit("end");
        expect(await terminal.next(0)).toEqual({ kind: "typed", bytes });
        expect(await terminal.next(0)).toEqual({ kind: "redraw" });
        expect(await terminal.next(0)).toEqual({ kind: "closed", signal: "SIGTERM" });
        expect(await terminal.next(0)).toEqual({ kind: "closed" });
        expect(await terminal.next(0)).toBeUndefined();
        const late = terminal.next(60_000);
        stdin.emit("data", bytes);
        expect(await late).toEqual({ kind: "typed", bytes });
        terminal.close();
    });

    it("knows its size, and has a usual one where nobody knows", () => {
        const { stdout, open } = fakeProcess();
        const terminal = open();
        expect([terminal.columns, terminal.rows]).toEqual([120, 40]);
        Object.assign(stdout, { columns: 0, rows: undefined });
        expect([terminal.columns, terminal.rows]).toEqual([80, 24]);
        terminal.close();
    });

    it("is given back while the process is stopped, and taken again", async () => {
        const { log, owner, open } = fakeProcess();
        const terminal = open();
        log.splice(0);
        owner.emit("SIGTSTP");
        expect(log.splice(0)).toEqual([givenBack, "cooked", "7 gets SIGSTOP"]);
        owner.emit("SIGCONT");
        expect(log.splice(0)).toEqual(["cooked", "raw", taken]);
        expect(await terminal.next(0)).toEqual({ kind: "redraw" });
        terminal.close();
    });

    it("is given back once when the process exits without closing it", () => {
        const { log, owner, open } = fakeProcess();
        const terminal = open();
        log.splice(0);
        owner.emit("exit");
        expect(log.splice(0)).toEqual([givenBack, "cooked"]);
        terminal.close();
        expect(log).toEqual(["paused"]);
    });

    it("may be gone when it is given back", async () => {
        const { stdin, hangUp, open } = fakeProcess();
        const terminal = open();
        hangUp();
        stdin.emit("error", systemError("EIO"));
        expect(await terminal.next(0)).toEqual({ kind: "closed" });
        expect(() => terminal.close()).not.toThrow();
        expect(() => stdin.emit("error", systemError("EIO"))).not.toThrow();
    });
});
