/**
 * Work on other threads, for commands that compute long: the process's own thread goes on hearing
 * signals and showing how far they are.
 *
 * A piece of work is a message to a thread, and one message back. What is told in between goes
 * through memory that both share, which costs nobody anything until somebody looks.
 *
 * Node takes two milliseconds to load its threads, so they are loaded when one is wanted: commands
 * that want none begin without them.
 */
import { availableParallelism } from "node:os";
import type { Worker } from "node:worker_threads";
import { stopwatchMs } from "./stopwatch.ts";

/** A piece of work that was given away. */
export interface Job {
    /** What came of it, once it is done; undefined before. */
    readonly result: { readonly value: unknown } | undefined;
}

/** Threads, one for each job. */
export interface Workers {
    /** How many of them the computer runs at once. */
    readonly suggestedCount: number;
    /** Real time in milliseconds, from some moment on: for a progress bar. */
    readonly nowMs: number;
    /** Gives work away. What it is told and what it returns is copied, but for shared memory. */
    start(work: unknown): Job;
    /** Waits until a job is done, or so long. Throws what a job threw. */
    wait(timeoutMs: number): Promise<void>;
    /** Ends the threads, and with them what was not done. */
    close(): Promise<void>;
}

/** Workers that run the module `entry`, which must call `answerJob`. */
export function startWorkers(entry: URL): Workers {
    return new ThreadWorkers(entry);
}

/** For the module that a worker runs: does its job, and ends. */
export function answerJob(perform: (work: unknown) => unknown): void {
    const { parentPort, workerData } = nodeThreads();
    parentPort?.postMessage(perform(workerData));
}

function nodeThreads(): typeof import("node:worker_threads") {
    return process.getBuiltinModule("node:worker_threads");
}

class ThreadWorkers implements Workers {
    readonly suggestedCount = availableParallelism();
    readonly #entry: URL;
    readonly #threads = new Set<Worker>();
    #error: { readonly thrown: unknown } | undefined;
    /** Ends a wait. */
    #news = () => {};

    constructor(entry: URL) {
        this.#entry = entry;
    }

    get nowMs(): number {
        return stopwatchMs();
    }

    start(work: unknown): Job {
        const job: { result: Job["result"] } = { result: undefined };
        const { Worker } = nodeThreads();
        const thread = new Worker(this.#entry, { workerData: work });
        this.#threads.add(thread);
        thread.on("message", (value) => {
            job.result = { value };
            this.#news();
        });
        thread.on("error", (thrown) => {
            this.#error = { thrown };
            this.#news();
        });
        thread.on("exit", () => {
            this.#threads.delete(thread);
            const isLost = job.result === undefined && this.#error === undefined;
            if (isLost) {
                this.#error = { thrown: new Error("a worker ended before its work was done") };
            }
            this.#news();
        });
        return job;
    }

    async wait(timeoutMs: number): Promise<void> {
        if (this.#error === undefined) {
            await new Promise<void>((resolve) => {
                const timer = setTimeout(resolve, timeoutMs);
                this.#news = () => {
                    clearTimeout(timer);
                    resolve();
                };
            });
        }
        if (this.#error !== undefined) {
            throw this.#error.thrown;
        }
    }

    async close(): Promise<void> {
        const threads = [...this.#threads];
        // Those that are ended here are not lost.
        this.#error ??= { thrown: new Error("the workers were ended") };
        await Promise.all(threads.map((thread) => thread.terminate()));
    }
}
