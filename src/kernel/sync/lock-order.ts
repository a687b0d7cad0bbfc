/**
 * Watches in which order spinlocks are taken, and stops the kernel before it can deadlock.
 *
 * Two CPUs that take two locks in opposite orders deadlock only if they meet; the orders alone
 * show it. So every pair (held, taken) of lock classes is kept as an edge, with the stack of who
 * took it first, and an edge that closes a cycle is reported with the stacks of both directions,
 * whether or not anybody was ever stuck. Locks of one class are taken in ascending rank.
 */
import { KernelPanic } from "../panic.ts";
import type { LockClass } from "./lock-class.ts";
import type { SpinLock } from "./spin-lock.ts";

/** A lock of class `held` was held when one of class `taken` was taken. */
export class LockEdge {
    readonly held: LockClass;
    readonly taken: LockClass;
    /** Made where that was seen first. Its text costs more than it does, and is rarely read. */
    readonly #seen = new Error("seen here");

    constructor(held: LockClass, taken: LockClass) {
        this.held = held;
        this.taken = taken;
    }

    /** Where that was seen first, as a JavaScript stack; for people. */
    get stack(): string {
        return this.#seen.stack ?? "";
    }
}

export class LockOrder {
    /** By CPU: the locks that it holds, the last taken last. */
    readonly #held: SpinLock[][];
    readonly #edges = new Map<LockClass, Map<LockClass, LockEdge>>();

    constructor(cpuCount: number) {
        this.#held = Array.from({ length: cpuCount }, () => []);
    }

    /** What was seen so far, in the order in which it was seen first, by held class. */
    get edges(): readonly LockEdge[] {
        return [...this.#edges.values()].flatMap((byTaken) => [...byTaken.values()]);
    }

    /** The locks that a CPU holds, the last taken last. */
    heldBy(cpuIndex: number): readonly SpinLock[] {
        return this.#held[cpuIndex];
    }

    /** CPU `cpuIndex` is about to take, or to wait for, `lock`. */
    acquiring(cpuIndex: number, lock: SpinLock): void {
        for (const held of this.#held[cpuIndex]) {
            if (held === lock) {
                throw new KernelPanic(`CPU ${cpuIndex} takes the lock ${lock.name}, which it has`);
            }
            if (held.lockClass === lock.lockClass) {
                this.#requireRank(held, lock);
            } else {
                this.#see(held.lockClass, lock.lockClass);
            }
        }
    }

    acquired(cpuIndex: number, lock: SpinLock): void {
        this.#held[cpuIndex].push(lock);
    }

    released(cpuIndex: number, lock: SpinLock): void {
        const held = this.#held[cpuIndex];
        held.splice(held.lastIndexOf(lock), 1);
    }

    #requireRank(held: SpinLock, lock: SpinLock): void {
        if (held.rank >= lock.rank) {
            throw new KernelPanic(
                `lock order: ${lock.name} is taken while ${held.name} is held; locks of one ` +
                    "class are taken in ascending rank",
            );
        }
    }

    /** Keeps an edge that is new, unless a way back is known. */
    #see(held: LockClass, taken: LockClass): void {
        const known = this.#edges.get(held) ?? new Map<LockClass, LockEdge>();
        if (known.has(taken)) {
            return;
        }
        const edge = new LockEdge(held, taken);
        const back = this.#path(taken, held, new Set());
        if (back !== undefined) {
            throw new LockCycle(edge, back);
        }
        known.set(taken, edge);
        this.#edges.set(held, known);
    }

    /** Edges that lead from one class to another, if any do. */
    #path(from: LockClass, to: LockClass, seen: Set<LockClass>): LockEdge[] | undefined {
        seen.add(from);
        for (const edge of this.#edges.get(from)?.values() ?? []) {
            if (edge.taken === to) {
                return [edge];
            }
            const rest = seen.has(edge.taken) ? undefined : this.#path(edge.taken, to, seen);
            if (rest !== undefined) {
                return [edge, ...rest];
            }
        }
        return undefined;
    }
}

/** Locks are taken in one order here and in the other there. */
export class LockCycle extends KernelPanic {
    override readonly name = "LockCycle";
    /** What was seen now, and then the way back that was seen before. */
    readonly cycle: readonly LockEdge[];

    constructor(edge: LockEdge, back: readonly LockEdge[]) {
        super(
            `lock order: ${edge.taken} is taken while ${edge.held} is held, and before that ` +
                back.map(({ held, taken }) => `${taken} while ${held}`).join(", and "),
        );
        this.cycle = [edge, ...back];
    }
}
