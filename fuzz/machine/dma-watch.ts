/**
 * Keeps a second copy of guest memory, and finds every byte that changed without a reason.
 *
 * A device may change the received-FIS area, PRDBC of a command header, and what the list of a
 * command that moves data to memory describes. All of this is worked out here from memory and from
 * what the guest wrote into registers, not from what the controller thinks. Lists are the guest's
 * and may change while data moves: a list is looked at before and after each move, and one that
 * its own data overwrites is not judged.
 */
import type { FetchedCommand, TransferDirection } from "../../src/machine/ahci/observer.ts";
import type { GuestMemory } from "../../src/machine/guest-memory.ts";
import { Failure } from "../failure.ts";
import { ahciBase, diskBytes, portRegister } from "./layout.ts";

const pageSize = 4096;
/** No command moves more to memory: the whole disk. */
const mostMovedBytes = diskBytes;
const listEntryBytes = 16;

interface Range {
    readonly address: number;
    readonly byteLength: number;
}

/** What is to be kept with a state of the machine. */
export interface WatchMark {
    readonly shadow: Uint8Array;
    readonly headers: ReadonlyMap<number, number>;
    readonly tables: ReadonlyMap<number, { readonly table: number; readonly entryCount: number }>;
}

export class DmaWatch {
    readonly #memory: GuestMemory;
    readonly #shadow: Uint8Array;
    /** By slot: where its last command has its header, its list, and how many entries. */
    #headers = new Map<number, number>();
    #tables = new Map<number, { readonly table: number; readonly entryCount: number }>();
    /** Pages in which something was said to be written since the last look. */
    readonly #written = new Set<number>();
    /** Reads a register of the machine, without an effect on it. */
    readonly #register: (address: number) => number;
    #movedBytes = 0;
    #fetchedCommands = 0;
    /** A list was overwritten by its own data: what it then led to is anybody's guess. */
    #isTangled = false;

    constructor(memory: GuestMemory, register: (address: number) => number) {
        this.#memory = memory;
        this.#register = register;
        this.#shadow = memory.bytes.slice();
        const wrote = memory.wrote.bind(memory);
        memory.wrote = (address, byteLength) => {
            wrote(address, byteLength);
            const last = Math.floor((address + byteLength - 1) / pageSize);
            for (let page = Math.floor(address / pageSize); page <= last; page++) {
                this.#written.add(page);
            }
        };
    }

    /** Bytes that devices moved since the last look, and commands that they took. */
    get movedBytes(): number {
        return this.#movedBytes;
    }

    get fetchedCommands(): number {
        return this.#fetchedCommands;
    }

    /** The controller took a command from memory: it must be the one that lies there. */
    commandFetched({ slot, headerAddress, tableAddress, entryCount }: FetchedCommand): void {
        this.#fetchedCommands++;
        const { view } = this.#memory;
        const list = this.#pointer("PxCLB");
        const header = list + 32 * slot;
        const table = (view.getUint32(header + 8, true) & ~0x7f) >>> 0;
        const isRight =
            headerAddress === header &&
            tableAddress === table &&
            view.getUint32(header + 12, true) === 0 &&
            entryCount === view.getUint16(header + 2, true);
        if (!isRight) {
            throw new Failure("range", `slot ${slot}'s command was taken from another place`);
        }
        this.#headers.set(slot, header);
        this.#tables.set(slot, { table, entryCount });
    }

    /** The controller is about to move data of a command. */
    transferStarts(slot: number, direction: TransferDirection): void {
        if (direction === "to host") {
            this.#allowBuffer(slot);
        }
    }

    /** The controller moved data of a command. */
    transferred(slot: number, direction: TransferDirection, byteLength: number): void {
        this.#movedBytes += byteLength;
        if (direction === "to host") {
            this.#moved(slot);
        }
    }

    /** The guest itself wrote. */
    guestWrote(address: number, byteLength: number): void {
        this.#accept({ address, byteLength });
    }

