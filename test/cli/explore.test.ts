/** `chickadee explore`: what it finds and prints, by workers that take turns in this process. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { chickadee } from "../../src/cli/chickadee-command.ts";
import { bootCommand } from "../../src/cli/explore/verdict.ts";
import { perform, type Work } from "../../src/cli/explore/work.ts";
import { KernelRun } from "../../src/crash/kernel-run.ts";
import { type MemoryHostOptions, runProgramToEnd } from "../support/memory-host.ts";

async function run(args: readonly string[], options: MemoryHostOptions = {}) {
    const ended = await runProgramToEnd(chickadee, args, {
        perform: (work) => perform(work as Work),
        ...options,
    });
    return { status: ended.status, out: ended.stdout(), err: ended.stderr() };
}

const explore = (args: readonly string[], options: MemoryHostOptions = {}) =>
    run(["explore", ...args], options);

const lostWakeup = ["--run", "testfutex", "--fault", "futex-check-before-lock"];

/** The words of a printed command, whose arguments have no blanks here. */
function wordsOf(out: string, name: string): string[] {
    const [, command = ""] = new RegExp(`^${name}: chickadee (.*)$`, "m").exec(out) ?? [];
    return command.split(" ");
}

/** The source line at a place such as `src/kernel/futex/futex.ts:179`. */
function sourceAt(place: string): string {
    const [file = "", line] = place.split(":");
    const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
    return text.split("\n")[Number(line) - 1].trim();
}

/** Places that a paragraph below `head` begins with. */
function placeAfter(out: string, head: string): string {
    return new RegExp(`^${head}\\n {4}(\\S+:\\d+)`, "m").exec(out)?.[1] ?? "";
}

/** The command and its modules are loaded once, when it is first asked for. */
beforeAll(async () => {
    expect((await explore(["--run", "true", "--runs", "1"])).status).toBe(0);
}, 60_000);

