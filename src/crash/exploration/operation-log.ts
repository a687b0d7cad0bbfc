/**
 * Every operation that programs ask for in a run, in the order in which they are done.
 *
 * A program asks for an operation and the CPU carries it out at once, so asking is the place to
 * look: a context that tells the log, and is otherwise a plain one. A handler's return is an
 * operation without being asked for, and one that faulted is done again unasked; the log has
 * neither.
 *
 * The stack says from which source line an operation was asked for. It is dear, so it is taken only
 * of operations that are named by their numbers: a run is deterministic, and the same operation has
 * the same number when it is done again.
 */
import { Context } from "../../machine/cpu/context.ts";
import { type Operation, OperationCode } from "../../machine/cpu/operation.ts";
import type { Machine } from "../../machine/machine.ts";
import type { RunObserver } from "./subject.ts";
import { type Touch, touchOf } from "./touch.ts";

/** An operation as it was asked for. */
export interface LoggedOperation extends Touch {
    readonly cpu: number;
    /** The context's name. */
    readonly task: string;
    readonly isUser: boolean;
    readonly operation: Operation;
    /** As it was asked for: a virtual address, or a port. */
    readonly address: number;
    /** Of a system call its number; otherwise what is stored. */
    readonly value: number;
}

/** More operations than anybody shrinks. */
const maxOperations = 3_000_000;

/** The stack of a run that asks for nothing has at most this many frames. */
const stackDepth = 60;

export class OperationLog implements RunObserver {
    readonly operations: LoggedOperation[] = [];
    /** By number of the operation: the stack, of those that were wanted. */
    readonly stacks = new Map<number, string>();
    readonly #wanted: ReadonlySet<number>;
    #machine: Machine | undefined;
    /** Operations asked for. */
    count = 0;

    /** @param wanted numbers of the operations whose stacks are kept; all are logged if none. */
    constructor(wanted: ReadonlySet<number> = new Set()) {
        this.#wanted = wanted;
    }

    makeContext(name: string): Context {
        return new ObservedContext(name, (context, operation) => this.#asked(context, operation));
    }

    attach(machine: Machine): void {
        this.#machine = machine;
    }

    #asked(context: Context, operation: Operation): void {
        const { cpu, frames } = context;
        const memory = this.#machine?.memory;
        if (cpu === undefined || memory === undefined) {
            // A program that is played back for a fork does nothing.
            return;
        }
        const number = this.count;
        this.count++;
        if (this.#wanted.has(number)) {
            this.stacks.set(number, stackHere());
        } else if (this.#wanted.size === 0 && number < maxOperations) {
            const { name: task, address, value } = context;
            const isUser = frames.at(-1)?.isUser ?? false;
            const touch = touchOf(context, operation, memory);
            this.operations.push({
                cpu: cpu.index,
                task,
                isUser,
                operation,
                address,
                value,
                ...touch,
            });
        }
    }
}

/** A context that tells of every operation that is asked of it. */
class ObservedContext extends Context {
    readonly #asked: (context: Context, operation: Operation) => void;

    constructor(name: string, asked: (context: Context, operation: Operation) => void) {
        super(name);
        this.#asked = asked;
    }

    protected override ask(operation: Operation): Operation {
        this.#asked(this, operation);
        this.subject = undefined;
        return super.ask(operation);
    }
}

/** The stack from here, deeper than engines keep it unless told so. */
function stackHere(): string {
    const engine: { stackTraceLimit?: number } = Error;
    const limit = engine.stackTraceLimit;
    engine.stackTraceLimit = stackDepth;
    const { stack = "" } = new Error("here");
    if (limit !== undefined) {
        engine.stackTraceLimit = limit;
    }
    return stack;
}

/** Names of operations, by their codes without a size. */
const operationNames = new Map<number, string>(
    Object.entries(OperationCode).map(([name, code]) => [code, name]),
);

/** An operation in words: `store 4 bytes at 0x9000`. */
export function describeOperation(logged: LoggedOperation): string {
    const { operation, address, subject } = logged;
    const about = subject === undefined ? "" : `, ${subject}`;
    const size = operation & 0x0f;
    if (operation >= OperationCode.load && operation < OperationCode.pause) {
        const name = operationNames.get(operation - size) ?? "access";
        const isPort = operation >= OperationCode.input;
        return `${name} ${isPort ? "port " : ""}${hexadecimal(address)}${about}`;
    }
    const name = operationNames.get(operation) ?? `operation ${operation}`;
    if (operation === OperationCode.systemCall) {
        return `system call ${logged.value}`;
    }
    const isBulk = operation === OperationCode.copy || operation === OperationCode.fill;
    return isBulk ? `${name} to ${hexadecimal(address)}${about}` : `${name}${about}`;
}

function hexadecimal(address: number): string {
    return address < 0
        ? `-0x${(-address).toString(16)}`
        : `0x${address.toString(16)}`;
}
