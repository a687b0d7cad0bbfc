/**
 * The timing wheel: which tasks to wake at which tick (Varghese and Lauck, "Hashed and
 * Hierarchical Timing Wheels", SOSP 1987, scheme 6).
 *
 * A tick looks at one slot of 64, which has the tasks whose tick is that one modulo 64, and so
 * costs nothing for the many that sleep longer or shorter. CPU 0 ticks.
 */
import type { Context } from "../../machine/cpu/context.ts";
import type { Steps } from "../steps.ts";
import type { LockOrder } from "../sync/lock-order.ts";
import { SpinLock } from "../sync/spin-lock.ts";
import type { Task } from "./task.ts";

const slotCount = 64;

interface Alarm {
    readonly task: Task;
    readonly tick: number;
}

export class TimingWheel {
    readonly #lock: SpinLock;
    readonly #slots: Alarm[][] = Array.from({ length: slotCount }, () => []);
    #armedCount = 0;
    #ticks = 0;

    constructor(order: LockOrder) {
        this.#lock = new SpinLock(order, "timing wheel");
    }

    /**
     * Timer interrupts that CPU 0 has taken. Written by its handler alone; a look without the lock
     * may be old, and who sleeps until a tick is woken after it was counted.
     */
    get ticks(): number {
        return this.#ticks;
    }

    /** How many tasks are to be woken by time; for a look from outside. */
    get armedCount(): number {
        return this.#armedCount;
    }

    /** Has `task` woken at a tick, or at the next one if that is past. A task has one alarm. */
    *arm(context: Context, task: Task, tick: number): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const due = Math.max(tick, this.#ticks + 1);
        this.#slots[due % slotCount].push({ task, tick: due });
        this.#armedCount++;
        yield* this.#lock.release(context, hadInterrupts);
    }

    /** Takes back what `arm` of the same task and tick did, if it did not ring. */
    *disarm(context: Context, task: Task): Steps {
        const hadInterrupts = yield* this.#lock.acquire(context);
        for (const slot of this.#slots) {
            const at = slot.findIndex((alarm) => alarm.task === task);
            if (at >= 0) {
                slot.splice(at, 1);
                this.#armedCount--;
                break;
            }
        }
        yield* this.#lock.release(context, hadInterrupts);
    }

    /** Counts a tick. Returns the tasks that are to be woken now, for the caller to wake. */
    *tick(context: Context): Steps<readonly Task[]> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        this.#ticks++;
        const slot = this.#slots[this.#ticks % slotCount];
        const due = slot.filter((alarm) => alarm.tick === this.#ticks).map(({ task }) => task);
        if (due.length > 0) {
            this.#slots[this.#ticks % slotCount] = slot.filter(({ tick }) => tick !== this.#ticks);
            this.#armedCount -= due.length;
        }
        yield* this.#lock.release(context, hadInterrupts);
        return due;
    }
}
