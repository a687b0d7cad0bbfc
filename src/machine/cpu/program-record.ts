/**
 * The record of a program: what each of its operations was, and what came of it.
 *
 * A generator cannot be copied. But a user program is a function of what its `yield`s give it, so a
 * second generator from the same maker, fed the same results, gets to the same place: that is what
 * a fork does (context.ts). It takes time in proportion to what the program did since it began.
 *
 * Rules of use: the maker and the program read and write nothing of JavaScript's that outlives or
 * is shared between programs, for it would be read and written again. A program that then asks for
 * another operation than was recorded has broken them, and an `InvariantError` says so.
 *
 * A result is recorded when the program goes on with it. So an operation that faulted and was done
 * again is in the record once, with the result that it had at last. An operation and its result are
 * a word; results that need more than 23 bits, and those of 64-bit operations, are in lists beside.
 */
import { assert, InvariantError } from "../../base/assert.ts";
import type { Context, ProgramMaker } from "./context.ts";
import { nothingAsked } from "./operands.ts";
import { type Operation, OperationCode, type Program } from "./operation.ts";

/** Results that are recorded before the record is dropped: 16 MB of words. */
export const defaultRecordLimit = 4_000_000;

/** Words at first, and in a chunk that is not made larger. */
const firstCapacity = 64;
const chunkCapacity = 2 ** 14;

/** A word's low bits are the operation's code; above them is its result if it fits this mask. */
const codeBits = 8;
const resultMask = 0x7f_ffff;
/** What is there in place of any other result. */
const longResult = 0xff_ffff;

export class ProgramRecord {
    readonly #make: ProgramMaker;
    readonly #limit: number;
    /** Chunks that are full, and are shared with forks. */
    #fullChunks: Uint32Array[] = [];
    /** The chunk that is being filled, and how many of its words are. */
    #words: Uint32Array;
    #count = 0;
    /** Results that are in no word, in their order: negative ones, and those of many bits. */
    #longResults: number[] = [];
    /** What 64-bit operations left in `Context.wide`, in their order. */
    #wideResults: bigint[] = [];
    #isDropped = false;

    constructor(make: ProgramMaker, limit: number) {
        this.#make = make;
        this.#limit = limit;
        this.#words = new Uint32Array(Math.min(firstCapacity, limit));
    }

    /** Whether there were more results than are kept, so that nothing can be played back. */
    get isDropped(): boolean {
        return this.#isDropped;
    }

    /** Operations whose results are recorded. */
    get length(): number {
        return this.#fullChunks.length * chunkCapacity + this.#count;
    }

    /** The program of `context` goes on with the result of an operation. */
    add(context: Context, operation: Operation, result: number): void {
        const at = this.#count;
        const isShort = (result & resultMask) === result && (operation & 0x0f) !== 8;
        if (isShort && at < this.#words.length) {
            this.#words[at] = (result << codeBits) | operation;
            this.#count = at + 1;
        } else {
            this.#addSlowly(context, operation, result);
        }
    }

    /** A record of a program that has done the same. */
    copy(): ProgramRecord {
        const copy = new ProgramRecord(this.#make, this.#limit);
        copy.#fullChunks = this.#fullChunks.slice();
        copy.#words = this.#words.slice();
        copy.#count = this.#count;
        copy.#longResults = this.#longResults.slice();
        copy.#wideResults = this.#wideResults.slice();
        copy.#isDropped = this.#isDropped;
        return copy;
    }

    /**
     * Makes a program for `context` that has done what is recorded, and then asked for `last`.
     */
    playBack(context: Context, last: Operation): Program {
        assert(
            !this.#isDropped,
            `the program of context ${context.name} was recorded from its beginning`,
        );
        const program = this.#make(context);
        let result = 0;
        let index = 0;
        let longs = 0;
        let wides = 0;
        for (const chunk of [...this.#fullChunks, this.#words.subarray(0, this.#count)]) {
            for (const word of chunk) {
                const operation = word & ((1 << codeBits) - 1);
                expectOperation(context, program.next(result), index++, operation);
                result = word >>> codeBits;
                if (result === longResult) {
                    result = this.#longResults[longs++];
                }
                if (isWide(operation)) {
                    context.wide = this.#wideResults[wides++];
                }
            }
        }
        expectOperation(context, program.next(result), index, last);
        return program;
    }

    /** Any operation and result, and what makes room for them. */
    #addSlowly(context: Context, operation: Operation, result: number): void {
        if (this.#count === this.#words.length && !this.#grow()) {
            return;
        }
        if (isWide(operation)) {
            this.#wideResults.push(context.wide);
        }
        let short = result;
        if ((result & resultMask) !== result) {
            this.#longResults.push(result);
            short = longResult;
        }
        this.#words[this.#count++] = (short << codeBits) | operation;
    }

    /** Makes room for more words. Returns false when there are as many as there may be. */
    #grow(): boolean {
        if (this.#isDropped) {
            return false;
        }
        const room = this.#limit - this.length;
        if (room <= 0) {
            this.#drop();
            return false;
        }
        if (this.#count === chunkCapacity) {
            this.#fullChunks.push(this.#words);
            this.#words = new Uint32Array(Math.min(chunkCapacity, room));
            this.#count = 0;
        } else {
            const words = new Uint32Array(Math.min(2 * this.#count, this.#count + room));
            words.set(this.#words);
            this.#words = words;
        }
        return true;
    }

    #drop(): void {
        this.#isDropped = true;
        this.#fullChunks = [];
        this.#words = new Uint32Array(0);
        this.#count = 0;
        this.#longResults = [];
        this.#wideResults = [];
    }
}

/** The program of `context`, played back, yielded `asked`, as it must if it is sound. */
function expectOperation(
    context: Context,
    asked: IteratorResult<Operation, unknown>,
    index: number,
    recorded: Operation,
): void {
    const operation = asked.done === true ? OperationCode.endOfProgram : asked.value;
    if (operation !== recorded || (asked.done !== true && operation !== context.asked)) {
        throw new InvariantError(
            `the program of context ${context.name} is not a function of its results: played ` +
                `back for a fork, it asks for ${codeText(operation)} as operation ${index}, ` +
                `where it had asked for ${codeText(recorded)}`,
        );
    }
    context.asked = nothingAsked;
}

/** Whether an operation leaves its result in `Context.wide`. A store leaves it alone, no harm. */
function isWide(operation: Operation): boolean {
    return (operation & 0x0f) === 8 && operation < OperationCode.input;
}

function codeText(operation: Operation): string {
    return `0x${operation.toString(16).padStart(2, "0")}`;
}
