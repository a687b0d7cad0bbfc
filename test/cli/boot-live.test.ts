/** The live console of `chickadee boot`, at a terminal in memory. */
import { describe, expect, it } from "vitest";
import { chickadee } from "../../src/cli/chickadee-command.ts";
import type { TerminalEvent } from "../../src/host/terminal.ts";
import { FakeTerminal } from "../support/fake-terminal.ts";
import { type MemoryHostOptions, runProgramToEnd } from "../support/memory-host.ts";

type Event = TerminalEvent | undefined;
type Script = (Event | ((terminal: FakeTerminal) => Event))[];

const type = (text: string): TerminalEvent => ({ kind: "typed", bytes: Buffer.from(text) });
/** Frames in which nothing is typed: each 20 ms at most. */
const frames = (count: number): Script => new Array<undefined>(count).fill(undefined);
const leave = type("\x1d");

async function boot(
    args: readonly string[],
    script: Script,
    { rows = 30, columns = 100, ...options }: MemoryHostOptions & { readonly rows?: number } = {},
) {
    const terminal: FakeTerminal = new FakeTerminal(
        columns,
        rows,
        script.map((step) => () => (typeof step === "function" ? step(terminal) : step)),
    );
    const run = await runProgramToEnd(chickadee, ["boot", ...args], {
        terminal: true,
        columns,
        openTerminal: () => terminal,
        ...options,
    });
    return { ...run, terminal, out: run.stdout(), err: run.stderr() };
}

const prompt = "sh$";

describe("the live console", () => {
    it("shows the shell's prompt, waits for keys, and is left with Ctrl-]", async () => {
        const { status, terminal, out, err } = await boot([], [...frames(20), leave]);
        expect(status).toBe(0);
        expect(terminal.text[0]).toBe(prompt);
        expect(terminal.cursor).toEqual([0, 4]);
        expect(terminal.text[25].replace(/0\.\d s/, "0.N s")).toBe(
            " Ctrl-] leaves  |  0.N s, waits for keys  |  2 CPUs, seed 1, round-robin",
        );
        expect(terminal.isClosed).toBe(true);
        // The screen stays, and the verdict is below.
        expect(out).toBe(`${prompt}\n`);
        expect(err).toMatch(/^left: while it was running\nafter 0\.\d{3} s of virtual time, /);
    });

    it("types what is typed, and shows it in its colours", async () => {
        const script = [...frames(10), type("echo hi\r"), ...frames(10), leave];
        const { terminal, out } = await boot([], script);
        expect(terminal.text.slice(0, 3)).toEqual([`${prompt} echo hi`, "hi", prompt]);
        expect(terminal.coloursAt(0, 4)).toBe("36;49");
        expect(terminal.coloursAt(1, 0)).toBe("");
        expect(out).toContain("\x1b[36;49mecho hi\x1b[m\nhi\n");
    });

    it("has no colour where none is wanted", async () => {
        const script = [...frames(10), type("echo hi\r"), ...frames(10), leave];
        const noColour = { environment: { NO_COLOR: "1" } };
        for (const { terminal, out } of [
            await boot(["--no-color"], script),
            await boot([], script, noColour),
        ]) {
            expect(terminal.coloursAt(0, 4)).toBe("");
            expect(out).toBe(`${prompt} echo hi\nhi\n${prompt}\n`);
        }
    });

    it("ends when the machine does, and says how", async () => {
        const script = [...frames(10), type("true\r\x04"), ...frames(30)];
        const { status, err } = await boot([], script);
        expect(status).toBe(0);
        expect(err).toMatch(/^passed: the program and all orphans ended with status 0\n/);
        const failed = await boot(["--live", "--run", "false"], frames(30));
        expect(failed.status).toBe(1);
        expect(failed.err).toMatch(/^failed: process 2 \(false\) ended with status 1\n/);
        expect(failed.err).toContain("\nreplay: only with the same keys at the same times");
    });

    it("runs no faster than real time while it waits", async () => {
        // 50 frames are a second at most.
        const { err } = await boot(["--live", "--run", "sleep 3"], [...frames(50), leave]);
        const [, seconds] = /^after (\d+\.\d+) s/m.exec(err) ?? [];
        expect(Number(seconds)).toBeGreaterThan(0.9);
        expect(Number(seconds)).toBeLessThanOrEqual(1.02);
    });

    it("says when a key was typed that the machine does not have", async () => {
        const script = [...frames(10), type("\u00e9"), ...frames(2), leave];
        const { terminal } = await boot([], script);
        expect(terminal.text[25]).toContain("the machine has no such key, or too many wait");
    });

    it("draws all anew when the window has another size, or was somebody else's", async () => {
        let smaller: string[] = [];
        const { status } = await boot(
            [],
            [
                ...[...frames(10), type("echo hi\r"), ...frames(10)],
                (terminal) => {
                    terminal.columns = 30;
                    terminal.rows = 8;
                    return { kind: "redraw" };
                },
                ...frames(1),
                (terminal) => {
                    smaller = terminal.text;
                    return leave;
                },
            ],
        );
        expect(status).toBe(0);
        expect(smaller).toHaveLength(8);
        expect(smaller.slice(0, 3)).toEqual([`${prompt} echo hi`, "hi", prompt]);
        expect(smaller[7]).toMatch(/^ Ctrl-\] leaves {2}\| {2}0\.\d s, /);
    });

    it("ends by a signal, or when nobody is there any more", async () => {
        const terminated = await boot([], [...frames(5), { kind: "closed", signal: "SIGTERM" }]);
        expect(terminated.status).toBe(143);
        expect(terminated.terminal.isClosed).toBe(true);
        expect(terminated.err).toMatch(/^interrupted: by SIGTERM\n/);
        expect((await boot([], [...frames(5), { kind: "closed" }])).status).toBe(129);
    });

    it("gives the terminal back when something fails", async () => {
        const fail = () => {
            throw new Error("a defect");
        };
        const { status, terminal, err } = await boot([], [...frames(3), fail]);
        expect(status).toBe(70);
        expect(terminal.isClosed).toBe(true);
        expect(err).toBe(
            "chickadee: internal error: a defect\n" +
                "This is a defect of chickadee-lab; please report it with the command and the " +
                "image.\n",
        );
    });

    it("writes what it was asked to when it is left", async () => {
        const run = await boot(["--log", "kernel.log"], [...frames(5), leave]);
        expect(Buffer.from(run.readFile("kernel.log")).toString()).toMatch(/^Chickadee: 2 CPUs/);
    });
});
