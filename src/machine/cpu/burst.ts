/**
 * A burst: operations of one program on end, with nothing from outside between them.
 *
 * This is the machine's hot loop. Most operations find their page in the translation cache and
 * touch memory with a comparison and an addition; those are done here, and all others by whoever
 * made the burst.
 *
 * An operation is counted, and its time too, from its beginning. So one in which a program throws
 * has been done: the clock and the count say how far the program came, and a run that is played
 * back throws at the same place.
 *
 * Invariant, asserted: what a program yields is the operation that it asked its own context for.
 */
import { assert, InvariantError } from "../../base/assert.ts";
import { pageSize } from "../../base/page-size.ts";
import type { Context } from "./context.ts";
import type { Frame } from "./frame.ts";
import type { MemoryPort } from "./memory-port.ts";
import { nothingAsked } from "./operands.ts";
import { type Operation, OperationCode } from "./operation.ts";
import { slotOf } from "./translation-cache.ts";
import type { CpuWiring } from "./wiring.ts";

/** Codes as constants, so that the switch over them can be compiled to a table. */
const { step, load, store } = OperationCode;
const load8 = load + 1;
const load16 = load + 2;
const load32 = load + 4;
const store8 = store + 1;
const store16 = store + 2;
const store32 = store + 4;

/** Carries out any operation of the program in `frame`, and says in the burst what came of it. */
type CarryOut = (context: Context, frame: Frame, operation: Operation) => void;

export class Burst {
    readonly #wiring: CpuWiring;
    readonly #memoryPort: MemoryPort;
    readonly #carryOut: CarryOut;
    /** Operations done, by all bursts. */
    retired = 0;
    /** Of the operation at hand, for who carries it out: its result, */
    result = 0;
    /** whether the burst ends with it, */
    isOver = false;
    /** and time that it takes beyond the usual. */
    extraNs = 0;

    constructor(wiring: CpuWiring, memoryPort: MemoryPort, carryOut: CarryOut) {
        this.#wiring = wiring;
        this.#memoryPort = memoryPort;
        this.#carryOut = carryOut;
    }

    /**
     * Does up to `limit` operations of the program on top of `context`, none of which begins at or
     * after `deadlineNs`, and moves the clock, which may ring alarms at the end. Whatever a program
     * throws comes out of here.
     */
    run(context: Context, limit: number, deadlineNs: number): void {
        const { clock, memory, timing } = this.#wiring;
        const { view } = memory;
        const { operationNs } = timing;
        const { translations } = this.#memoryPort;
        const { frames } = translations;
        const frame = context.frames[context.frames.length - 1];
        const readPages = translations.direct(false, frame.isUser);
        const writePages = translations.direct(true, frame.isUser);
        const { record } = frame;
        let { program, pending, operation, result } = frame;
        let { nowNs } = clock;
        let retired = 0;
        try {
            while (retired < limit && nowNs < deadlineNs) {
                retired++;
                nowNs += operationNs;
                if (pending !== undefined) {
                    operation = context.restore(pending);
                    pending = undefined;
                    frame.pending = undefined;
                } else {
                    if (program === undefined) {
                        program = frame.begin();
                    } else if (record !== undefined) {
                        record.add(context, operation, result);
                    }
                    const asked = program.next(result);
                    if (asked.done === true) {
                        operation = endOf(context, asked.value ?? 0);
                    } else {
                        operation = asked.value;
                        if (operation !== context.asked) {
                            notAsked(context);
                        }
                        context.asked = nothingAsked;
                    }
                }
                // Of an address that is no whole number, this makes a page that is none either.
                const { address } = context;
                const offset = address & (pageSize - 1);
                const pageNo = (address - offset) / pageSize;
                const slot = slotOf(pageNo);
                switch (operation) {
                    case step:
                        result = 0;
                        continue;
                    case load8:
                        if (readPages[slot] === pageNo) {
                            result = view.getUint8(frames[slot] + offset);
                            continue;
                        }
                        break;
                    case load16:
                        if (readPages[slot] === pageNo && offset <= pageSize - 2) {
                            result = view.getUint16(frames[slot] + offset, true);
                            continue;
                        }
                        break;
                    case load32:
                        if (readPages[slot] === pageNo && offset <= pageSize - 4) {
                            result = view.getUint32(frames[slot] + offset, true);
                            continue;
                        }
                        break;
                    case store8:
                        if (writePages[slot] === pageNo) {
                            view.setUint8(frames[slot] + offset, context.value);
                            result = 0;
                            continue;
                        }
                        break;
                    case store16:
                        if (writePages[slot] === pageNo && offset <= pageSize - 2) {
                            view.setUint16(frames[slot] + offset, context.value, true);
                            result = 0;
                            continue;
                        }
                        break;
                    case store32:
                        if (writePages[slot] === pageNo && offset <= pageSize - 4) {
                            view.setUint32(frames[slot] + offset, context.value, true);
                            result = 0;
                            continue;
                        }
                        break;
                }
                // All others, with the clock where devices and the time stamp can read it.
                clock.advanceTo(nowNs - operationNs);
                this.result = 0;
                this.isOver = false;
                this.extraNs = 0;
                this.#carryOut(context, frame, operation);
                result = this.result;
                nowNs += this.extraNs;
                if (this.isOver) {
                    break;
                }
            }
        } finally {
            frame.operation = operation;
            frame.result = result;
            this.retired += retired;
            clock.advanceTo(nowNs);
        }
    }
}

/** A program returned `value`, which is an operation too. */
function endOf(context: Context, value: number): Operation {
    assert(
        context.asked === nothingAsked,
        `the program of context ${context.name} yields every operation that it asks for`,
    );
    context.value = value;
    return OperationCode.endOfProgram;
}

function notAsked(context: Context): never {
    const whose = `the program of context ${context.name}`;
    throw new InvariantError(
        `${whose} yields what it asked that context for: this was asked of another, or of none`,
    );
}