describe("chickadee explore", () => {
    it("finds a lost wakeup, shrinks it, and tells which lines race", async () => {
        const { status, out, err } = await explore(lostWakeup);
        expect(status).toBe(1);
        expect(err).toMatch(/^searched \d+ runs in \d\.0 s, \d\.\d a second\n$/);
        const lines = out.split("\n");
        expect(lines[0]).toBe("deadlock: every task waits");
        expect(lines.slice(1, 4)).toEqual([
            "  T1 (P1, init) waits for a child",
            expect.stringMatching(/^ {2}T2 \(P2, testfutex\) waits for futex 0x/),
            expect.stringMatching(/^ {2}T3 \(P2, testfutex\) waits for futex 0x/),
        ]);
        expect(lines[4]).toMatch(
            /^found by run \d+ of search seed 1: seed \d+, schedule pct:3:\d+$/,
        );
        const points = /^\d+ preemptions?, (?:shrunk to (\d)|.*): preempt:\S+$/.exec(lines[5]);
        expect(Number(points?.[1] ?? 9)).toBeLessThanOrEqual(3);
        expect(out).toMatch(/^-- preemption( 1)?: CPU \d waits, CPU \d runs --$/m);
        // It looked at the word, and had not yet enqueued when the other CPU woke nobody.
        const looked = placeAfter(out, "CPU \\d did");
        expect(looked).toMatch(/^src\/kernel\/futex\/futex\.ts:/);
        expect(sourceAt(looked)).toMatch(/yield\*? .*(load|read)/i);
        expect(placeAfter(out, "and stood before")).toMatch(/^src\/kernel\/sync\/wait-queue\.ts:/);
        expect(placeAfter(out, "when CPU \\d did")).toMatch(/^src\/kernel\/futex\/futex\.ts:/);
        expect(out).toContain("\nBoth use the lock futex.\n");
        expect(out).toMatch(/ \(#enqueue\): acquire wait queue of a waiter of T\d /);
        expect(out).toMatch(/^ {4}\S+ \(wake\): (acquire|release) futex$/m);
        expect(out).not.toMatch(/step, futex|enable interrupts, /);
    });

    it("prints commands that fail in the same way, twenty times of twenty", async () => {
        const { out } = await explore(lostWakeup);
        for (const name of ["replay", "as it was found"]) {
            const command = wordsOf(out, name);
            const first = await run(command);
            expect(first.status).toBe(3);
            const [found] = out.split("found by run");
            expect(first.err).toContain("deadlock: every task waits\n");
            for (const [, task, futex] of found.matchAll(/^ {2}(T\d).* for (futex 0x\w+)/gm)) {
                expect(first.err).toMatch(new RegExp(`^  ${task} .* waits for ${futex} `, "m"));
            }
            for (let time = 1; time < 20; time++) {
                expect(await run(command)).toEqual(first);
            }
        }
    });

    it("prints the same for any number of jobs", async () => {
        const args = [...lostWakeup, "--seed", "5"];
        const { out } = await explore([...args, "--jobs", "1"]);
        for (const jobs of ["2", "3", "7"]) {
            expect((await explore([...args, "--jobs", jobs], { coreCount: 8 })).out).toBe(out);
        }
        expect((await explore([...lostWakeup, "--seed", "6"])).out).not.toBe(out);
    });

    it("says so when no run fails", async () => {
        const { status, out, err } = await explore(["--run", "testpipe", "--runs", "20"]);
        expect({ status, out }).toEqual({
            status: 0,
            out: "no run failed: 20 runs of testpipe on 2 CPUs, pct:3, seed 1\n",
        });
        expect(err).toMatch(/^searched 20 runs in /);
    });

    it("says so when it takes no preemption to fail", async () => {
        const { status, out } = await explore(["--run", "false", "--runs", "5", "--cpus", "1"]);
        expect(status).toBe(1);
        const [first, found, shrunk] = out.split("\n");
        expect(first).toBe("failed: process 2 (false) ended with status 1");
        expect(found).toMatch(/^found by run 0 of search seed 1: seed \d+, schedule preempt:$/);
        expect(shrunk).toBe("it takes no preemption to fail: the schedule preempt: has none");
        expect(out.match(/no preemption/gi)?.length).toBe(1);
        expect(out.match(/chickadee boot/g)?.length).toBe(1);
        expect((await run(wordsOf(out, "replay"))).status).toBe(1);
    });

    it("tells what a program that failed said last", async () => {
        const args = ["--run", "sh -c 'echo one; echo two; cat nothing'", "--runs", "2"];
        const { out } = await explore([...args, "--no-shrink"]);
        const [first, head, ...lines] = out.split("\n");
        expect(first).toMatch(/^failed: process \d+ \(\w+\) ended with status 1$/);
        expect(head).toBe("last on the console:");
        const said = lines.slice(
            0,
            lines.findIndex((line) => line.startsWith("found by")),
        );
        expect(said.slice(0, 2)).toEqual(["    one", "    two"]);
        expect(said[2]).toMatch(/^ {4}.*nothing/);
        const { found } = JSON.parse((await explore([...args, "--no-shrink", "--json"])).out);
        expect(found.console).toEqual(said.map((line) => line.slice(4)));
        const deadlock = await explore([...lostWakeup, "--no-shrink"]);
        expect(deadlock.out).not.toContain("last on the console");
    });

    it("tells the last five lines of those that scrolled off, too", async () => {
        const words = Array.from({ length: 40 }, (_, index) => `echo line${index}`).join("; ");
        const args = ["--run", `sh -c '${words}; false'`, "--runs", "1", "--no-shrink"];
        const { out } = await explore(args);
        expect(out.split("\n").slice(2, 7)).toEqual(
            [35, 36, 37, 38, 39].map((number) => `    line${number}`),
        );
    });

    it("types keys in every run, as boot does", async () => {
        const files = { keys: "a few\nanother few\n" };
        const args = ["--run", "testrwaddr", "--keys", "keys"];
        expect((await explore([...args, "--runs", "10"], { files })).status).toBe(0);
        const without = await explore(["--run", "testrwaddr", "--runs", "10", "--no-shrink"]);
        expect(without.status).toBe(1);
        expect(without.out).toMatch(/^deadlock: /);
        expect(without.out).toContain("\nnobody types: --keys FILE would\nfound by run 0 ");
        // One line of keys is not enough, and then Ctrl-D comes.
        const short = { files: { keys: "exit 3\n" } };
        const failing = await explore(["--run", "sh", "--keys", "keys", "--no-shrink"], short);
        expect(failing.status).toBe(1);
        expect((await run(wordsOf(failing.out, "replay"), short)).err).toContain(
            failing.out.split("\n")[0],
        );
    });

    it("gives its limits to the commands that it prints", async () => {
        const args = ["--run", "sleep 20", "--limit", "1", "--runs", "2", "--no-shrink"];
        const { status, out } = await explore(args);
        expect(status).toBe(1);
        expect(out).toMatch(/^time limit: still running after 1 s of virtual time\n/);
        expect(out).toMatch(/^replay: chickadee boot --run 'sleep 20' .* --limit 1$/m);
        const options = { seed: 1, cpus: 2, schedule: "pct:3", runs: 9, first: 1, shrink: true };
        const failure = { kind: "stuck", message: "it did not end within 77 operations" };
        const found = { run: 3, seed: 4, schedule: "preempt:1@2", maxOperations: 77, failure };
        expect(bootCommand({ ...options, run: "cat" }, found, found.schedule)).toBe(
            "chickadee boot --run cat --cpus 2 --seed 4 --schedule preempt:1@2 --max-operations 77",
        );
    });

    it("takes what these tools do wrong for a failure, and finds its schedule", async () => {
        const plain = KernelRun.prototype.advance;
        const broken = vi.spyOn(KernelRun.prototype, "advance").mockImplementation(function (
            this: KernelRun,
            limits,
        ) {
            const outcome = plain.call(this, limits);
            if (outcome?.kind === "deadlock") {
                throw new TypeError("a defect");
            }
            return outcome;
        });
        const { status, out } = await explore([...lostWakeup, "--no-shrink"]);
        expect(status).toBe(1);
        expect(out).toMatch(/^defect: TypeError: a defect\nfound by run \d+ /);
        expect((await run(wordsOf(out, "replay"))).status).toBe(70);
        broken.mockRestore();
    });

    it("only says which run failed with --no-shrink", async () => {
        const { status, out } = await explore([...lostWakeup, "--no-shrink"]);
        expect(status).toBe(1);
        const lines = out.trimEnd().split("\n");
        expect(lines.length).toBe(6);
        expect(lines[5]).toMatch(
            /^replay: chickadee boot --run testfutex --cpus 2 --seed \d+ --schedule pct:3:\d+ /,
        );
    });

    it("gives all of it as a document", async () => {
        const { status, out, err } = await explore([...lostWakeup, "--json"]);
        expect({ status, err }).toEqual({ status: 1, err: "" });
        const document = JSON.parse(out);
        expect(document).toMatchObject({
            outcome: "found",
            command: ["testfutex"],
            cpuCount: 2,
            searchSeed: 1,
            searchSchedule: "pct:3",
            runs: 2500,
            first: 1,
            faults: ["futex-check-before-lock"],
            found: {
                failure: { kind: "deadlock" },
                schedule: expect.stringMatching(/^pct:3:\d+$/),
                replay: expect.stringMatching(/^chickadee boot --run testfutex /),
            },
            shrunk: {
                schedule: expect.stringMatching(/^preempt:\d@\d+/),
                replay: expect.stringMatching(/^chickadee boot .* --schedule preempt:\d@\d+/),
            },
        });
        const { shrunk, interleaving } = document;
        expect(shrunk.preemptions.length).toBeLessThanOrEqual(3);
        const [race] = interleaving.races;
        expect(race.next.stack[0].file).toMatch(/^src\/kernel\//);
        const text = (await explore(lostWakeup)).out;
        expect(text).toContain(`replay: ${shrunk.replay}\n`);
        const { file, line } = race.done.stack.at(-1);
        expect(text).toContain(`${file}:${line}`);
    });

    it("has no field that docs/JSON-EXPLORE.md does not explain", async () => {
        const page = readFileSync(new URL("../../docs/JSON-EXPLORE.md", import.meta.url), "utf8");
        const explained = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, field]) => field);
        const found = new Set<string>();
        const take = (text: string) =>
            JSON.stringify(JSON.parse(text), (field, value) => {
                if (!/^\d*$/.test(field)) {
                    found.add(field);
                }
                return value;
            });
        take((await explore([...lostWakeup, "--json"])).out);
        take((await explore(["--run", "false", "--json", "--runs", "1"])).out);
        const signal = { name: "SIGINT", afterBreaths: 1 } as const;
        take((await explore(["--run", "true", "--json", "--runs", "20"], { signal })).out);
        expect([...found].sort()).toEqual([...new Set(explained)].sort());
    });

    it("lists the faults that can be planted", async () => {
        const { status, out } = await explore(["--fault", "list"]);
        expect(status).toBe(0);
        expect(out).toMatch(/^futex-check-before-lock {2,}futex WAIT looks /);
    });
});

