/**
 * What an operation touches, so that operations of two CPUs can be found that touch the same.
 *
 * Of an access to memory it is the physical bytes, for programs see the same page at different
 * addresses. Where the kernel says what an operation is about (`Context.subject`: a lock, a queue,
 * a cell of its own), it is that.
 */
import { pageSize } from "../../base/page-size.ts";
import type { Context } from "../../machine/cpu/context.ts";
import { type Operation, OperationCode } from "../../machine/cpu/operation.ts";
import { PageEntry } from "../../machine/cpu/page-walk.ts";
import type { GuestMemory } from "../../machine/guest-memory.ts";

/** A range of memory that an operation reads or writes. */
export interface TouchedBytes {
    readonly physical: number;
    readonly byteLength: number;
    readonly isWritten: boolean;
}

export interface Touch {
    /** What the kernel says that it is about. */
    readonly subject: string | undefined;
    readonly bytes: readonly TouchedBytes[];
}

/** What the operation that `context` asks for touches. */
export function touchOf(context: Context, operation: Operation, memory: GuestMemory): Touch {
    const { subject } = context;
    const pageTable = context.cpu?.pageTable ?? -1;
    const at = (address: number, byteLength: number, isWritten: boolean): TouchedBytes[] => {
        const physical = physicalOf(memory, pageTable, address);
        // Registers are none: every CPU has a local APIC of its own at the same address.
        return memory.contains(physical, 1) ? [{ physical, byteLength, isWritten }] : [];
    };
    if (operation === OperationCode.copy) {
        const { address, expected, value } = context;
        const length = Math.min(value, restOfPage(address), restOfPage(expected));
        return { subject, bytes: [...at(address, length, true), ...at(expected, length, false)] };
    }
    if (operation === OperationCode.fill) {
        const length = Math.min(context.value, restOfPage(context.address));
        return { subject, bytes: at(context.address, length, true) };
    }
    const size = operation & 0x0f;
    const kind = operation - size;
    if (kind >= OperationCode.load && kind < OperationCode.input) {
        return { subject, bytes: at(context.address, size, kind !== OperationCode.load) };
    }
    return { subject, bytes: [] };
}

/** What two touches have in common, in words, if at least one of them may have changed it. */
export function sharedThing(one: Touch, other: Touch): string | undefined {
    if (one.subject !== undefined && one.subject === other.subject) {
        return one.subject;
    }
    for (const mine of one.bytes) {
        for (const theirs of other.bytes) {
            const first = Math.max(mine.physical, theirs.physical);
            const end = Math.min(
                mine.physical + mine.byteLength,
                theirs.physical + theirs.byteLength,
            );
            if (first < end && (mine.isWritten || theirs.isWritten)) {
                return `memory at 0x${first.toString(16)}`;
            }
        }
    }
    return undefined;
}

function restOfPage(address: number): number {
    return pageSize - (address & (pageSize - 1));
}

/**
 * The physical address by the tables in memory, or the address itself where they have none. It is
 * the page walk without its rights and without its traces in memory.
 */
export function physicalOf(memory: GuestMemory, pageTable: number, address: number): number {
    if (pageTable < 0) {
        return address;
    }
    const bits = address < 0 ? address + 2 ** 48 : address;
    let table = pageTable;
    for (let level = 4, span = 2 ** 39; level >= 1; level--, span /= 512) {
        const entryAddress = table + 8 * (Math.floor(bits / span) % 512);
        if (!memory.contains(entryAddress, 8)) {
            return address;
        }
        const low = memory.view.getUint32(entryAddress, true);
        const high = memory.view.getUint32(entryAddress + 4, true);
        if ((low & PageEntry.present) === 0) {
            return address;
        }
        table = (high & 0xff) * 2 ** 32 + ((low & ~0xfff) >>> 0);
        if (level === 1 || (level < 4 && (low & PageEntry.large) !== 0)) {
            return Math.floor(table / span) * span + (bits % span);
        }
    }
    return address;
}
