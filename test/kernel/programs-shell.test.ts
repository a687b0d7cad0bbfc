/** The shell and the small programs that it is used with. */
import { describe, expect, it } from "vitest";
import { KernelRun } from "../../src/crash/kernel-run.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";

const passed = { kind: "passed", message: "the program and all orphans ended with status 0" };

function linesOf({ machine }: KernelRun): readonly string[] {
    return [...machine.console.textSince(0).lines, ...machine.console.usedRows()];
}

/** What `sh -c TEXT` writes, and its status. */
function shell(text: string, schedule = "round-robin", seed = 1) {
    const command = ["sh", "-c", text];
    const run = new KernelRun({ command, seed, schedule: parseSchedule(schedule) });
    const { kind, message } = run.finish();
    return { lines: linesOf(run), ending: kind === "passed" ? "" : message };
}

function wrote(...lines: readonly string[]) {
    return { lines, ending: "" };
}

describe("the shell", () => {
    it.each([
        ["echo one two", ["one two"]],
        ["echo one; echo two;", ["one", "two"]],
        ["echo one\necho two", ["one", "two"]],
        [`echo 'a  b' "c | d" e"f"'g'`, ["a  b c | d efg"]],
        ["echo one # two; three", ["one"]],
        ["echo -n one; echo two", ["onetwo"]],
        ["true && echo yes", ["yes"]],
        ["false && echo no; true", []],
        ["false || echo yes", ["yes"]],
        ["true || echo no", []],
        ["false && echo no || echo yes", ["yes"]],
        ["false || true && echo yes", ["yes"]],
        ["echo a b | cat", ["a b"]],
        ["echo a b | cat | cat | wc", ["4 2 1"]],
        ["(echo a; echo b) | wc", ["4 2 2"]],
        ["(false || (echo deep))", ["deep"]],
        ["echo a | (cat; echo b)", ["a", "b"]],
        ["echo a > f; cat f; cat < f", ["a", "a"]],
        ["echo long > f; echo a > f; echo b >> f; cat f f", ["a", "b", "a", "b"]],
        ["> f; wc f", ["0 0 0 f"]],
        ["echo hi > f; wc < f > g; cat g", ["3 1 1"]],
        ["wc emerson.txt", ["130 26 4 emerson.txt"]],
        ["ls | cat > f; echo done", ["done"]],
        ["echo echo from a script > s; sh s", ["from a script"]],
        ["sleep 0.2; echo late", ["late"]],
        ["exit; echo no", []],
    ] as const)("runs %j", (text, lines) => {
        expect(shell(text)).toEqual(wrote(...lines));
    });

    it("does not wait for what runs in the background", () => {
        expect(shell("(sleep 0.1; echo late) & echo first; sleep 0.2; echo last")).toEqual(
            wrote("first", "late", "last"),
        );
    });

    it("leaves what runs in the background to init when it ends", () => {
        expect(shell("(sleep 0.1; echo late) & echo first")).toEqual(wrote("first", "late"));
    });

    it.each([
        ["exit 3", 3, []],
        ["false", 1, []],
        ["true; false", 1, []],
        ["true | false", 1, []],
        ["nosuch", 127, ["sh: nosuch: E_NOENT"]],
        ["emerson.txt", 127, ["sh: emerson.txt: E_NOEXEC"]],
        ["cat nofile", 1, ["cat: nofile: E_NOENT"]],
        ["cat < nofile", 1, ["sh: nofile: E_NOENT"]],
        ["wc nofile emerson.txt", 1, ["wc: nofile: E_NOENT", "130 26 4 emerson.txt"]],
        ["sleep soon", 1, ["usage: sleep SECONDS"]],
        ["sh nofile", 1, ["sh: nofile: E_NOENT"]],
        ["exit soon", 1, ["sh: exit: a status is a number below 1000"]],
        ["echo 'open", 2, ["sh: a quote is not closed"]],
        ["echo a | | b", 2, ["sh: unexpected: |"]],
        ["echo a &&", 2, ["sh: unexpected: the end of the line"]],
        ["(echo a", 2, ["sh: unexpected: the end of the line"]],
        ["echo a)", 2, ["sh: unexpected: )"]],
        ["echo >", 2, ["sh: unexpected: the end of the line"]],
    ] as const)("%j ends with status %i", (text, status, lines) => {
        const ending = `process 2 (sh) ended with status ${status}`;
        expect(shell(text)).toEqual({ lines, ending });
    });

    it("ends a writer whose reader has gone", () => {
        // cat writes more than the pipe holds to a reader that reads nothing.
        const text = "cat thoreau.txt thoreau.txt thoreau.txt | true; echo well";
        const { lines, ending } = shell(text);
        expect([lines.at(-1), ending]).toEqual(["well", ""]);
    });

    it("runs a pipeline the same under any schedule", () => {
        const text = "cat thoreau.txt | cat | wc; echo a > f && cat f || echo no";
        for (const schedule of ["random", "pct:3:10000"]) {
            for (const seed of [1, 2, 3, 4, 5]) {
                expect(shell(text, schedule, seed)).toEqual(wrote("724 145 12", "a"));
            }
        }
    });

    it("reads lines from the keyboard, and ends at Ctrl-D", () => {
        const run = new KernelRun({ command: ["sh"], seed: 1, keyboardIsOpen: true });
        const { keyboard } = run.machine.keyboard;
        /** Time for what was typed to be read and carried out, in ns. */
        const pauseNs = 100_000_000;
        for (const text of ["echo typed\n", "cat\n", "to cat\n", "", "false\n", "true\n", ""]) {
            run.advance({ untilNs: run.machine.clock.nowNs + pauseNs });
            if (text === "") {
                keyboard.press("left ctrl");
                keyboard.type("d");
                keyboard.release("left ctrl");
            } else {
                keyboard.type(text);
            }
        }
        expect([run.finish(), linesOf(run)]).toEqual([
            passed,
            [
                "sh$ echo typed",
                "typed",
                "sh$ cat",
                "to cat",
                "to cat",
                "sh$ false",
                "sh$ true",
                "sh$",
            ],
        ]);
    });

    it("reads lines from a pipe", () => {
        const run = new KernelRun({
            command: ["sh", "-c", "(echo echo one; echo echo two) | sh"],
            seed: 1,
        });
        expect([run.finish(), linesOf(run)]).toEqual([passed, ["sh$ one", "sh$ two", "sh$"]]);
    });
});
