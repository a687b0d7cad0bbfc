/**
 * A CPU's way to memory and to memory-mapped registers: translation, and every kind of access.
 *
 * The CPU's loop does the common accesses itself, on pages that the translation cache has as
 * direct; here is the whole of it: page walks, faults, pages that are devices, accesses that cross
 * a page, 64 bits, and atomic read-modify-writes. An access that crosses a page translates both
 * pages before it touches either, so that a fault leaves nothing half done.
 *
 * Between its translation and its end nothing else happens, so every access is atomic, aligned or
 * not, but one to a device's registers that is wider than those.
 */
import { assert } from "../../base/assert.ts";
import { pageSize } from "../../base/page-size.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import type { AddressSpace } from "../bus.ts";
import type { AccessSize } from "../device.ts";
import type { GuestMemory } from "../guest-memory.ts";
import { Exception } from "./entry-points.ts";
import { getNumber, isReading, isWriting, operateOn, putNumber } from "./memory-operation.ts";
import type { Operands } from "./operands.ts";
import type { Operation } from "./operation.ts";
import { isCanonical, PageEntry, PageWalker, physicalLimit } from "./page-walk.ts";
import {
    AccessRight,
    allRights,
    maxRememberedAddress,
    rightFor,
    slotOf,
    TranslationCache,
} from "./translation-cache.ts";

export class MemoryPort {
    readonly #memory: GuestMemory;
    readonly #registers: AddressSpace;
    readonly #walker: PageWalker;
    readonly translations: TranslationCache;
    /** The bytes of an access that is not within one page of RAM. */
    readonly #scratch = new DataView(new ArrayBuffer(8));
    /** Where the access begins, and how many of its bytes lie in that page. */
    #first = 0;
    #firstSize = 0;
    /** Where the rest lies, in the page after, if any does. */
    #second = 0;

    /** CR3, or -1 while paging is off and addresses are physical. */
    pageTable = -1;
    /** CR2. */
    faultAddress = 0;

    /** After `carryOut`: the result, and whether a device took part. */
    result = 0;
    touchedDevice = false;
    /** After a `carryOut` that failed: the exception. */
    faultVector = 0;
    faultCode = 0;

    constructor(memory: GuestMemory, registers: AddressSpace) {
        this.#memory = memory;
        this.#registers = registers;
        this.#walker = new PageWalker(memory);
        this.translations = new TranslationCache(memory);
    }

    reset(): void {
        this.pageTable = -1;
        this.faultAddress = 0;
        this.translations.clear();
    }

    /**
     * Loads CR3, and so turns paging on. Its low 12 bits mean nothing here. Returns false, having
     * done nothing, when reserved bits are set (Intel SDM, volume 2, MOV to control registers).
     */
    loadPageTable(physicalAddress: number): boolean {
        if (!(physicalAddress >= 0 && physicalAddress < physicalLimit)) {
            return false;
        }
        this.pageTable = Math.floor(physicalAddress / pageSize) * pageSize;
        this.translations.clear();
        return true;
    }

    /** INVLPG. An address that is not canonical has nothing to be forgotten. */
    invalidatePage(address: number): void {
        this.translations.forget(Math.floor(address / pageSize));
    }

