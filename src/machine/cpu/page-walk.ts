/**
 * The page walk: 4-level translation of x86-64 (Intel SDM, volume 3, 4.5), on tables in memory.
 *
 * Pages of 4 KiB, 2 MiB and 1 GiB; rights of all levels together. Accessed and dirty bits are set
 * when the walk has succeeded; one that faults writes nothing (4.8 leaves that open).
 *
 * Chickadee turns write protection (CR0.WP) and no-execute (EFER.NXE) on, so they always are;
 * there are no global pages, no protection keys and no SMEP or SMAP.
 *
 * The result lies in the walker's fields, since a walk must not allocate.
 */
import type { GuestMemory } from "../guest-memory.ts";
import { PageFault } from "./entry-points.ts";

/** Bits of a table entry, in its low and its high half. */
export const PageEntry = {
    present: 1,
    writable: 2,
    user: 4,
    accessed: 0x20,
    dirty: 0x40,
    /** In levels 3 and 2: the entry maps a large page. */
    large: 0x80,
    /** Bit 63, here of the high half. */
    noExecuteHigh: 0x8000_0000,
} as const;

/** Addresses below -2^47 or from 2^47 on are not canonical. */
const canonicalLimit = 2 ** 47;

/** Physical addresses have 40 bits, as QEMU's default CPU says; above are reserved bits. */
export const physicalLimit = 2 ** 40;
const reservedHigh = 0x000f_ff00;
const physicalHigh = 0x0000_00ff;

/** By level: bytes that an entry maps. */
const spanBytes = [0, 2 ** 12, 2 ** 21, 2 ** 30, 2 ** 39];
/** By level of a large page: low address bits that must be zero (bit 12 is PAT). */
const largeReserved = [0, 0, 0x001f_e000, 0x3fff_e000, 0];

/** Whether an address has a translation at all. */
export function isCanonical(address: number): boolean {
    return address >= -canonicalLimit && address < canonicalLimit;
}

/** What an access wants to do. */
export type Access = "read" | "write" | "execute";

export class PageWalker {
    readonly #memory: GuestMemory;
    /** After a walk that succeeded: the physical address. */
    physicalAddress = 0;
    /** After a walk that succeeded: bytes of the page, 2^12, 2^21 or 2^30. */
    pageBytes = 0;
    /** After a walk that succeeded: `PageEntry.writable` and `.user`, if all levels grant them. */
    rights = 0;
    /** After a walk that succeeded: whether the page's dirty bit is set. */
    isDirty = false;
    /** After a walk that failed: the page fault's error code. */
    errorCode = 0;

    constructor(memory: GuestMemory) {
        this.#memory = memory;
    }

    /**
     * Translates a canonical address by the table at physical address `table`. Returns whether
     * the access is allowed.
     */
    walk(table: number, address: number, access: Access, isUser: boolean): boolean {
        const memory = this.#memory;
        const bits = address < 0 ? address + 2 ** 48 : address;
        let tableAddress = table;
        let rights: number = PageEntry.writable | PageEntry.user;
        let isExecutable = true;
        for (let level = 4; ; level--) {
            const index = Math.floor(bits / spanBytes[level]) % 512;
            const entryAddress = tableAddress + 8 * index;
            // Where there is no memory, everything reads as ones, and so as reserved bits.
            const isThere = memory.contains(entryAddress, 8);
            const low = isThere ? memory.view.getUint32(entryAddress, true) : 0xffff_ffff;
            const high = isThere ? memory.view.getUint32(entryAddress + 4, true) : 0xffff_ffff;
            if ((low & PageEntry.present) === 0) {
                return this.#fail(0, access, isUser);
            }
            const isLeaf = level === 1 || (low & PageEntry.large) !== 0;
            const reserved = isLeaf ? reservedInLeaf(level, low) : 0;
            if ((high & reservedHigh) !== 0 || reserved !== 0) {
                return this.#fail(PageFault.present | PageFault.reserved, access, isUser);
            }
            rights &= low;
            isExecutable &&= (high & PageEntry.noExecuteHigh) === 0;
            const frame = (high & physicalHigh) * 2 ** 32 + ((low & ~0xfff) >>> 0);
            if (!isLeaf) {
                this.#path[level] = entryAddress;
                tableAddress = frame;
                continue;
            }
            if (!isAllowed(access, isUser, rights, isExecutable)) {
                return this.#fail(PageFault.present, access, isUser);
            }
            this.#path[level] = entryAddress;
            this.#markUsed(level, access);
            this.rights = rights & (PageEntry.writable | PageEntry.user);
            this.isDirty = access === "write" || (low & PageEntry.dirty) !== 0;
            const span = spanBytes[level];
            this.physicalAddress = Math.floor(frame / span) * span + (bits % span);
            this.pageBytes = span;
            return true;
        }
    }

    /** Addresses of the entries that the walk used, by level. */
    readonly #path = [0, 0, 0, 0, 0];

    /** Sets the accessed bits on the path down to `leafLevel`, and the dirty bit for a write. */
    #markUsed(leafLevel: number, access: Access): void {
        for (let level = 4; level >= leafLevel; level--) {
            const entryAddress = this.#path[level];
            const bits =
                level === leafLevel && access === "write"
                    ? PageEntry.accessed | PageEntry.dirty
                    : PageEntry.accessed;
            const low = this.#memory.view.getUint32(entryAddress, true);
            if ((low & bits) !== bits) {
                this.#memory.view.setUint32(entryAddress, low | bits, true);
                this.#memory.wrote(entryAddress, 4);
            }
        }
    }

    #fail(cause: number, access: Access, isUser: boolean): false {
        this.errorCode =
            cause |
            (access === "write" ? PageFault.write : 0) |
            (access === "execute" ? PageFault.execute : 0) |
            (isUser ? PageFault.user : 0);
        return false;
    }
}

/** Reserved bits that are set in an entry that maps a page. Level 4 maps none. */
function reservedInLeaf(level: number, low: number): number {
    return level === 4 ? PageEntry.large : low & largeReserved[level];
}

/** Intel SDM, volume 3, 4.6.1: rights that all levels grant. */
function isAllowed(
    access: Access,
    isUser: boolean,
    rights: number,
    isExecutable: boolean,
): boolean {
    if (isUser && (rights & PageEntry.user) === 0) {
        return false;
    }
    return access === "write"
        ? (rights & PageEntry.writable) !== 0
        : access === "read" || isExecutable;
}
