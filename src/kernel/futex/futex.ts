/**
 * Futexes: how threads sleep until a word of memory changes (Franke, Russell and Kirkwood, "Fuss,
 * Futexes and Furwocks", OLS 2002). The kernel knows a futex only while somebody waits for it.
 *
 * A futex is a word's physical address: threads meet at it, and processes that have the page mapped
 * at different addresses. Each waiter holds a reference to the word's page, so that the page is not
 * freed, and the address not another word's, while anybody waits.
 *
 * So a word goes with its page, not with its address. A thread that has another page mapped there
 * (page_alloc over the word, or shmdt) makes another word of it: who waits for the old one is not
 * found there any more, and sleeps until its time is over, or its process exits, or somebody wakes
 * it where else the old page is mapped.
 *
 * The danger is the wakeup that is lost: a thread finds that it must wait; another changes the word
 * and wakes nobody; the first falls asleep. One lock, for all futexes, rules it out.
 *
 *     WAIT(word, value)                        the thread that changes the word
 *      1. take the lock                         1. store the word
 *      2. is the word `value`? else E_AGAIN     2. WAKE: take the lock, take the first waiters
 *      3. join the waiters                         out, mark and wake them, let go of the lock
 *      4. let go of the lock, and sleep
 *         until marked (wait-queue.ts)
 *
 * Between 2 and 3 of WAIT no WAKE can come. So a WAKE came before 2, and then the store before it
 * did too, and 2 sees the new word; or the WAKE comes after 3, and finds the waiter. In 4 the lock
 * is let go of only when the task can be woken already, which is the wait queue's part.
 *
 * Waiters queue in the order in which they came; REQUEUE puts those that it moves behind the ones
 * that are there. Each sleeps in a wait queue of its own, so a wakeup wakes who is meant.
 *
 * Invariants: a waiter is in the list until it is marked, or gives up (its time is over, or its
 * process exits) and takes itself out, under the lock; who is marked was counted by one WAKE and
 * returns 0, also when its time is over at the same moment.
 */
import { pageSize } from "../../base/page-size.ts";
import type { Context } from "../../machine/cpu/context.ts";
import { ErrorCode } from "../interface/error-code.ts";
import type { Kernel } from "../kernel.ts";
import { directMap } from "../memory/direct-map.ts";
import type { Steps } from "../steps.ts";
import { SpinLock } from "../sync/spin-lock.ts";
import { WaitQueue, type WaitResult } from "../sync/wait-queue.ts";
import type { Task } from "../tasks/task.ts";

/** A word that a system call names, with its page held. */
interface Word {
    /** Which futex it is: its physical address. */
    readonly key: number;
    readonly physicalAddress: number;
}

interface Waiter {
    word: Word;
    /** WAKE took it out of the list. */
    isWoken: boolean;
    readonly sleep: WaitQueue;
}

/** Bytes of a word, and what its address is a multiple of. */
const wordBytes = 4;

export class Futexes {
    readonly #kernel: Pick<Kernel, "order" | "pages" | "scheduler" | "faults">;
    /** Guards the list, and looks at words against it. */
    readonly #lock: SpinLock;
    /** Of all futexes, who came first first. */
    readonly #waiters: Waiter[] = [];

    constructor(kernel: Pick<Kernel, "order" | "pages" | "scheduler" | "faults">) {
        this.#kernel = kernel;
        this.#lock = new SpinLock(kernel.order, "futex");
    }

    /** For a look from outside. */
    get waiterCount(): number {
        return this.#waiters.length;
    }

