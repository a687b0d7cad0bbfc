/**
 * How a program asks for an operation: a method for each, which leaves the operands here and
 * returns the operation's code, to be yielded at once.
 *
 *     const value = yield context.load(address, 4);
 *
 * The CPU takes the operands as soon as it has the code: one context, one operation. Addresses
 * are virtual: canonical ones are the integers from -2^47 to 2^47-1, the kernel's half being
 * negative, as sign extension has it. Results are numbers; those of 64-bit operations are in
 * `wide`.
 */
import { InvariantError } from "../../base/assert.ts";
import { type MemorySize, type Operation, OperationCode } from "./operation.ts";

/** No operation's code. */
export const nothingAsked = -1;

/** An operation with its operands, taken out because it faulted and is to be done again. */
export interface PendingOperation {
    readonly operation: Operation;
    readonly address: number;
    readonly value: number;
    readonly expected: number;
    readonly wideValue: bigint;
    readonly wideExpected: bigint;
}

/** The operands of one operation, and the methods that ask for it. */
export class Operands {
    /** Of memory operations a virtual address; a port; a page table's physical address. */
    address = 0;
    /** What is stored; of `copy` and `fill` the byte length. */
    value = 0;
    /** What is compared with; of `copy` the source's address, of `fill` the byte. */
    expected = 0;
    wideValue = 0n;
    wideExpected = 0n;
    callArguments: readonly number[] = [];

    /** What was asked for and has not been yielded, or `nothingAsked`. */
    asked: Operation = nothingAsked;

    /** The result of the last 64-bit operation. */
    wide = 0n;

    /** Takes an operation out, to be done again. */
    capture(operation: Operation): PendingOperation {
        const { address, value, expected, wideValue, wideExpected } = this;
        return { operation, address, value, expected, wideValue, wideExpected };
    }

    /** Puts an operation back. */
    restore(pending: PendingOperation): Operation {
        this.address = pending.address;
        this.value = pending.value;
        this.expected = pending.expected;
        this.wideValue = pending.wideValue;
        this.wideExpected = pending.wideExpected;
        return pending.operation;
    }

    /** One operation's time, and a point at which the schedule may switch. */
    step(): Operation {
        return this.ask(OperationCode.step);
    }

    load(address: number, size: MemorySize): Operation {
        this.address = address;
        return this.ask(OperationCode.load + size);
    }

    /** The result is in `wide`. */
    load64(address: number): Operation {
        this.address = address;
        return this.ask(OperationCode.load + 8);
    }

    /** Stores the low bits of `value`. */
    store(address: number, size: MemorySize, value: number): Operation {
        this.address = address;
        this.value = value;
        return this.ask(OperationCode.store + size);
    }

    store64(address: number, value: bigint): Operation {
        this.address = address;
        this.wideValue = value;
        return this.ask(OperationCode.store + 8);
    }

    /** XCHG: stores `value`; the result is the old one. */
    exchange(address: number, size: MemorySize, value: number): Operation {
        this.address = address;
        this.value = value;
        return this.ask(OperationCode.exchange + size);
    }

    /** LOCK CMPXCHG: stores `value` if `expected` is there; the result is what was there. */
    compareExchange(address: number, size: MemorySize, expected: number, value: number): Operation {
        this.address = address;
        this.expected = expected;
        this.value = value;
        return this.ask(OperationCode.compareExchange + size);
    }

    /** LOCK XADD. */
    fetchAdd(address: number, size: MemorySize, value: number): Operation {
        this.address = address;
        this.value = value;
        return this.ask(OperationCode.fetchAdd + size);
    }

    fetchAnd(address: number, size: MemorySize, value: number): Operation {
        this.address = address;
        this.value = value;
        return this.ask(OperationCode.fetchAnd + size);
    }

    fetchOr(address: number, size: MemorySize, value: number): Operation {
        this.address = address;
        this.value = value;
        return this.ask(OperationCode.fetchOr + size);
    }

    fetchXor(address: number, size: MemorySize, value: number): Operation {
        this.address = address;
        this.value = value;
        return this.ask(OperationCode.fetchXor + size);
    }

