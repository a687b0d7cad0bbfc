/**
 * The kernel's own test of wait queues: five kernel tasks that do nothing but wait for each other
 * and wake each other, in five phases (the call `ktest`, FACTS 4.2 and 5).
 *
 *  0. *ring*: a turn goes around; each task waits for its own
 *  1. *no wait*: waits whose predicate holds already, while others wake the queue
 *  2. *false alarms*: a task is woken again and again before what it waits for is so
 *  3. *barrier*: all meet, many times
 *  4. *time*: waits that end by a wakeup or by time, whichever is first
 *
 * A barrier stands between phases. A lost wakeup leaves all of them waiting, which is a deadlock
 * that the kernel reports; a wakeup too many that is believed breaks a count, which is a panic.
 *
 * There are fewer rounds than in the original, which has 20,000: here it is the schedules that
 * are many.
 */
import type { Context } from "../../machine/cpu/context.ts";
import { ErrorCode } from "../interface/error-code.ts";
import type { Kernel } from "../kernel.ts";
import { kernelAssert } from "../panic.ts";
import { beginKernelTask } from "../processes/kernel-task.ts";
import { reserveTasks } from "../processes/threads.ts";
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";
import { SpinLock } from "./spin-lock.ts";
import { WaitQueue } from "./wait-queue.ts";

const taskCount = 5;
const ringRounds = 20;
const noWaitRounds = 40;
const falseAlarmRounds = 20;
const barrierRounds = 20;
const timeRounds = 4;

/** What `ktest` returns when all phases are done. */
const testIsDone = 1000;

export class WaitQueueTest {
    readonly #kernel: Kernel;
    /** Guards all that follows. */
    readonly #lock: SpinLock;
    readonly #queue: WaitQueue;
    #runningTasks = 0;
    #phase = 0;
    #isDone = false;
    /** Tasks that have arrived at the barrier, and how often all have. */
    #arrived = 0;
    #barriers = 0;
    /** In the ring, whose turn it is; in phase 2, whether the last alarm was given. */
    #turn = 0;
    #isSo = false;

    constructor(kernel: Kernel) {
        this.#kernel = kernel;
        this.#lock = new SpinLock(kernel.order, "kernel test");
        this.#queue = new WaitQueue(kernel.order, kernel.scheduler, "the kernel's test");
    }

    /**
     * Starts the test if it does not run. Returns the phase that it is in, or `testIsDone`.
     * E_AGAIN, E_NOMEM: there are too few numbers or pages for its tasks.
     */
    *poll(task: Task): Steps<number> {
        const { context } = task;
        const hadInterrupts = yield* this.#lock.acquire(context);
        const isDone = this.#isDone && this.#runningTasks === 0;
        const starts = !isDone && !this.#isDone && this.#runningTasks === 0;
        this.#isDone = isDone ? false : this.#isDone;
        if (starts) {
            this.#runningTasks = taskCount;
            this.#phase = 0;
            this.#turn = 0;
        }
        const phase = this.#phase;
        yield* this.#lock.release(context, hadInterrupts);
        if (starts) {
            const result = yield* this.#start(context);
            return result === 0 ? phase : result;
        }
        return isDone ? testIsDone : phase;
    }

    /** Starts all tasks, or none: a part of them would wait for the others for ever. */
    *#start(context: Context): Steps<0 | ErrorCode> {
        const members = yield* reserveTasks(this.#kernel, context, taskCount);
        if (typeof members === "string") {
            const hadInterrupts = yield* this.#lock.acquire(context);
            this.#runningTasks = 0;
            yield* this.#lock.release(context, hadInterrupts);
            return members === "no number" ? ErrorCode.tryAgain : ErrorCode.noMemory;
        }
        for (const [index, reserved] of members.entries()) {
            const body = (_kernel: Kernel, member: Task) => this.#run(member, index);
            yield* beginKernelTask(this.#kernel, context, reserved, `ktest ${index}`, body);
        }
        return 0;
    }

    *#run(task: Task, index: number): Steps {
        const { context } = task;
        const hadInterrupts = yield* this.#lock.acquire(context);
        const phases = [
            () => this.#ring(task, index),
            () => this.#noWait(task),
            () => this.#falseAlarms(task, index),
            () => this.#meet(task),
            () => this.#time(task, index),
        ];
        for (const [phase, body] of phases.entries()) {
            kernelAssert(this.#phase === phase, `all tasks of the test are in phase ${phase}`);
            yield* body();
            yield* this.#barrier(task, () => {
                this.#phase = phase + 1;
            });
        }
        this.#runningTasks--;
        this.#isDone = true;
        yield* this.#lock.release(context, hadInterrupts);
    }

    *#ring(task: Task, index: number): Steps {
        for (let round = 0; round < ringRounds; round++) {
            const turn = round * taskCount + index;
            yield* this.#wait(task, () => this.#turn === turn, `turn ${turn}`);
            this.#turn++;
            yield* this.#queue.wakeAll(task.context);
        }
    }

    *#noWait(task: Task): Steps {
        for (let round = 0; round < noWaitRounds; round++) {
            yield* this.#wait(task, () => true, "nothing");
            yield* this.#queue.wakeAll(task.context);
        }
    }

    /** Task 0 waits; the others cry wolf, until the last one of a round makes it so. */
    *#falseAlarms(task: Task, index: number): Steps {
        for (let round = 0; round < falseAlarmRounds; round++) {
            if (index === 0) {
                yield* this.#wait(task, () => this.#isSo, "the last alarm");
                kernelAssert(this.#isSo, "a wait ends when what it waited for is so");
                this.#isSo = false;
            } else {
                this.#isSo ||= index === taskCount - 1;
                yield* this.#queue.wakeAll(task.context);
            }
            yield* this.#barrier(task, () => {});
        }
    }

    *#meet(task: Task): Steps {
        for (let round = 0; round < barrierRounds; round++) {
            yield* this.#barrier(task, () => {});
        }
    }

    /** Waits for what never comes, for one tick, while wakeups come all the time. */
    *#time(task: Task, index: number): Steps {
        for (let round = 0; round < timeRounds; round++) {
            const { wheel } = this.#kernel;
            const deadline = wheel.ticks + 1 + (index % 2);
            const what = "a time";
            const result = yield* this.#queue.waitUntil(task, this.#lock, () => false, {
                what,
                deadline,
            });
            kernelAssert(
                result === "timed out" && wheel.ticks >= deadline,
                "a wait with nothing to wait for ends by time, and not before it",
            );
            yield* this.#queue.wakeAll(task.context);
        }
    }

    /** Waits for all tasks; the last one to come does `act` for all. */
    *#barrier(task: Task, act: () => void): Steps {
        const barrier = this.#barriers;
        this.#arrived++;
        if (this.#arrived === taskCount) {
            this.#arrived = 0;
            this.#barriers++;
            act();
            yield* this.#queue.wakeAll(task.context);
        } else {
            yield* this.#wait(task, () => this.#barriers !== barrier, `barrier ${barrier}`);
        }
    }

    *#wait(task: Task, predicate: () => boolean, what: string): Steps {
        yield* this.#queue.waitUntil(task, this.#lock, predicate, { what });
    }
}