describe("chickadee explore, interrupted", () => {
    const args = ["--run", "testpipe", "--runs", "30", "--jobs", "3"];

    it("says how far it came, and the command that it prints does the rest", async () => {
        const signal = { name: "SIGINT", afterBreaths: 2 } as const;
        const { status, out } = await explore(args, { signal, coreCount: 3 });
        expect(status).toBe(130);
        // Two of three workers were done with their shares; the third had not begun with run 3.
        expect(out.split("\n")).toEqual([
            "interrupted by SIGINT, after run 2 of 30; no run failed",
            "go on: chickadee explore --run testpipe --schedule pct:3 --runs 30 --first 3 " +
                "--seed 1 --cpus 2",
            "",
        ]);
        const rest = await run(wordsOf(out, "go on"));
        expect(rest).toMatchObject({
            status: 0,
            out: "no run failed: runs 3 to 29 of testpipe on 2 CPUs, pct:3, seed 1\n",
        });
    });

    it("tells what was found when it is while that is shrunk", async () => {
        const signal = { name: "SIGTERM", afterBreaths: 2 } as const;
        const { status, out } = await explore([...lostWakeup, "--jobs", "1"], { signal });
        expect(status).toBe(143);
        expect(out).toMatch(/^deadlock: every task waits\n/);
        expect(out).toMatch(/\ninterrupted by SIGTERM, before it was shrunk\n$/);
        expect((await run(wordsOf(out, "replay"))).status).toBe(3);
    });

    it("goes on to the same failure as a search that was not", async () => {
        const { out } = await explore([...lostWakeup, "--seed", "5", "--no-shrink"]);
        const [, found = ""] = /^found by run (\d+) /m.exec(out) ?? [];
        const again = [...lostWakeup, "--seed", "5", "--no-shrink", "--first", found];
        expect((await explore(again)).out).toBe(out);
    });
});