    /** Memory became what it was: `mark`, to be compared, or anything. */
    became(mark?: WatchMark): void {
        if (mark !== undefined) {
            if (Buffer.compare(mark.shadow, this.#memory.bytes) !== 0) {
                throw new Failure("differs", "memory is not what was saved");
            }
            this.#headers = new Map(mark.headers);
            this.#tables = new Map(mark.tables);
        }
        this.#shadow.set(this.#memory.bytes);
        this.#written.clear();
    }

    mark(): WatchMark {
        const [headers, tables] = [new Map(this.#headers), new Map(this.#tables)];
        return { shadow: this.#shadow.slice(), headers, tables };
    }

    /** Before a poke. */
    begin(): void {
        this.#movedBytes = 0;
        this.#fetchedCommands = 0;
        this.#isTangled = false;
        this.#acceptKnown();
    }

    /**
     * After a poke: throws when a byte changed that nothing accounts for.
     *
     * @param cpuBytes bytes that a program may have changed wherever its page tables led it, beside
     * accessed and dirty bits of page tables; undefined when no program ran.
     */
    end(cpuBytes?: number): void {
        this.#acceptKnown();
        if (cpuBytes === undefined) {
            for (const pageNo of this.#written) {
                this.#comparePage(pageNo, undefined);
            }
        } else {
            for (const [pageNo, isDirty] of this.#memory.dirty.entries()) {
                if (isDirty !== 0) {
                    this.#comparePage(pageNo, cpuBytes);
                }
            }
        }
        this.#written.clear();
    }

    /** All of memory, also what nobody said was written. */
    compareAll(): void {
        for (let pageNo = 0; pageNo < this.#memory.pageCount; pageNo++) {
            this.#comparePage(pageNo, undefined);
        }
    }

    #moved(slot: number): void {
        const list = this.#tables.get(slot);
        if (list !== undefined) {
            const start = list.table + 0x80;
            const end = Math.min(start + listEntryBytes * list.entryCount, this.#shadow.length);
            const before = this.#shadow.subarray(start, end);
            const after = this.#memory.bytes.subarray(start, end);
            // The copy still has what was there before this poke.
            this.#isTangled ||= start < end && Buffer.compare(before, after) !== 0;
        }
        this.#allowBuffer(slot);
    }

    /** What a slot's list says now may change. */
    #allowBuffer(slot: number): void {
        const list = this.#tables.get(slot);
        let left = mostMovedBytes;
        for (let index = 0; index < (list?.entryCount ?? 0) && left > 0; index++) {
            const at = (list?.table ?? 0) + 0x80 + listEntryBytes * index;
            if (!this.#memory.contains(at, listEntryBytes)) {
                return;
            }
            const { view } = this.#memory;
            const low = (view.getUint32(at, true) & ~1) >>> 0;
            const high = view.getUint32(at + 4, true);
            const byteLength = ((view.getUint32(at + 12, true) & 0x3f_ffff) | 1) + 1;
            this.#pending.push({ address: high * 2 ** 32 + low, byteLength });
            left -= byteLength;
        }
    }

    /** Ranges that may have changed since the last look. */
    readonly #pending: Range[] = [];

    #acceptKnown(): void {
        for (const range of this.#pending) {
            this.#accept(range);
        }
        this.#pending.length = 0;
        this.#accept({ address: this.#pointer("PxFB"), byteLength: 0x100 });
        for (const header of this.#headers.values()) {
            this.#accept({ address: header + 4, byteLength: 4 });
        }
    }

    #pointer(register: "PxCLB" | "PxFB"): number {
        const low = this.#register(ahciBase + portRegister[register]);
        return this.#register(ahciBase + portRegister[`${register}U`]) * 2 ** 32 + low;
    }

    #accept({ address, byteLength }: Range): void {
        if (address < this.#shadow.length) {
            const end = Math.min(address + byteLength, this.#shadow.length);
            this.#shadow.set(this.#memory.bytes.subarray(address, end), address);
        }
    }

    #comparePage(pageNo: number, cpuBytes: number | undefined): void {
        const start = pageNo * pageSize;
        const before = this.#shadow.subarray(start, start + pageSize);
        const after = this.#memory.bytes.subarray(start, start + pageSize);
        if (Buffer.compare(before, after) === 0) {
            return;
        }
        let byProgram = 0;
        for (let at = 0; at < pageSize; at++) {
            const isUseBit = at % 8 === 0 && (before[at] | 0x60) === (after[at] | 0x60);
            byProgram += before[at] === after[at] || isUseBit ? 0 : 1;
            const isAllowed =
                before[at] === after[at] ||
                this.#isTangled ||
                (cpuBytes !== undefined && (isUseBit || byProgram <= cpuBytes));
            if (!isAllowed) {
                const address = (start + at).toString(16);
                throw new Failure("write", `byte 0x${address} changed and nothing says why`);
            }
        }
        before.set(after);
    }
}
