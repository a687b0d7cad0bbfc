import { describe, expect, it } from "vitest";
import type { LockClass } from "../../src/kernel/sync/lock-class.ts";
import { LockCycle, LockOrder } from "../../src/kernel/sync/lock-order.ts";
import { SpinLock } from "../../src/kernel/sync/spin-lock.ts";

/** Locks by class, and a way to take several, the first one first, and let go of them again. */
function rig(cpuCount = 2) {
    const order = new LockOrder(cpuCount);
    const locks = new Map<LockClass, SpinLock>();
    const lockOf = (lockClass: LockClass) => {
        const lock = locks.get(lockClass) ?? new SpinLock(order, lockClass);
        locks.set(lockClass, lock);
        return lock;
    };
    const takeLocks = (cpuIndex: number, taken: readonly SpinLock[]) => {
        for (const lock of taken) {
            order.acquiring(cpuIndex, lock);
            order.acquired(cpuIndex, lock);
        }
        for (const lock of taken) {
            order.released(cpuIndex, lock);
        }
    };
    const take = (cpuIndex: number, ...classes: LockClass[]) =>
        takeLocks(cpuIndex, classes.map(lockOf));
    const edges = () => order.edges.map(({ held, taken }) => `${held} > ${taken}`);
    return { order, take, takeLocks, edges };
}

/** What `act` throws. */
function thrownBy(act: () => void): unknown {
    try {
        act();
    } catch (error) {
        return error;
    }
    return undefined;
}

function takeHere(act: () => void): void {
    act();
}

function takeThere(act: () => void): void {
    act();
}

describe("the order of locks", () => {
    it("is what was held when what was taken, each pair once, by whichever CPU", () => {
        const { take, edges } = rig();
        take(0, "pipe", "page table", "run queue");
        take(1, "pipe", "page table");
        take(1, "futex");
        expect(edges()).toEqual([
            "pipe > page table",
            "pipe > run queue",
            "page table > run queue",
        ]);
    });

    it("is of one CPU's locks: what another one holds makes no pair", () => {
        const { order, edges } = rig();
        const [pipe, futex] = [new SpinLock(order, "pipe"), new SpinLock(order, "futex")];
        order.acquiring(0, pipe);
        order.acquired(0, pipe);
        order.acquiring(1, futex);
        order.acquired(1, futex);
        expect([edges(), order.heldBy(0), order.heldBy(1)]).toEqual([[], [pipe], [futex]]);
    });

    it("has locks let go in any order", () => {
        const { order, take, edges } = rig();
        const locks = (["pipe", "futex", "run queue"] as const).map(
            (lockClass) => new SpinLock(order, lockClass),
        );
        for (const lock of locks) {
            order.acquiring(0, lock);
            order.acquired(0, lock);
        }
        order.released(0, locks[1]);
        expect(order.heldBy(0)).toEqual([locks[0], locks[2]]);
        take(0, "page allocator");
        expect(edges()).not.toContain("futex > page allocator");
        expect(edges()).toContain("pipe > page allocator");
    });

    it("is broken by two classes that are taken in both orders, though nobody was stuck", () => {
        const { take } = rig();
        takeHere(() => take(0, "pipe", "futex"));
        const error = thrownBy(() => takeThere(() => take(1, "futex", "pipe")));
        expect(error).toBeInstanceOf(LockCycle);
        const { message, cycle } = error as LockCycle;
        expect(message).toBe(
            "lock order: pipe is taken while futex is held, and before that futex while pipe",
        );
        expect(cycle.map(({ held, taken }) => [held, taken])).toEqual([
            ["futex", "pipe"],
            ["pipe", "futex"],
        ]);
        // Both stacks: who did it now, and who did the other before.
        expect(cycle.map(({ stack }) => stack.includes("takeThere"))).toEqual([true, false]);
        expect(cycle.map(({ stack }) => stack.includes("takeHere"))).toEqual([false, true]);
    });

    it("is broken by three classes in a ring, with the stacks of the whole way back", () => {
        const { take } = rig();
        take(0, "pipe", "futex");
        take(1, "futex", "console");
        const error = thrownBy(() => take(0, "console", "pipe"));
        expect(error).toBeInstanceOf(LockCycle);
        const { message, cycle } = error as LockCycle;
        expect(message).toBe(
            "lock order: pipe is taken while console is held, and before that " +
                "futex while pipe, and console while futex",
        );
        expect(cycle).toHaveLength(3);
    });

    it("is not broken by pairs that share an end (canary)", () => {
        const { take } = rig();
        take(0, "pipe", "futex");
        take(0, "console", "futex");
        take(0, "pipe", "console");
        take(1, "pipe", "console", "futex");
        expect(thrownBy(() => take(1, "console", "pipe"))).toBeInstanceOf(LockCycle);
    });

    it("is by rank among locks of a class", () => {
        const { order, takeLocks, edges } = rig();
        const ranked = [0, 1, 1].map(
            (rank, index) => new SpinLock(order, "run queue", `run queue ${index}`, rank),
        );
        takeLocks(0, [ranked[0], ranked[1]]);
        expect(edges()).toEqual([]);
        const message = (error: unknown) => (error as Error).message;
        expect(message(thrownBy(() => takeLocks(0, [ranked[2], ranked[0]])))).toBe(
            "lock order: run queue 0 is taken while run queue 2 is held; " +
                "locks of one class are taken in ascending rank",
        );
        expect(message(thrownBy(() => takeLocks(1, [ranked[1], ranked[2]])))).toBe(
            "lock order: run queue 2 is taken while run queue 1 is held; " +
                "locks of one class are taken in ascending rank",
        );
    });
});
