import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { describeOperation } from "../../src/crash/exploration/describe-operation.ts";
import { formatInterleaving } from "../../src/crash/exploration/format-interleaving.ts";
import { type Interleaving, tellInterleaving } from "../../src/crash/exploration/interleaving.ts";
import { observeRun } from "../../src/crash/exploration/observed-run.ts";
import { linesOfStack } from "../../src/crash/exploration/stack-lines.ts";
import { physicalOf, sharedThing } from "../../src/crash/exploration/touch.ts";
import { OperationCode } from "../../src/machine/cpu/operation.ts";
import { PageWalker } from "../../src/machine/cpu/page-walk.ts";
import { GuestMemory } from "../../src/machine/guest-memory.ts";
import { parsePreemptions } from "../../src/machine/schedule/preemptions.ts";
import { identityTables, setEntry } from "../support/machine-cpus.ts";
import { hopeless, plantedRaces, RaceSubject } from "../support/planted-races.ts";

const racesFile = "test/support/planted-races.ts";
const source = readFileSync(new URL("../support/planted-races.ts", import.meta.url), "utf8");

/** Source text of the line that an operation came from. */
function textOf(shown: Interleaving["races"][number]["done"]): string {
    const [line] = shown?.lines ?? [];
    expect(line?.file).toBe(racesFile);
    return source.split("\n")[(line?.line ?? 1) - 1].trim();
}

function told(name: keyof typeof plantedRaces, points: string): Interleaving {
    const subject = new RaceSubject(() => plantedRaces[name]({ rounds: 1, noise: 20 }));
    return tellInterleaving({ subject, seed: 1, points: parsePreemptions(points) });
}

describe("an interleaving", () => {
    it("names the lines of a lost update: the load, the other's load, the store", () => {
        const { races, failure } = told("lost update", "1@23");
        expect(failure?.message).toBe("the counter is 1, not 2");
        const [race] = races;
        expect(textOf(race.done)).toBe("const old = yield context.load(shared, 4);");
        expect(textOf(race.meanwhile)).toBe("const old = yield context.load(shared, 4);");
        expect(textOf(race.next)).toBe("yield context.store(shared, 4, old + 1);");
        expect([race.preemptedCpu, race.otherCpu, race.thing]).toEqual([0, 1, "memory at 0x9000"]);
    });

    it("names the lines of a lost wakeup: the look, the other's look, the enqueue", () => {
        const [race] = told("lost wakeup", "1@24").races;
        expect(textOf(race.done)).toBe("if ((yield context.load(flag, 4)) === 0) {");
        expect(textOf(race.meanwhile)).toBe("if ((yield context.load(queue, 4)) !== 0) {");
        expect(textOf(race.next)).toBe("yield context.store(queue, 4, 1);");
        expect(race.thing).toBe("memory at 0x9044");
    });

    it("names the lines of each of two preemptions", () => {
        const { races, failure } = told("torn phases", "1@23.0@46");
        expect(failure?.message).toBe("the phases of round 1 were torn");
        expect(races.map(({ done }) => textOf(done))).toEqual([
            "yield context.store(phase, 4, 1);",
            "const first = yield context.load(phase, 4);",
        ]);
        expect(races.map(({ next }) => textOf(next))).toEqual([
            "yield context.store(phase, 4, 2);",
            "const second = yield context.load(phase, 4);",
        ]);
    });

    it("has every operation of the run, shown or folded", () => {
        const subject = new RaceSubject(() => plantedRaces["lost update"]({ noise: 20 }));
        const points = parsePreemptions("1@23");
        const { stretches } = tellInterleaving({ subject, seed: 1, points });
        const { operations } = observeRun({ subject, seed: 1, points });
        const counts = stretches.map(({ pieces }) =>
            pieces.reduce((sum, piece) => sum + ("count" in piece ? piece.count : 1), 0),
        );
        expect(counts).toEqual(stretches.map(({ operationCount }) => operationCount));
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(operations.length);
        expect(stretches.map(({ cpu, cause }) => [cpu, cause])).toEqual([
            [0, undefined],
            [1, "preempted"],
            [0, "asleep"],
        ]);
    });

    it("is the run itself: looking changes nothing", () => {
        const subject = new RaceSubject(() => plantedRaces["use after free"]({ rounds: 2 }));
        const points = parsePreemptions("1@105.0@220");
        const { operations } = observeRun({ subject, seed: 1, points });
        const twice = observeRun({ subject, seed: 1, points }, new Set([3, 104]));
        expect(twice.operations).toEqual(operations);
        expect([...twice.stacks.keys()]).toEqual([3, 104]);
    });

    it("is told in columns, with the preemption and the verdict", () => {
        const text = formatInterleaving(told("lost update", "1@23"), { width: 120 });
        const lines = text.map((line) =>
            line.replace(/planted-races\.ts:\d+/g, "races:N").replace(/ {40,}/, "| "),
        );
        expect(lines).toEqual([
            "CPU 0| CPU 1",
            "... 20 of cpu0 start",
            "cpu0 start:",
            "  races:N (makeNoise)  store 0xa04c",
            "  races:N (task)  load 0x9000",
            "  races:N (task)  step",
            "-- preemption: CPU 0 waits, CPU 1 runs --",
            "| cpu1 start:",
            "| races:N (start)  load 0x8000",
            "| ... 18 of cpu1 start",
            "| races:N (makeNoise)  step",
            "| races:N (makeNoise)  store 0xb04c",
            "| races:N (task)  load 0x9000",
            "| ... 21 of cpu1 start",
            "| races:N (makeNoise)  store 0xb04c",
            "| races:N (start)  fetch add 0x8004",
            "| races:N (start)  halt",
            "  races:N (task)  store 0x9000",
            "  races:N (makeNoise)  step",
            "  races:N (makeNoise)  store 0xa004",
            "... 18 of cpu0 start",
            "  races:N (start)  fetch add 0x8004",
            "  races:N (start)  load 0x8004",
            "  races:N (start)  load 0x9000",
            "-- panic: the counter is 1, not 2 --",
            "",
            "CPU 0 did",
            "    test/support/races:N (task): load 0x9000",
            "        from test/support/races:N (start)",
            "and stood before",
            "    test/support/races:N (task): store 0x9000",
            "        from test/support/races:N (start)",
            "when CPU 1 did",
            "    test/support/races:N (task): load 0x9000",
            "        from test/support/races:N (start)",
            "Both touch memory at 0x9000.",
        ]);
    });

    it("ends with the verdict when it takes no preemption", () => {
        const subject = new RaceSubject(() => hopeless({ noise: 5 }));
        const interleaving = tellInterleaving({ subject, seed: 1, points: [] });
        const text = formatInterleaving(interleaving);
        expect(interleaving.races).toEqual([]);
        expect(text.at(-1)).toBe("-- panic: wrong whatever the schedule --");
    });

    it("tells the caller's line in place of a primitive's", () => {
        const interleaving = told("lost update", "1@23");
        const isPrimitive = (file: string) => file.includes("planted");
        expect(formatInterleaving(interleaving, { isPrimitive })).toEqual(
            formatInterleaving(interleaving),
        );
    });
});

