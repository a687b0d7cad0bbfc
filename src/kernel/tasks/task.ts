/**
 * A task: one thread of control that the scheduler knows, of a process or of the kernel itself.
 *
 * Chickadee's `proc`. Its context is its kernel stack and registers; its page of memory stands for
 * the stack's, and has a canary at the beginning by which a page that was given away too early is
 * noticed.
 */
import type { Context } from "../../machine/cpu/context.ts";
import type { Process } from "../processes/process.ts";
import type { CpuState } from "./cpu-state.ts";

export type TaskState =
    /** Runs, or is in its CPU's run queue. */
    | "runnable"
    /** Waits to be woken. */
    | "blocked"
    /** Will not run again; its CPU's scheduler frees it. */
    | "exited";

/** What a task waits for, for reports. */
export interface Wait {
    readonly what: string;
    readonly isExternal: boolean;
}

/** What a task is made from (processes/threads.ts). */
export interface TaskOptions {
    readonly tid: number;
    readonly process: Process;
    readonly context: Context;
    /** The CPU that it runs on, always. */
    readonly cpu: CpuState;
    /** Physical address of its page. */
    readonly page: number;
}

/** At the beginning of every task's page, with its tid added. */
export const taskCanary = 0x7a57_0000;

export class Task {
    readonly tid: number;
    readonly process: Process;
    readonly context: Context;
    readonly cpu: CpuState;
    readonly page: number;
    /** Guarded by its CPU's run queue lock, as is the next. */
    state: TaskState = "runnable";
    isQueued = false;
    /** While it is blocked or about to be; written by the task itself. */
    wait: Wait | undefined;
    /**
     * Physical address of the page table that it runs with; the kernel's once the thread has begun
     * to end. Written by the task itself, with interrupts off.
     */
    pageTable: number;

    constructor(options: TaskOptions, pageTable: number) {
        this.tid = options.tid;
        this.process = options.process;
        this.context = options.context;
        this.cpu = options.cpu;
        this.page = options.page;
        this.pageTable = pageTable;
    }

    /**
     * Whether it is to end as soon as it holds nothing. A flag that once set stays; read without a
     * lock by the task itself, which is woken or interrupted after it was set (exit.ts).
     */
    get isExiting(): boolean {
        return this.process.isExiting;
    }

    get name(): string {
        return `T${this.tid} (P${this.process.pid}, ${this.process.name})`;
    }
}