    /** Carries out a memory operation. Returns false when it faults, and has then done nothing. */
    carryOut(operands: Operands, operation: Operation, isUser: boolean): boolean {
        const size = operation & 0x0f;
        const kind = operation - size;
        assert(Number.isInteger(operands.address), "a program accesses a whole address");
        assert(isSize(size), "a program accesses 1, 2, 4 or 8 bytes at a time");
        if (!this.#locate(operands.address, size, isWriting(kind), isUser)) {
            return false;
        }
        const memory = this.#memory;
        if (this.#firstSize === size && memory.contains(this.#first, size)) {
            this.touchedDevice = false;
            this.result = operateOn(memory.view, this.#first, kind, size, operands);
            if (isWriting(kind)) {
                memory.wrote(this.#first, size);
            }
        } else {
            this.#carryOutInParts(operands, kind, size);
        }
        return true;
    }

    /**
     * Carries out `copy` or `fill`: as much of it as lies in one page at each end; of registers,
     * eight bytes at most, which is what the scratch has. Returns false when it faults, and has
     * then moved nothing.
     */
    carryOutBulk(operands: Operands, isCopy: boolean, isUser: boolean): boolean {
        const { address: destination, expected, value: byteLength } = operands;
        const source = isCopy ? expected : destination;
        assert(
            Number.isInteger(destination) && Number.isInteger(source),
            "a program accesses a whole address",
        );
        assert(Number.isInteger(byteLength) && byteLength >= 0, "a program moves some bytes");
        this.touchedDevice = false;
        this.result = Math.min(byteLength, bytesOfPage(destination), bytesOfPage(source));
        if (this.result === 0) {
            return true;
        }
        if (!isCanonical(source) || !isCanonical(destination)) {
            this.faultVector = Exception.generalProtection;
            this.faultCode = 0;
            return false;
        }
        const from = isCopy ? this.#translate(source, false, isUser) : 0;
        const to = from < 0 ? from : this.#translate(destination, true, isUser);
        if (to < 0) {
            return false;
        }
        const memory = this.#memory;
        if (memory.contains(to, this.result) && memory.contains(from, this.result)) {
            if (isCopy) {
                memory.bytes.copyWithin(to, from, from + this.result);
            } else {
                memory.bytes.fill(expected, to, to + this.result);
            }
            memory.wrote(to, this.result);
            return true;
        }
        this.result = Math.min(this.result, this.#scratch.byteLength);
        if (isCopy) {
            this.#readPart(from, 0, this.result);
        } else {
            for (let at = 0; at < this.result; at++) {
                this.#scratch.setUint8(at, expected);
            }
        }
        this.#writePart(to, 0, this.result);
        return true;
    }

    save(): StateRecord {
        return {
            version: 1,
            pageTable: this.pageTable,
            faultAddress: this.faultAddress,
            translations: this.translations.save(),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.pageTable = state.integer("pageTable", -1, physicalLimit - pageSize);
        this.faultAddress = state.number("faultAddress");
        this.translations.load(state.record("translations"));
    }

    /** Translates an access, both pages of it if it crosses one; false when it faults. */
    #locate(address: number, size: number, isWrite: boolean, isUser: boolean): boolean {
        // An operand that is canonical in part faults before any of it is looked up.
        if (!isCanonical(address) || !isCanonical(address + size - 1)) {
            this.faultVector = Exception.generalProtection;
            this.faultCode = 0;
            return false;
        }
        this.#first = this.#translate(address, isWrite, isUser);
        if (this.#first < 0) {
            return false;
        }
        const nextPage = Math.floor(address / pageSize) * pageSize + pageSize;
        this.#firstSize = Math.min(size, nextPage - address);
        if (this.#firstSize < size) {
            this.#second = this.#translate(nextPage, isWrite, isUser);
            return this.#second >= 0;
        }
        return true;
    }

    /** The physical address of a canonical one, or -1 when the access faults. */
    #translate(address: number, isWrite: boolean, isUser: boolean): number {
        const pageNo = Math.floor(address / pageSize);
        const offset = address - pageNo * pageSize;
        const slot = slotOf(pageNo);
        if (this.translations.direct(isWrite, isUser)[slot] === pageNo) {
            return this.translations.frames[slot] + offset;
        }
        let frame = this.translations.find(pageNo, rightFor(isWrite, isUser));
        if (frame < 0) {
            frame = this.#walk(address, pageNo, isWrite, isUser);
            if (frame < 0 || frame >= maxRememberedAddress) {
                return frame < 0 ? frame : frame + offset;
            }
        }
        if (this.#mayBeDirect(frame, isWrite)) {
            this.translations.makeDirect(pageNo, isWrite, isUser);
        }
        return frame + offset;
    }

    /** Finds a page's frame by the tables, and remembers it; -1 after a page fault. */
    #walk(address: number, pageNo: number, isWrite: boolean, isUser: boolean): number {
        const translations = this.translations;
        if (this.pageTable < 0) {
            // No translation; negative addresses are physical ones that nothing answers.
            const frame = address >= 0 ? pageNo * pageSize : physicalLimit;
            if (frame < maxRememberedAddress) {
                translations.add({ pageNo, frame, rights: allRights, spanPages: 1 });
            }
            return frame;
        }
        const walker = this.#walker;
        if (!walker.walk(this.pageTable, address, isWrite ? "write" : "read", isUser)) {
            this.faultVector = Exception.pageFault;
            this.faultCode = walker.errorCode;
            this.faultAddress = address;
            translations.forget(pageNo);
            return -1;
        }
        const frame = Math.floor(walker.physicalAddress / pageSize) * pageSize;
        if (frame < maxRememberedAddress) {
            const spanPages = walker.pageBytes / pageSize;
            translations.add({ pageNo, frame, rights: rightsOf(walker), spanPages });
        } else {
            translations.forget(pageNo);
        }
        return frame;
    }

    /** Whether the CPU's loop may access a frame by itself; if it may write, marks it written. */
    #mayBeDirect(frame: number, isWrite: boolean): boolean {
        const memory = this.#memory;
        if (!memory.contains(frame, pageSize)) {
            return false;
        }
        if (isWrite) {
            if (memory.watched[frame / pageSize] !== 0) {
                return false;
            }
            memory.dirty[frame / pageSize] = 1;
        }
        return true;
    }