describe("chickadee explore on a terminal", () => {
    it("leaves functions out of narrow columns, so that operations are seen", async () => {
        const args = [...lostWakeup, "--no-color"];
        const wide = await explore(args, { terminal: true, columns: 100 });
        expect(wide.out).toMatch(/^ {2}\S+\.ts:\d+ \(\w+\) {2}/m);
        const { out } = await explore(args, { terminal: true, columns: 99 });
        const [table = ""] = out.split("did\n");
        expect(table).not.toMatch(/\.ts:\d+ \(/);
        expect(table).toMatch(/^ {2}futex\.ts:\d+ {2}acquire futex$/m);
    });

    it("has no more jobs than cores", async () => {
        const args = ["--run", "true", "--runs", "6", "--jobs", "64"];
        const { err } = await explore(args, { terminal: true });
        // One job is done between two looks: run 0 and half of the others.
        const counts = [...err.matchAll(/\] (\d+) of 6 runs/g)].map(([, count]) => Number(count));
        expect(counts).toEqual([0, 4]);
    });

    it("shows how far it is, and leaves no trace of that", async () => {
        const { err } = await explore(["--run", "testpipe", "--runs", "40"], { terminal: true });
        const shown = err.split("\r").map((line) => line.trimEnd());
        expect(shown[1]).toBe("[                    ] 0 of 40 runs");
        expect(shown[2]).toBe("[##########          ] 21 of 40 runs, 21 a second, 1 s left");
        expect(shown.at(-1)).toBe("searched 40 runs in 2.0 s, 20 a second");
        expect(shown.at(-2)).toBe("");
    });

    it("has colours there, and none where they are not wanted", async () => {
        const terminal = await explore(lostWakeup, { terminal: true, columns: 120 });
        const red = "\x1b[31mdeadlock: every task waits\x1b[39m\n";
        expect(terminal.out.startsWith(red)).toBe(true);
        const plain = await explore(lostWakeup);
        const width = { terminal: true, columns: 120 };
        expect((await explore([...lostWakeup, "--no-color"], width)).out).toBe(plain.out);
    });
});

