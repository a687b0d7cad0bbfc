/** `chickadee boot` without a person: what it prints, how it ends, and what it says of mistakes. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { chickadee } from "../../src/cli/chickadee-command.ts";
import { KernelRun } from "../../src/crash/kernel-run.ts";
import {
    type MemoryHost,
    type MemoryHostOptions,
    runProgramToEnd,
} from "../support/memory-host.ts";

async function boot(args: readonly string[], options: MemoryHostOptions | MemoryHost = {}) {
    const run = await runProgramToEnd(chickadee, ["boot", ...args], options);
    return { ...run, out: run.stdout(), err: run.stderr() };
}

const typed = (text: string) => ({ stdin: Buffer.from(text) });

/** The command and its modules are loaded once, when it is first asked for. */
beforeAll(async () => {
    expect((await boot(["--run", "true"])).status).toBe(0);
}, 60_000);

describe("chickadee boot --run", () => {
    it("is silent but for the verdict when the program is", async () => {
        const { status, out, err } = await boot(["--run", "true"]);
        expect({ status, out }).toEqual({ status: 0, out: "" });
        expect(err).toMatch(
            /^passed: the program and all orphans ended with status 0\nafter 0\.\d{3} s of /,
        );
        expect(err).toMatch(/ s of virtual time, [\d,]+ operations\n$/);
    });

    it("prints the console, with all that scrolled off it", async () => {
        const { status, out } = await boot(["--run", "cat", "--keys", "k"], {
            files: { k: Array.from({ length: 40 }, (_, index) => `line ${index}\n`).join("") },
        });
        // Each line is echoed as it is typed, and printed.
        const lines = Array.from({ length: 40 }, (_, index) => [`line ${index}`, `line ${index}`]);
        expect({ status, out }).toEqual({ status: 0, out: `${lines.flat().join("\n")}\n` });
    });

    it("passes arguments, with quotes as a shell has them", async () => {
        const { status, out } = await boot(["--run", "echo 'a  b' \"it's\" c\\ d"]);
        expect({ status, out }).toEqual({ status: 0, out: "a  b it's c d\n" });
    });

    it("ends with status 1 when the program does not end with 0", async () => {
        const { status, out, err } = await boot(["--run", "false", "--seed", "7"]);
        expect({ status, out }).toEqual({ status: 1, out: "" });
        expect(err.split("\n")).toEqual([
            "failed: process 2 (false) ended with status 1",
            expect.stringMatching(/^after /),
            "replay: chickadee boot --run false --cpus 2 --seed 7 --schedule round-robin",
            "",
        ]);
    });

    it("ends with status 1 when time is over, and says where tasks stand", async () => {
        const { status, err } = await boot(["--run", "sleep 20", "--limit", "5", "--cpus", "1"]);
        expect(status).toBe(1);
        expect(err.split("\n")).toEqual([
            "time limit: still running after 5 s of virtual time",
            expect.stringMatching(/^after 5\.000 s of virtual time, [\d,]+ operations$/),
            "  T1  P1  init   CPU 0  blocked: waits for a child",
            "  T2  P2  sleep  CPU 0  blocked: waits for a time",
            "  CPU 0  idle  nothing ready  no spinlock held",
            "replay: chickadee boot --run 'sleep 20' --cpus 1 --seed 1 --schedule round-robin " +
                "--limit 5",
            "",
        ]);
    });

    it("ends with status 3 in a deadlock, and tells who waits for what", async () => {
        const { status, err } = await boot(["--run", "cat", "--cpus", "1"]);
        expect(status).toBe(3);
        const calls = /^ {8,}.*\n/gm;
        expect(err.match(calls)?.join("").replace(/\n */g, " ").replace(/:\d+/g, ":N")).toBe(
            "        waitUntil sync/wait-queue.ts:N < waitForChild processes/wait.ts:N " +
                "< initProgram processes/init.ts:N " +
                "< kernelTaskProgram processes/kernel-task.ts:N " +
                "waitUntil sync/wait-queue.ts:N < read files/keyboard.ts:N " +
                "< read files/terminal.ts:N < read files/open-file.ts:N " +
                "< system-calls/file-calls.ts:N < withFile system-calls/file-calls.ts:N " +
                "< read system-calls/file-calls.ts:N < systemCall kernel.ts:N ",
        );
        expect(err.replace(calls, "").split("\n")).toEqual([
            "deadlock: every task waits",
            expect.stringMatching(/^after /),
            "  T1  P1  init  CPU 0  blocked: waits for a child",
            "  T2  P2  cat   CPU 0  blocked: waits for a line from the keyboard",
            "  CPU 0  idle  nothing ready  no spinlock held",
            "nobody types: --keys FILE would, and without --run standard input does",
            "replay: chickadee boot --run cat --cpus 1 --seed 1 --schedule round-robin",
            "",
        ]);
    });

    it("ends with status 1 when there were more operations than it may do", async () => {
        const args = ["--run", "sleep 20", "--cpus", "1", "--max-operations", "2000"];
        const { status, err } = await boot(args);
        expect(status).toBe(1);
        expect(err.split("\n").slice(0, 2)).toEqual([
            "stuck: it did not end within 2000 operations",
            expect.stringMatching(/^after 0\.\d{3} s of virtual time, 2,000 operations$/),
        ]);
        expect(err).toMatch(/^replay: .* --max-operations 2000$/m);
    });

    it("ends with status 3 in a panic, and its replay line does it again", async () => {
        const args = ["--run", "testshm", "--fault", "fork-forgets-shared-reference"];
        const { status, err } = await boot([...args, "--schedule", "random", "--seed", "5"]);
        expect(status).toBe(3);
        expect(err).toMatch(/^thrown at\n {2}kernelAssert panic\.ts:\d+ < #uncount memory\//m);
        expect(err).toMatch(/^panic: kernel invariant broken: /);
        expect(err).toMatch(/^ {2}CPU 0 {2}runs T2 {2}nothing ready +holds /m);
        const replay = /^replay: chickadee boot (.*)$/m.exec(err)?.[1] ?? "";
        expect(replay).toBe(
            "--run testshm --cpus 2 --seed 5 --schedule random " +
                "--fault fork-forgets-shared-reference",
        );
        expect((await boot(replay.split(" "))).err).toBe(err);
    });

    it("shows the screen, and how to have it again, when these tools are at fault", async () => {
        const plain = KernelRun.prototype.advance;
        const broken = vi.spyOn(KernelRun.prototype, "advance").mockImplementation(function (
            this: KernelRun,
            limits,
        ) {
            const outcome = plain.call(this, limits);
            if (this.machine.console.usedRows().includes("before")) {
                throw new TypeError("a defect");
            }
            return outcome;
        });
        const { status, out, err } = await boot(["--run", "sh -c 'echo before; sleep 10'"]);
        broken.mockRestore();
        expect({ status, out }).toEqual({ status: 70, out: "before\n" });
        expect(err.split("\n")).toEqual([
            expect.stringMatching(/^replay: chickadee boot --run 'sh .*echo before.* --seed 1 /),
            "chickadee: internal error: a defect",
            "This is a defect of chickadee-lab; please report it with the command and the image.",
            "",
        ]);
    });

    it("stops for a signal, says where it was, and ends as shells expect", async () => {
        const signal = { name: "SIGINT", afterBreaths: 3 } as const;
        const { status, err } = await boot(["--run", "sleep 100"], { signal });
        expect(status).toBe(130);
        expect(err.split("\n").slice(0, 4)).toEqual([
            "interrupted: by SIGINT",
            expect.stringMatching(/^after 0\.030 s of virtual time, [\d,]+ operations$/),
            "  T1  P1  init   CPU 1  blocked: waits for a child",
            "  T2  P2  sleep  CPU 0  blocked: waits for a time",
        ]);
        const terminated = { name: "SIGTERM", afterBreaths: 1 } as const;
        expect((await boot(["--run", "sleep 100"], { signal: terminated })).status).toBe(143);
    });

    it("tells a terminal how far it is, and takes that away again", async () => {
        const signal = { name: "SIGINT", afterBreaths: 7 } as const;
        const { err } = await boot(["--run", "testmutex"], { stderrTerminal: true, signal });
        const [passing, verdict] = err.split("interrupted: ");
        expect(passing).toMatch(
            /^(\r0\.0\d\d s of virtual time, 1,[\d,]{7} operations *){2,}\r +\r$/,
        );
        expect(verdict).toMatch(/^by SIGINT\nafter /);
        expect((await boot(["--run", "true"], { stderrTerminal: true })).err).not.toContain("\r");
    });

    it("shows colours on a terminal, unless they are not wanted", async () => {
        const args = ["--run", "echo x", "--keys", "empty"];
        const files = { empty: "" };
        const coloured = ["--run", "sh", "--keys", "k", "--color"];
        const keys = { files: { k: "true\n" } };
        expect((await boot(args, { files })).out).toBe("x\n");
        // What is typed is echoed in cyan.
        expect((await boot(coloured, keys)).out).toContain("\x1b[36;49mtrue\x1b[m\n");
        const terminal = { ...keys, terminal: true };
        const plain = ["--run", "sh", "--keys", "k"];
        expect((await boot(plain, terminal)).out).toContain("\x1b[36;49mtrue\x1b[m\n");
        const noColour = { ...terminal, environment: { NO_COLOR: "1" } };
        expect((await boot(plain, noColour)).out).not.toContain("\x1b");
    });

    it("stops with the status of a closed pipe when nobody reads", async () => {
        const { status, err } = await boot(["--run", "echo x"], { stdoutError: "EPIPE" });
        expect(status).toBe(141);
        expect(err).toBe("standard output: Broken pipe\n");
    });
});

describe("keys", () => {
    it("come from standard input for the shell, and end with Ctrl-D", async () => {
        const { status, out } = await boot([], typed("echo one\necho two | cat\n"));
        expect(status).toBe(0);
        expect(out.replace(/ +$/gm, "")).toBe("sh$ echo one\none\nsh$ echo two | cat\ntwo\nsh$\n");
    });

    it("go to the program that the shell started, line by line", async () => {
        const { status, out } = await boot([], typed("cat\nhello\n"));
        // The first Ctrl-D ends cat, the second one the shell.
        expect(status).toBe(0);
        expect(out.replace(/ +$/gm, "")).toBe("sh$ cat\nhello\nhello\nsh$\n");
    });

    it("wait as long as programs take, so that none is lost", async () => {
        // More than the kernel keeps of keys that nobody reads, typed while nobody does.
        const echoes = Array.from({ length: 60 }, (_, index) => `echo ${index} of many lines`);
        const { status, out } = await boot([], typed(`sleep 3\n${echoes.join("\n")}\n`));
        expect(status).toBe(0);
        const printed = out.split("\n").filter((line) => /^\d+ of many lines$/.test(line));
        expect(printed).toEqual(echoes.map((echo) => echo.slice("echo ".length)));
    });

    it("may lack the last line's end", async () => {
        const { status, out } = await boot(["--run", "cat", "--keys", "-"], typed("no end"));
        expect({ status, out }).toEqual({ status: 0, out: "no endno end\n" });
    });

    it("give the same run every time", async () => {
        const args = ["--json", "--schedule", "random", "--cpus", "3"];
        const input = typed("echo a; ls | wc\ncat\nx\n");
        const first = await boot(args, input);
        expect(first.status).toBe(0);
        expect((await boot(args, input)).out).toBe(first.out);
    });

    it("must be on the keyboard", async () => {
        expect(await boot([], typed("ls\necho \u00e9\n"))).toMatchObject({
            status: 2,
            out: "",
            err:
                '<stdin>: line 2: cannot type U+00E9 "\u00c3\u00a9", character 6 of the text: ' +
                "a US keyboard has no key for it; leave it out\n",
        });
        const image = { stdin: Uint8Array.of(0x80, 0xff) };
        expect(await boot([], image)).toMatchObject({
            status: 2,
            err: "<stdin>: not UTF-8, so it cannot be typed\n",
        });
        const long = { files: { k: "x".repeat(2 ** 20 + 1) } };
        expect(await boot(["--keys", "k"], long)).toMatchObject({
            status: 2,
            err: "k: too long to be typed: over 1048576 bytes\n",
        });
    });
});

describe("lists", () => {
    it("has the planted faults one a line, name first", async () => {
        const { status, out, err } = await boot(["--fault", "list"]);
        expect({ status, err }).toEqual({ status: 0, err: "" });
        const lines = out.split("\n").slice(0, -1);
        expect(lines.map((line) => line.split(" ")[0])).toEqual(
            expect.arrayContaining([
                "futex-check-before-lock",
                "wait-check-before-enqueue",
                "exit-frees-running-task",
                "futex-virtual-key",
                "fork-forgets-shared-reference",
            ]),
        );
        expect(lines.filter((line) => !/^[a-z-]+ {2,}[a-z].+$/.test(line))).toEqual([]);
    });

    it("has the programs, sorted", async () => {
        const { status, out, err } = await boot(["--list-programs"]);
        expect({ status, err }).toEqual({ status: 0, err: "" });
        const names = out.split("\n").slice(0, -1);
        expect(names).toEqual([...names].sort());
        expect(names).toEqual(expect.arrayContaining(["cat", "sh", "testfutex", "testthread"]));
    });
});

describe("wrong usage", () => {
    const usage: readonly (readonly [args: string, message: string])[] = [
        [
            "--run catt",
            '--run: there is no program "catt"; did you mean cat?; --list-programs lists them',
        ],
        [
            "--run testfut",
            '--run: there is no program "testfut"; did you mean testfutex or testfutexshm?; ' +
                "--list-programs lists them",
        ],
        [
            "--run \x1b[2Jzzzzz",
            '--run: there is no program "\\x1b[2Jzzzzz"; --list-programs lists them',
        ],
        ["--run 'sh", "--run: a quote (') is never closed"],
        ["--run=", "--run: no program is named"],
        [
            "--fault futex-virtual",
            '--fault: there is no fault "futex-virtual"; did you mean futex-virtual-key?; ' +
                "--fault list lists them",
        ],
        [
            "--run true --schedule rund",
            'no schedule is named "rund"; there are round-robin[:OPERATIONS], ' +
                "random[:OPERATIONS], pct:DEPTH[:LENGTH], preempt:POINTS and replay:RUNS",
        ],
        ["--run true --trace t", "--trace: without an image there is no disk to be traced"],
        ["--run true --log -", "--log -: standard output has the console's text; give a file"],
        ["--run true --log same --trace same d.img", "same: --log and --trace would both write it"],
        ["--live", "--live: standard input and output must be a terminal"],
        ["--live --json", "--live and --json do not go together"],
        ["--live --keys k", "--live and --keys do not go together"],
        ["- --keys -", "standard input is the disk, so it cannot be typed; give --keys FILE"],
        ["nowhere.img", "nowhere.img: No such file or directory"],
        ["odd.img", "odd.img: 1000 bytes are no disk: it has sectors of 512"],
        ["empty.img", "empty.img: 0 bytes are no disk: it has sectors of 512"],
        ["--keys nowhere", "nowhere: No such file or directory"],
        ["--run true --log no/such/folder", "no/such/folder: No such file or directory"],
        ["d.img --run true --trace d.img", "d.img: refusing to write over d.img, which is read"],
        ["--keys k --log k", "k: refusing to write over k, which is read"],
    ];
    const files = {
        "d.img": new Uint8Array(4096),
        "odd.img": new Uint8Array(1000),
        "empty.img": new Uint8Array(0),
        k: "true\n",
    };

    it.each(usage)("is told: %s", async (text, message) => {
        const { status, out, err } = await boot(text.split(" "), { files });
        expect({ status, out, err }).toEqual({ status: 2, out: "", err: `${message}\n` });
    });

    it("is told by the options themselves", async () => {
        const whole = "It should be a whole number";
        const wrong: readonly (readonly [string, string])[] = [
            ["--cpus 17", `option '--cpus <N>' argument '17' is invalid. ${whole}, 1 to 16.`],
            ["--cpus 0", `option '--cpus <N>' argument '0' is invalid. ${whole}, 1 to 16.`],
            ["--seed x", `option '--seed <S>' argument 'x' is invalid. ${whole}, 0 to 4294967295.`],
            ["--memory 1", `option '--memory <MIB>' argument '1' is invalid. ${whole}, 2 to 1024.`],
            ["--nope", "unknown option '--nope'"],
            ["a b", "too many arguments for 'boot'. Expected 1 argument but got 2."],
        ];
        for (const [text, message] of wrong) {
            expect(await boot(text.split(" "))).toMatchObject({
                status: 2,
                out: "",
                err: `chickadee: ${message}\nTry "chickadee boot --help".\n`,
            });
        }
    });

    it("is standard input that is a terminal where nothing live is asked for", async () => {
        expect(await boot(["--json"], { terminal: true })).toMatchObject({
            status: 2,
            err:
                "a live console is for a terminal without --json; give --run PROGRAM or " +
                "--keys FILE\n",
        });
    });
});

describe("files", () => {
    const image = Uint8Array.from({ length: 8192 }, (_, index) => index * 7);

    it("are written when all is over, and the disk is not", async () => {
        const run = await boot(["d.img", "--run", "true", "--log", "l", "--trace", "t"], {
            files: { "d.img": image, l: "old" },
        });
        expect(run.status).toBe(0);
        expect(Buffer.from(run.readFile("l")).toString()).toMatch(
            /^Chickadee: 2 CPUs, \d+ pages\n/,
        );
        expect(Buffer.from(run.readFile("t").subarray(0, 8)).toString()).toBe("chktrace");
        expect(Buffer.compare(run.readFile("d.img"), image)).toBe(0);
        const shown = await runProgramToEnd(chickadee, ["disk", "trace", "show", "t"], run);
        expect(shown.status).toBe(0);
    });

    it("are as they were when there is no room for new ones", async () => {
        const run = await boot(["--run", "true", "--log", "l"], {
            files: { l: "old" },
            freeBytes: 3,
        });
        expect(run.status).toBe(2);
        expect(run.err).toMatch(/\nl: No space left on device\n$/);
        expect(Buffer.from(run.readFile("l")).toString()).toBe("old");
    });

    it("may be standard input: the disk, when a program is run", async () => {
        expect((await boot(["-", "--run", "true"], { stdin: image })).status).toBe(0);
    });
});

describe("the document of --json", () => {
    it("has all there is to know of a run", async () => {
        const { status, out, err } = await boot(["--run", "false", "--json", "--seed", "3"]);
        expect({ status, err }).toEqual({ status: 1, err: "" });
        expect(JSON.parse(out)).toEqual({
            outcome: "failed",
            message: "process 2 (false) ended with status 1",
            exitStatus: 1,
            command: ["false"],
            cpuCount: 2,
            seed: 3,
            schedule: "round-robin",
            memoryBytes: 2 * 2 ** 20,
            faults: [],
            processes: [{ pid: 2, name: "false", status: 1, isFirst: true }],
            tasks: [{ tid: 1, pid: 1, name: "init", cpu: 1, state: "running" }],
            cpus: [
                expect.objectContaining({ cpu: 0, ready: [], holds: [] }),
                { cpu: 1, tid: 1, isIdle: false, ready: [], holds: [] },
            ],
            console: [],
            missedLineCount: 0,
            virtualTimeNs: expect.any(Number),
            operationCount: expect.any(Number),
            stateHash: expect.stringMatching(/^[0-9a-f]{64}$/),
            replay: "chickadee boot --run false --cpus 2 --seed 3 --schedule round-robin",
        });
    });

    it("has no field that docs/JSON-BOOT.md does not explain", async () => {
        const page = readFileSync(new URL("../../docs/JSON-BOOT.md", import.meta.url), "utf8");
        const explained = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, field]) => field);
        const document = JSON.parse((await boot(["--run", "cat", "--json"])).out);
        const found = new Set<string>();
        JSON.stringify(document, (field, value) => {
            if (!/^\d*$/.test(field)) {
                found.add(field);
            }
            return value;
        });
        const { processes } = JSON.parse((await boot(["--run", "true", "--json"])).out);
        const ofProcess = Object.keys(processes[0]);
        expect([...new Set([...found, ...ofProcess])].sort()).toEqual(
            [...new Set(explained)].sort(),
        );
    });

    it("is the same for the same seed, and another for another", async () => {
        const run = async (seed: string) =>
            (await boot(["--run", "testpipe", "--schedule", "random", "--json", "--seed", seed]))
                .out;
        const first = await run("11");
        expect(await run("11")).toBe(first);
        const hash = (text: string) => JSON.parse(text).stateHash;
        expect(hash(await run("12"))).not.toBe(hash(first));
    });

    it("says that it was interrupted", async () => {
        const signal = { name: "SIGHUP", afterBreaths: 1 } as const;
        const { status, out, err } = await boot(["--run", "sleep 9", "--json"], { signal });
        expect({ status, err }).toEqual({ status: 129, err: "" });
        expect(JSON.parse(out)).toMatchObject({
            outcome: "interrupted",
            message: "by SIGHUP",
            tasks: [{ name: "init" }, { name: "sleep", state: "blocked", waitsFor: "a time" }],
        });
    });
});

describe("the help", () => {
    it("fits 80 columns, and its examples work", async () => {
        const { status, out, err } = await boot(["--help"]);
        expect({ status, err }).toEqual({ status: 0, err: "" });
        expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
        const examples = out.slice(out.indexOf("Examples:\n")).match(/chickadee boot.*/g) ?? [];
        const options = { ...typed("ls | wc\n"), files: { "notes.txt": "hello\n" } };
        const statuses = [];
        for (const example of examples) {
            const [, first = "", quoted, rest = ""] =
                /^chickadee boot ?([^"]*)(?:"([^"]*)")?(.*)$/.exec(example) ?? [];
            const words = [first, rest].map((part) => part.split(" ").filter((one) => one !== ""));
            const args = [...words[0], ...(quoted === undefined ? [] : [quoted]), ...words[1]];
            statuses.push((await boot(args, options)).status);
        }
        // The last one shows a planted fault.
        expect(statuses).toEqual([0, 0, 0, 0, 0, 3]);
    });
});
