/**
 * Spinlocks: mutual exclusion between CPUs, for as long as a few dozen operations.
 *
 * Protocol. Who takes one turns interrupts off first, and back on (if they were on) after it has
 * let go. So no interrupt handler can want a lock that the program below it has, a holder is never
 * preempted, and it stays on its CPU. A holder must not block.
 *
 *     const hadInterrupts = yield* lock.acquire(context);
 *     ... what the lock guards ...
 *     yield* lock.release(context, hadInterrupts);
 *
 * Where the schedule may switch: before the attempt, at each turn of waiting, and after letting
 * go. What a lock guards is touched only by its holder (`assertHeld`), so no other point is needed
 * for every outcome to be possible.
 *
 * Invariants: one holder, a CPU; only the holder lets go; nobody takes what it has; locks are taken
 * in the order of lock-class.ts (lock-order.ts watches).
 */
import type { Context } from "../../machine/cpu/context.ts";
import { KernelPanic } from "../panic.ts";
import type { Steps } from "../steps.ts";
import type { LockClass } from "./lock-class.ts";
import type { LockOrder } from "./lock-order.ts";

const nobody = -1;

export class SpinLock {
    readonly lockClass: LockClass;
    /** For people; distinct where there are several of a class. */
    readonly name: string;
    /** Among locks of its class: whoever takes two takes the smaller first. */
    readonly rank: number;
    readonly #order: LockOrder;
    /** Index of the CPU that has it. */
    #holder = nobody;

    constructor(order: LockOrder, lockClass: LockClass, name: string = lockClass, rank = 0) {
        this.#order = order;
        this.lockClass = lockClass;
        this.name = name;
        this.rank = rank;
    }

    /** Takes the lock. Returns whether interrupts were on, for `release`. */
    *acquire(context: Context): Steps<boolean> {
        const hadInterrupts = context.interruptsEnabled;
        if (hadInterrupts) {
            yield context.disableInterrupts();
        }
        const { cpuIndex } = context;
        this.#order.acquiring(cpuIndex, this);
        context.subject = this.name;
        // The atomic exchange of a lock's word: between this and the next yield nobody else is.
        yield context.step();
        while (this.#holder !== nobody) {
            context.subject = this.name;
            yield context.pause();
        }
        this.#holder = cpuIndex;
        this.#order.acquired(cpuIndex, this);
        return hadInterrupts;
    }

    /** Lets go, and turns interrupts back on if they were. */
    *release(context: Context, hadInterrupts: boolean): Steps {
        this.assertHeld(context);
        this.#order.released(context.cpuIndex, this);
        this.#holder = nobody;
        context.subject = this.name;
        yield hadInterrupts ? context.enableInterrupts() : context.step();
    }

    isHeldBy(context: Context): boolean {
        return this.#holder === context.cpuIndex;
    }

    /** For whoever touches what this lock guards. */
    assertHeld(context: Context): void {
        if (!this.isHeldBy(context)) {
            throw new KernelPanic(
                `CPU ${context.cpuIndex} touches what the lock ${this.name} guards, without it`,
            );
        }
    }

    /** For reports: the CPU that has it, or undefined. */
    get holder(): number | undefined {
        return this.#holder === nobody ? undefined : this.#holder;
    }
}