    /**
     * Sleeps until woken, if the word is `value`.
     *
     * @param value by its low 32 bits.
     * @param deadline the tick at which to give up.
     * @returns 0: woken; E_AGAIN: the word differs; E_TIME; E_INTR: the process exits; E_INVAL,
     *   E_FAULT: there is no word at the address.
     */
    *wait(task: Task, address: number, value: number, deadline?: number): Steps<number> {
        const word = yield* this.#find(task, address);
        if (typeof word === "number") {
            return word;
        }
        const { context } = task;
        const { hadInterrupts, isSame } = yield* this.#acquireAndCompare(context, word, value);
        if (!isSame) {
            yield* this.#lock.release(context, hadInterrupts);
            yield* this.#letGo(context, word);
            return ErrorCode.tryAgain;
        }
        const { order, scheduler } = this.#kernel;
        const sleep = new WaitQueue(order, scheduler, `a waiter of ${task.name}`);
        const waiter: Waiter = { word, isWoken: false, sleep };
        this.#waiters.push(waiter);
        const what = `futex 0x${address.toString(16)} (value ${value >>> 0})`;
        const isWoken = () => waiter.isWoken;
        const result = yield* sleep.waitUntil(task, this.#lock, isWoken, { what, deadline });
        if (!waiter.isWoken) {
            this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        }
        yield* this.#lock.release(context, hadInterrupts);
        // REQUEUE may have moved it to another word.
        yield* this.#letGo(context, waiter.word);
        return codeOf[result];
    }

    /** Wakes up to `count` waiters. Returns how many. E_INVAL, E_FAULT: there is no word. */
    *wake(task: Task, address: number, count: number): Steps<number> {
        const word = yield* this.#find(task, address);
        if (typeof word === "number") {
            return word;
        }
        const { context } = task;
        const hadInterrupts = yield* this.#lock.acquire(context);
        const wokenCount = yield* this.#wakeFirst(context, word, count);
        yield* this.#lock.release(context, hadInterrupts);
        yield* this.#letGo(context, word);
        return wokenCount;
    }

    /**
     * Wakes up to `wakeCount` waiters, and has up to `moveCount` more wait for the word at `target`
     * instead, as if they had come to it now. Returns how many were woken or moved.
     */
    *requeue(
        task: Task,
        address: number,
        wakeCount: number,
        moveCount: number,
        target: number,
    ): Steps<number> {
        const from = yield* this.#find(task, address);
        if (typeof from === "number") {
            return from;
        }
        const { context } = task;
        const to = yield* this.#find(task, target);
        if (typeof to === "number") {
            yield* this.#letGo(context, from);
            return to;
        }
        const hadInterrupts = yield* this.#lock.acquire(context);
        const wokenCount = yield* this.#wakeFirst(context, from, wakeCount);
        const movedCount = yield* this.#moveFirst(context, from, moveCount, to);
        yield* this.#lock.release(context, hadInterrupts);
        yield* this.#letGo(context, from);
        yield* this.#letGo(context, to);
        return wokenCount + movedCount;
    }

    /** The word at a user address. Only its own four bytes need be there. */
    *#find(task: Task, address: number): Steps<Word | ErrorCode> {
        if (address % wordBytes !== 0) {
            return ErrorCode.invalid;
        }
        const { context, process } = task;
        const physicalAddress = yield* process.memory.hold(context, address, "read");
        if (physicalAddress < 0) {
            return ErrorCode.badAddress;
        }
        // Planted: a virtual address, which means another word in another process.
        const isVirtual = this.#kernel.faults.has("futex-virtual-key");
        return { key: isVirtual ? address : physicalAddress, physicalAddress };
    }

    /** Gives up a word's page. */
    *#letGo(context: Context, word: Word): Steps {
        yield* this.#kernel.pages.release(context, pageOf(word));
    }

    /** Takes the lock, and says whether the word is `value`: steps 1 and 2 of WAIT. */
    *#acquireAndCompare(
        context: Context,
        word: Word,
        value: number,
    ): Steps<{ readonly hadInterrupts: boolean; readonly isSame: boolean }> {
        const kernelAddress = directMap(word.physicalAddress);
        if (this.#kernel.faults.has("futex-check-before-lock")) {
            // Planted: a WAKE that comes between the look and the lock finds nobody to wake.
            const found = yield context.load(kernelAddress, wordBytes);
            const hadInterrupts = yield* this.#lock.acquire(context);
            return { hadInterrupts, isSame: found === value >>> 0 };
        }
        const hadInterrupts = yield* this.#lock.acquire(context);
        const found = yield context.load(kernelAddress, wordBytes);
        return { hadInterrupts, isSame: found === value >>> 0 };
    }

    /** Wakes the first waiters of a word. The caller holds the lock. */
    *#wakeFirst(context: Context, word: Word, limit: number): Steps<number> {
        const woken = this.#first(context, word, limit);
        for (const waiter of woken) {
            this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
            waiter.isWoken = true;
            yield* waiter.sleep.wakeAll(context);
        }
        return woken.length;
    }

    /** Moves the first waiters of a word to another. The caller holds the lock. */
    *#moveFirst(context: Context, from: Word, limit: number, to: Word): Steps<number> {
        const moved = this.#first(context, from, limit);
        for (const waiter of moved) {
            yield* this.#kernel.pages.addReference(context, pageOf(to));
            yield* this.#letGo(context, waiter.word);
            waiter.word = to;
            this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
            this.#waiters.push(waiter);
        }
        return moved.length;
    }

    /** The waiters of a word that came first, up to `limit` of them. */
    #first(context: Context, { key }: Word, limit: number): readonly Waiter[] {
        this.#lock.assertHeld(context);
        const waiters = this.#waiters.filter(({ word }) => word.key === key);
        return waiters.slice(0, Math.max(0, limit));
    }
}

/** What WAIT returns. */
const codeOf: Readonly<Record<WaitResult, number>> = {
    ready: 0,
    interrupted: ErrorCode.interrupted,
    "timed out": ErrorCode.timeOut,
};

/** The page that a word is in. */
function pageOf({ physicalAddress }: Word): number {
    return physicalAddress - (physicalAddress % pageSize);
}