    exchange64(address: number, value: bigint): Operation {
        this.address = address;
        this.wideValue = value;
        return this.ask(OperationCode.exchange + 8);
    }

    compareExchange64(address: number, expected: bigint, value: bigint): Operation {
        this.address = address;
        this.wideExpected = expected;
        this.wideValue = value;
        return this.ask(OperationCode.compareExchange + 8);
    }

    fetchAdd64(address: number, value: bigint): Operation {
        this.address = address;
        this.wideValue = value;
        return this.ask(OperationCode.fetchAdd + 8);
    }

    fetchAnd64(address: number, value: bigint): Operation {
        this.address = address;
        this.wideValue = value;
        return this.ask(OperationCode.fetchAnd + 8);
    }

    fetchOr64(address: number, value: bigint): Operation {
        this.address = address;
        this.wideValue = value;
        return this.ask(OperationCode.fetchOr + 8);
    }

    fetchXor64(address: number, value: bigint): Operation {
        this.address = address;
        this.wideValue = value;
        return this.ask(OperationCode.fetchXor + 8);
    }

    /**
     * Copies bytes: those of `byteLength` that lie in one page at both ends, as memmove. The result
     * is how many they are; `copyBytes` goes on with the rest.
     */
    copy(destination: number, source: number, byteLength: number): Operation {
        this.address = destination;
        this.expected = source;
        this.value = byteLength;
        return this.ask(OperationCode.copy);
    }

    /** Fills the bytes of `byteLength` that lie in one page; the result is how many they are. */
    fill(address: number, byteLength: number, value: number): Operation {
        this.address = address;
        this.value = byteLength;
        this.expected = value;
        return this.ask(OperationCode.fill);
    }

    /** IN. @param port from 0 to 0xffff. */
    input(port: number, size: MemorySize): Operation {
        this.address = port;
        return this.ask(OperationCode.input + size);
    }

    /** OUT. */
    output(port: number, size: MemorySize, value: number): Operation {
        this.address = port;
        this.value = value;
        return this.ask(OperationCode.output + size);
    }

    /** PAUSE: takes longer than other operations, and hints that this CPU is waiting. */
    pause(): Operation {
        return this.ask(OperationCode.pause);
    }

    /** HLT: sleeps until an interrupt comes. */
    halt(): Operation {
        return this.ask(OperationCode.halt);
    }

    /** STI; HLT: enables interrupts and sleeps, with no gap in which one could be missed. */
    enableInterruptsAndHalt(): Operation {
        return this.ask(OperationCode.enableAndHalt);
    }

    /** CLI. */
    disableInterrupts(): Operation {
        return this.ask(OperationCode.disableInterrupts);
    }

    /** STI: interrupts come from after the next operation on. */
    enableInterrupts(): Operation {
        return this.ask(OperationCode.enableInterrupts);
    }

    /** Loads CR3, with a table's physical address, and empties the translation cache. */
    loadPageTable(physicalAddress: number): Operation {
        this.address = physicalAddress;
        return this.ask(OperationCode.loadPageTable);
    }

    /** INVLPG: forgets the translation of an address's page. */
    invalidatePage(address: number): Operation {
        this.address = address;
        return this.ask(OperationCode.invalidatePage);
    }

    /** RDTSC; the result is exact below 2^53. */
    readTimestamp(): Operation {
        return this.ask(OperationCode.readTimestamp);
    }

    /** SYSCALL; the result is what the kernel's handler returns. */
    systemCall(number: number, ...callArguments: readonly number[]): Operation {
        this.value = number;
        this.callArguments = callArguments;
        return this.ask(OperationCode.systemCall);
    }

    /** Notes that an operation was asked for. A program that does not yield it has a defect. */
    protected ask(operation: Operation): Operation {
        if (this.asked !== nothingAsked) {
            forgottenYield();
        }
        this.asked = operation;
        return operation;
    }
}

function forgottenYield(): never {
    throw new InvariantError("a program yields every operation that it asks for: one was not");
}
