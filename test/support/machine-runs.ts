/**
 * Whole runs of the machine, each told in a line: how it ended, a digest of what the disk was
 * asked, and the hash of the state that it ended in. A line is a function of its first four words.
 */
import { createHash } from "node:crypto";
import { sha256 } from "../../src/base/sha256.ts";
import { encodeState, type StateValue } from "../../src/base/state.ts";
import { randomDestage } from "../../src/disk/cache/destage-policy.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import type { DiskTrace } from "../../src/disk/trace/disk-trace.ts";
import { Machine, type MachineOptions } from "../../src/machine/machine.ts";
import { randomTiming } from "../../src/machine/sata/timing.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";
import { BusyKernel, busyCpuCount } from "./busy-kernel.ts";
import { ExampleKernel } from "./example-kernel.ts";

export const schedules = ["round-robin", "random", "pct:3"];
const diskBytes = 2 ** 18;

export interface Run {
    readonly kernel: "example" | "busy";
    readonly schedule: string;
    readonly seed: number;
}

/** The runs whose lines are recorded. */
export const recordedRuns: readonly Run[] = (["example", "busy"] as const).flatMap((kernel) =>
    schedules.flatMap((schedule) => [1, 2, 3].map((seed) => ({ kernel, schedule, seed }))),
);

/** 64 hexadecimal digits, equal when values are. */
export function digestOf(value: StateValue): string {
    return Buffer.from(sha256(encodeState(value))).toString("hex");
}

export function traceDigest({ commands, eventCount }: DiskTrace): string {
    return digestOf({ eventCount, commands: commands.map((command) => ({ ...command })) });
}

/**
 * What a replay must bring about: memory, disk and devices, but for the schedule that led there
 * and the choices that were made.
 */
export function worldDigest(machine: Machine): string {
    const { interleaver: _, ...devices } = machine.inspect();
    const medium = new Uint8Array(machine.medium.sizeBytes);
    machine.medium.read(0, medium);
    return createHash("sha256")
        .update(encodeState(devices))
        .update(machine.memory.bytes)
        .update(medium)
        .digest("hex");
}

/** A disk whose bytes all differ from zero, and from their neighbours. */
function patternedDisk(sizeBytes = diskBytes): MemoryStore {
    const bytes = new Uint8Array(sizeBytes);
    for (let at = 0; at < sizeBytes; at++) {
        bytes[at] = 1 + ((at * 7) % 251);
    }
    return new MemoryStore(bytes);
}

/** A machine as the kernel needs it, with a disk that ends its commands in any order. */
export function makeMachine({ kernel, schedule, seed }: Run, more: Partial<MachineOptions> = {}) {
    return new Machine({
        cpuCount: kernel === "busy" ? busyCpuCount : 2,
        memoryBytes: kernel === "busy" ? 2 ** 22 : 2 ** 20,
        disk: patternedDisk(),
        choices: seed,
        schedule: parseSchedule(schedule),
        driveTiming: randomTiming({ maxNs: 60_000, stepNs: 500 }),
        destage: randomDestage,
        ...more,
    });
}

/** Carries a run out, and checks what its kernel saw. */
export function runLine(run: Run): string {
    const machine = makeMachine(run);
    const kernel = run.kernel === "busy" ? new BusyKernel() : new ExampleKernel();
    machine.powerOn(kernel);
    machine.keyboard.keyboard.type("sync\n");
    const reason = machine.run({ untilNs: 200_000_000 });
    const isRight =
        kernel instanceof BusyKernel ? kernel.problems.length === 0 : kernel.rightWords === 1024;
    return [
        `${run.kernel} ${run.schedule} seed ${run.seed}:`,
        `${isRight ? "right" : "WRONG"}, ${reason} at ${machine.clock.nowNs} ns`,
        `after ${machine.cpus.map(({ retired }) => retired).join("+")} operations,`,
        `trace ${traceDigest(machine.diskTrace())} state ${machine.stateHash()}`,
    ].join(" ");
}