    /** An access to registers, or one that crosses a page: by way of the scratch bytes. */
    #carryOutInParts(operands: Operands, kind: Operation, size: number): void {
        const scratch = this.#scratch;
        const firstSize = this.#firstSize;
        this.touchedDevice = false;
        if (isReading(kind)) {
            this.#readPart(this.#first, 0, firstSize);
            this.#readPart(this.#second, firstSize, size - firstSize);
        }
        this.result = operateOn(scratch, 0, kind, size, operands);
        if (isWriting(kind)) {
            this.#writePart(this.#first, 0, firstSize);
            this.#writePart(this.#second, firstSize, size - firstSize);
        }
    }

    /** Reads `size` bytes, maybe none, at a physical address into the scratch bytes from `at`. */
    #readPart(physical: number, at: number, size: number): void {
        const isRam = this.#memory.contains(physical, size);
        for (let done = 0; done < size; ) {
            const step = accessSize(physical + done, size - done);
            const value = isRam
                ? getNumber(this.#memory.view, physical + done, step)
                : this.#registers.read(physical + done, step);
            putNumber(this.#scratch, at + done, step, value);
            done += step;
        }
        this.touchedDevice ||= !isRam;
    }

    #writePart(physical: number, at: number, size: number): void {
        const isRam = this.#memory.contains(physical, size);
        for (let done = 0; done < size; ) {
            const step = accessSize(physical + done, size - done);
            const value = getNumber(this.#scratch, at + done, step);
            if (isRam) {
                putNumber(this.#memory.view, physical + done, step, value);
            } else {
                this.#registers.write(physical + done, step, value);
            }
            done += step;
        }
        if (isRam) {
            this.#memory.wrote(physical, size);
        }
        this.touchedDevice ||= !isRam;
    }
}

/** Bytes from an address to the end of its page. */
function bytesOfPage(address: number): number {
    return pageSize - (address & (pageSize - 1));
}

/** Devices see aligned accesses of 1, 2 or 4 bytes; others are made of those. */
function accessSize(physical: number, size: number): AccessSize {
    if (size >= 4 && physical % 4 === 0) {
        return 4;
    }
    return size >= 2 && physical % 2 === 0 ? 2 : 1;
}

/** What a walk that succeeded allows, and to whom. */
function rightsOf(walker: PageWalker): number {
    const canUser = (walker.rights & PageEntry.user) !== 0;
    const canWrite = (walker.rights & PageEntry.writable) !== 0 && walker.isDirty;
    return (
        AccessRight.kernelRead |
        (canWrite ? AccessRight.kernelWrite : 0) |
        (canUser ? AccessRight.userRead : 0) |
        (canUser && canWrite ? AccessRight.userWrite : 0)
    );
}

function isSize(size: number): boolean {
    return size === 4 || size === 1 || size === 8 || size === 2;
}