describe("an operation in words", () => {
    const lockFile = "src/kernel/sync/spin-lock.ts";
    const observed = {
        ...{ cpu: 0, task: "t", isUser: false, depth: 1, interruptDepth: 0 },
        ...{ address: 0, value: 0, subject: "futex", bytes: [] },
    };
    const words = (operation: number, functionName: string, file = lockFile) => {
        const lines = [{ file, line: 1, functionName }];
        return describeOperation({ ...observed, operation, lines });
    };

    it("is what it does with a lock, where it is the lock's own", () => {
        expect(words(OperationCode.step, "acquire")).toBe("acquire futex");
        expect(words(OperationCode.pause, "acquire")).toBe("waits for futex");
        expect(words(OperationCode.step, "release")).toBe("release futex");
        expect(words(OperationCode.enableInterrupts, "release")).toBe("release futex");
        expect(words(OperationCode.step, "acquire", "src/kernel/other.ts")).toBe("step, futex");
        expect(describeOperation({ ...observed, operation: 0 })).toBe("step, futex");
        const lines = [{ file: lockFile, line: 1, functionName: "acquire" }];
        const operation = OperationCode.disableInterrupts;
        const unnamed = { ...observed, operation, lines, subject: undefined };
        expect(describeOperation(unnamed)).toBe("disable interrupts");
    });

    it("is a system call's name, or its number where it has none", () => {
        const call = { ...observed, operation: OperationCode.systemCall };
        expect(describeOperation({ ...call, value: 137 })).toBe("system call futex");
        expect(describeOperation({ ...call, value: 128 })).toBe("system call mapConsole");
        expect(describeOperation({ ...call, value: 999 })).toBe("system call 999");
    });
});