describe("chickadee explore, used wrongly", () => {
    const cases: readonly (readonly [args: readonly string[], message: string])[] = [
        [[], '--run is missing: which program? For example --run "testfutex"'],
        [
            ["--run", "testfutx"],
            '--run: there is no program "testfutx"; did you mean testfutex or testmutex?; ' +
                "--list-programs lists them",
        ],
        [["--run", "true", "--schedule", "pct:x"], "pct: the depth is a number from 1 to "],
        ...["round-robin", "preempt:", "replay:0x1", "preempt:1@7"].map(
            (schedule) =>
                [
                    ["--run", "true", "--schedule", schedule],
                    "--schedule: explore searches by pct:DEPTH[:LENGTH] or random[:OPERATIONS], " +
                        `not by ${schedule.split(":")[0]}, which is the same in each run\n`,
                ] as const,
        ),
        [
            ["--run", "true", "--schedule", "pct3"],
            '--schedule: no schedule is named "pct3"; did you mean pct:3?; ' +
                "explore searches by pct:DEPTH[:LENGTH] or random[:OPERATIONS]\n",
        ],
        [
            ["--run", "true", "--schedule", "chance"],
            '--schedule: no schedule is named "chance"; ' +
                "explore searches by pct:DEPTH[:LENGTH] or random[:OPERATIONS]\n",
        ],
        [
            ["--run", "true", "--fault", "nope"],
            '--fault: there is no fault "nope"; --fault list lists them',
        ],
        [
            ["--run", "true", "--first", "20", "--runs", "10"],
            "--first 20: with --runs 10 the last run is 9",
        ],
        [["--run", "true", "--keys", "missing"], "missing: "],
        [["--run", "true", "--keys", "-"], "--keys -: standard input is a terminal; give a file"],
        [
            ["--run", "true", "--runs", "0"],
            "chickadee: option '--runs <N>' argument '0' is invalid.",
        ],
    ];

    it.each(cases)("%j ends with status 2 and says what is wrong", async (args, message) => {
        const { status, out, err } = await explore(args, { terminal: true });
        expect({ status, out }).toEqual({ status: 2, out: "" });
        expect(err.startsWith(message)).toBe(true);
    });

    it("fits 80 columns with its help", async () => {
        const { out } = await explore(["--help"]);
        expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
    });
});
