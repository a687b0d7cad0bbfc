/**
 * What memory operations do to the bytes that they find: load, store, and the atomic
 * read-modify-writes, of 1, 2, 4 or 8 bytes at any place in a DataView.
 *
 * Values are taken by their low bits, whatever their sign, as registers would be.
 */
import type { Operands } from "./operands.ts";
import { type Operation, OperationCode } from "./operation.ts";

/** Whether an operation reads, and whether it writes; a read-modify-write does both. */
export function isReading(kind: Operation): boolean {
    return kind !== OperationCode.store;
}

/** One that compares counts as writing, also if it then stores what it found (SDM 2, CMPXCHG). */
export function isWriting(kind: Operation): boolean {
    return kind !== OperationCode.load;
}

/**
 * Carries an operation out on the `size` bytes at `at`. Returns its result, the old value, which
 * is in `operands.wide` when it has 64 bits.
 *
 * @param kind the operation's code without its size.
 */
export function operateOn(
    view: DataView,
    at: number,
    kind: Operation,
    size: number,
    operands: Operands,
): number {
    if (size === 8) {
        operateWide(view, at, kind, operands);
        return 0;
    }
    const old = isReading(kind) ? getNumber(view, at, size) : 0;
    if (isWriting(kind)) {
        putNumber(view, at, size, newValue(kind, old, size, operands));
    }
    return old;
}

function operateWide(view: DataView, at: number, kind: Operation, operands: Operands): void {
    if (kind === OperationCode.store) {
        view.setBigUint64(at, operands.wideValue, true);
        return;
    }
    const old = view.getBigUint64(at, true);
    operands.wide = old;
    if (isWriting(kind)) {
        view.setBigUint64(at, newWideValue(kind, old, operands), true);
    }
}

function newValue(kind: Operation, old: number, size: number, operands: Operands): number {
    const { value } = operands;
    switch (kind) {
        case OperationCode.compareExchange:
            return old === lowBits(operands.expected, size) ? value : old;
        case OperationCode.fetchAdd:
            return old + value;
        case OperationCode.fetchAnd:
            return old & value;
        case OperationCode.fetchOr:
            return old | value;
        case OperationCode.fetchXor:
            return old ^ value;
        default:
            return value;
    }
}

function newWideValue(kind: Operation, old: bigint, operands: Operands): bigint {
    const { wideValue } = operands;
    switch (kind) {
        case OperationCode.compareExchange:
            return old === BigInt.asUintN(64, operands.wideExpected) ? wideValue : old;
        case OperationCode.fetchAdd:
            return old + wideValue;
        case OperationCode.fetchAnd:
            return old & wideValue;
        case OperationCode.fetchOr:
            return old | wideValue;
        case OperationCode.fetchXor:
            return old ^ wideValue;
        default:
            return wideValue;
    }
}

/** The low `size` bytes of a value of 1, 2 or 4, as a number from 0. */
export function lowBits(value: number, size: number): number {
    return size === 4 ? value >>> 0 : value & ((1 << (8 * size)) - 1);
}

/** Reads a number of 1, 2 or 4 bytes. */
export function getNumber(view: DataView, at: number, size: number): number {
    if (size === 4) {
        return view.getUint32(at, true);
    }
    return size === 2 ? view.getUint16(at, true) : view.getUint8(at);
}

/** Writes the low bits of `value` as 1, 2 or 4 bytes. */
export function putNumber(view: DataView, at: number, size: number, value: number): void {
    if (size === 4) {
        view.setUint32(at, value, true);
    } else if (size === 2) {
        view.setUint16(at, value, true);
    } else {
        view.setUint8(at, value);
    }
}