describe("a stack", () => {
    const v8 = [
        "Error: here",
        "    at stackHere (file:///p/src/crash/exploration/observed-run.ts:9:9)",
        "    at ObservedContext.step (/p/src/machine/cpu/operands.ts:64:21)",
        "    at Queue.#wait (file:///p/src/kernel/sync/queue.ts:88:23)",
        "    at Generator.next (<anonymous>)",
        "    at wake [as run] (/p/src/kernel/futex.ts:7:1)",
        "    at /p/src/kernel/boot.ts:5:1",
        "    at Burst.run (/p/src/machine/cpu/burst.ts:80:3)",
        "    at node:internal/main:1:2",
        "    at main (/p/src/cli/main.ts:1:1)",
    ].join("\n");

    it("gives the chain of calls of the program, and nothing of the machine's", () => {
        expect(linesOfStack(v8)).toEqual([
            { file: "src/kernel/sync/queue.ts", line: 88, functionName: "#wait" },
            { file: "src/kernel/futex.ts", line: 7, functionName: "wake" },
            { file: "src/kernel/boot.ts", line: 5, functionName: "" },
        ]);
    });

    it("of another engine is read, too", () => {
        const other = "step@file:///p/src/machine/cpu/operands.ts:1:2\nwait@file:///p/src/a.ts:5:6";
        expect(linesOfStack(other)).toEqual([{ file: "src/a.ts", line: 5, functionName: "wait" }]);
    });

    it("of a bundle is told by its positions in the sources", () => {
        const bundle = [
            "    at ObservedContext.step (file:///p/dist/bin/chickadee.js:900:1)",
            "    at wait (file:///p/dist/bin/chickadee.js:1234:5)",
            "    at Burst.run (file:///p/dist/bin/chickadee.js:2:5)",
            "    at main (file:///p/dist/bin/chickadee.js:3:5)",
        ].join("\n");
        const map = ({ line }: { line: number }) => {
            const file = line === 1234 ? "../../src/kernel/wait.ts" : "../../src/machine/x.ts";
            return { file, line: 7, column: 1 };
        };
        const found = { file: "src/kernel/wait.ts", line: 7, functionName: "wait" };
        expect(linesOfStack(bundle, map)).toEqual([found]);
        const unmapped = { file: "/p/dist/bin/chickadee.js", line: 1234, functionName: "wait" };
        const [line] = linesOfStack(bundle);
        expect({ ...line, file: line.file.replace("file://", "") }).toEqual(unmapped);
    });

    it.each(["", "x", "at at (:1:2", "    at ()", "\u0000:1"])(
        "that is none gives no line, and no error: %j",
        (text) => {
            expect(linesOfStack(text)).toEqual([]);
        },
    );
});

describe("what two operations share", () => {
    const bytes = (physical: number, byteLength: number, isWritten: boolean) => ({
        subject: undefined,
        bytes: [{ physical, byteLength, isWritten }],
    });

    it("is memory that overlaps, if one of them writes", () => {
        expect(sharedThing(bytes(0x100, 4, true), bytes(0x103, 1, false))).toBe("memory at 0x103");
        expect(sharedThing(bytes(0x100, 4, true), bytes(0x104, 1, true))).toBeUndefined();
        expect(sharedThing(bytes(0x100, 4, false), bytes(0x100, 4, false))).toBeUndefined();
    });

    it("is what the kernel says that they are about", () => {
        const lock = { subject: "futex lock", bytes: [] };
        expect(sharedThing(lock, lock)).toBe("futex lock");
        expect(sharedThing(lock, { ...lock, subject: "other" })).toBeUndefined();
        expect(sharedThing({ ...lock, subject: undefined }, lock)).toBeUndefined();
    });

    it("is looked for by physical address, which is that of the page walk", () => {
        const memory = new GuestMemory(2 ** 20);
        const table = identityTables(memory);
        setEntry(memory, 0x13000 + 8 * 5, 0x7000n | 7n);
        setEntry(memory, 0x12008, 0x20_0000n | 0x87n);
        const walker = new PageWalker(memory);
        for (const address of [0x5123, 0x8000, -(2 ** 47) + 0x5008, 0x20_1234]) {
            expect(walker.walk(table, address, "read", false)).toBe(true);
            expect(physicalOf(memory, table, address)).toBe(walker.physicalAddress);
        }
        expect(physicalOf(memory, -1, 0x1234)).toBe(0x1234);
        expect(physicalOf(memory, table, 0x40_0000)).toBe(0x40_0000);
    });
});
