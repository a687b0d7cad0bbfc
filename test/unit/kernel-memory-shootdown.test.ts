/** Pages that leave a page table while other CPUs use them. */
import { describe, expect, it } from "vitest";
import { AddressSpace } from "../../src/kernel/memory/address-space.ts";
import { shootDown } from "../../src/kernel/memory/translation-shootdown.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import { SpinLock } from "../../src/kernel/sync/spin-lock.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import { MemoryRig, runOnOne } from "../support/kernel-memory-rig.ts";

const region = 0x4000_0000;

interface Scenario {
    readonly cpuCount: number;
    readonly schedule: string;
    readonly seed: number;
    /** What is done between taking a page out and freeing it. */
    readonly forget: (rig: MemoryRig, context: Context, space: AddressSpace) => Steps;
}

/**
 * All CPUs run with one table, in and out of it, and write to everybody's page, now and then with
 * interrupts off, as a holder of a spinlock does. Each takes its own page out, and has something
 * else in it, where nobody may write any more.
 *
 * Returns how many bytes were overwritten, and how many writes there were before.
 */
function overwrite({ cpuCount, schedule, seed, forget }: Scenario) {
    let space: AddressSpace | undefined;
    let overwritten = 0;
    let writes = 0;
    const body = function* (rig: MemoryRig, context: Context, cpu: number): Steps {
        if (cpu === 0) {
            const made = yield* AddressSpace.create(rig, context);
            for (let index = 0; index < cpuCount; index++) {
                const page = yield* rig.pages.allocate(context, 0);
                yield* made?.mapShared(context, region + index * 4096, [page]) ?? nothing();
            }
            space = made;
        }
        while (space === undefined) {
            yield context.pause();
        }
        for (let round = 0; round < 24; round++) {
            const table = (round + cpu) % 5 === 4 ? rig.kernelPageTable : space.rootTable;
            yield* rig.enter(context, table);
            if (round % 2 === 0) {
                yield context.disableInterrupts();
            }
            // More than once, so that the translations of the first time are used.
            for (let store = 0; store < 5 * cpuCount; store++) {
                const address = region + (store % cpuCount) * 4096 + 8 * cpu;
                writes += (yield context.store(address, 4, round)) === 0 ? 1 : 0;
            }
            yield context.enableInterrupts();
            if (round === 8 + cpu) {
                yield* rig.enter(context, space.rootTable);
                overwritten += yield* reuse(rig, context, space, region + cpu * 4096);
            }
        }
        yield* rig.enter(context, rig.kernelPageTable);
    };
    const reuse = function* (
        rig: MemoryRig,
        context: Context,
        from: AddressSpace,
        address: number,
    ): Steps<number> {
        const page = yield* from.translate(context, address, "write");
        yield* from.unmapShared(context, address, 1);
        yield* forget(rig, context, from);
        const bytes = rig.machine.memory.bytes.subarray(page, page + 4096);
        bytes.fill(0x5a);
        for (let count = 0; count < 60; count++) {
            yield context.step();
        }
        return bytes.filter((byte) => byte !== 0x5a).length;
    };
    new MemoryRig({ cpuCount, schedule, seed }, body).run();
    return { overwritten, writes };
}

function* nothing(): Steps {}

const rightWay = (_rig: MemoryRig, context: Context, space: AddressSpace): Steps =>
    space.forgetTranslations(context);

describe("a page that left a page table", () => {
    const schedules = ["round-robin:7", "random:9", "pct:3:4000"];

    it.each(schedules)("is not written by any CPU under %s", (schedule) => {
        for (const cpuCount of [1, 2, 4]) {
            for (let seed = 0; seed < 15; seed++) {
                const seen = overwrite({ cpuCount, schedule, seed, forget: rightWay });
                expect(seen.overwritten).toBe(0);
                expect(seen.writes).toBeGreaterThan(0);
            }
        }
    });

    it("is written when only its own CPU forgets it: the test sees that", () => {
        const forget = function* (_rig: MemoryRig, context: Context, space: AddressSpace): Steps {
            yield context.loadPageTable(space.rootTable);
        };
        const seen = Array.from({ length: 15 }, (_, seed) =>
            overwrite({ cpuCount: 2, schedule: "random:9", seed, forget }),
        );
        expect(Math.max(...seen.map(({ overwritten }) => overwritten))).toBeGreaterThan(0);
    });

    it("is written when nobody waits for the answers: the test sees that", () => {
        const forget = function* (rig: MemoryRig, context: Context, space: AddressSpace): Steps {
            yield context.loadPageTable(space.rootTable);
            for (const cpu of rig.cpus) {
                if (cpu.index !== context.cpuIndex) {
                    cpu.flushRequestCount++;
                    yield* rig.localApic.interruptCpu(context, cpu.index);
                }
            }
        };
        const seen = Array.from({ length: 60 }, (_, seed) =>
            overwrite({ cpuCount: 4, schedule: "random:9", seed, forget }),
        );
        expect(Math.max(...seen.map(({ overwritten }) => overwritten))).toBeGreaterThan(0);
    });
});

describe("a shootdown", () => {
    it("asks nobody who has another table loaded", () => {
        const rig = new MemoryRig({ cpuCount: 4 }, function* (self, context, cpu) {
            if (cpu === 0) {
                yield* shootDown(self, context, 0x9000);
            }
        }).run();
        expect(rig.cpus.map(({ flushRequestCount }) => flushRequestCount)).toEqual([0, 0, 0, 0]);
    });

    it("is not waited for with a spinlock held, nor with interrupts off", () => {
        const message =
            "kernel invariant broken: a shootdown is waited for with interrupts on and no " +
            "spinlock held";
        const withLock = () =>
            runOnOne({}, function* (rig, context) {
                const lock = new SpinLock(rig.order, "futex");
                yield* lock.acquire(context);
                yield context.enableInterrupts();
                yield* shootDown(rig, context, 0x9000);
            });
        const withInterruptsOff = () =>
            runOnOne({}, function* (rig, context) {
                yield context.disableInterrupts();
                yield* shootDown(rig, context, 0x9000);
            });
        expect(withLock).toThrow(message);
        expect(withInterruptsOff).toThrow(message);
    });
});
