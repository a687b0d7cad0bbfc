/**
 * What the workers of a search tell while they work, in memory that all of them share: how many
 * runs they did, how far each is, and the lowest run that failed.
 */

/** Fields of the board, each a 32-bit number; the workers' own ones come after them. */
const runsDoneField = 0;
const lowestFailureField = 1;
const pointsField = 2;
const firstOwnField = 3;

const none = 2 ** 31 - 1;

export class Board {
    readonly #fields: Int32Array;

    /** @param memory of another thread's board */
    constructor(memory: SharedArrayBuffer) {
        this.#fields = new Int32Array(memory);
    }

    static create(workerCount: number): Board {
        const length = firstOwnField + workerCount;
        const board = new Board(new SharedArrayBuffer(4 * length));
        Atomics.store(board.#fields, lowestFailureField, none);
        return board;
    }

    /** For a message to a worker. */
    get memory(): SharedArrayBuffer {
        return this.#fields.buffer as SharedArrayBuffer;
    }

    /** Runs of all workers together. */
    get runsDone(): number {
        return Atomics.load(this.#fields, runsDoneField);
    }

    /** No run from here on needs to be done. */
    get runLimit(): number {
        return Atomics.load(this.#fields, lowestFailureField);
    }

    /** The first run that no worker has done yet; worker w's first one is `first` + w. */
    nextRun(first: number): number {
        const own = this.#fields.subarray(firstOwnField);
        const nexts = own.map((_, worker) => Atomics.load(own, worker) || first + worker);
        return Math.min(...nexts);
    }

    /** A worker did a run, and will go on with `next`. */
    did(worker: number, next: number): void {
        Atomics.add(this.#fields, runsDoneField, 1);
        Atomics.store(this.#fields, firstOwnField + worker, next);
    }

    /** A run failed. */
    failed(run: number): void {
        const fields = this.#fields;
        for (let lowest = this.runLimit; run < lowest; lowest = this.runLimit) {
            Atomics.compareExchange(fields, lowestFailureField, lowest, run);
        }
    }

    /** While a failure is shrunk: how many runs that took, and preemptions that are left. */
    set shrinking({ runs, points }: { readonly runs: number; readonly points: number }) {
        Atomics.store(this.#fields, runsDoneField, runs);
        Atomics.store(this.#fields, pointsField, points);
    }

    /** Preemptions that are left; 0 before that is known. */
    get points(): number {
        return Atomics.load(this.#fields, pointsField);
    }
}
