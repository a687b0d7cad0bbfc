/**
 * What 4-level paging is, in integers of any size, from the Intel SDM, volume 3, 4.5 to 4.8, with
 * CR0.WP and EFER.NXE set, CR4.PGE, SMEP, SMAP and PKE clear, and MAXPHYADDR 40.
 */

export type ModelAccess = "read" | "write" | "execute";

export type ModelResult =
    | { readonly errorCode: number }
    | {
          readonly physicalAddress: bigint;
          readonly pageBytes: bigint;
          /** Entries that the walk changes, with their new values. */
          readonly updates: readonly { readonly address: bigint; readonly entry: bigint }[];
      };

/** Bits `high` down to `low` of a number. */
function bits(value: bigint, high: bigint, low: bigint): bigint {
    return (value >> low) & ((1n << (high - low + 1n)) - 1n);
}

/** The levels' names, and the lowest linear address bit that each looks up. */
const levels = [
    { name: "PML4E", lowBit: 39n },
    { name: "PDPTE", lowBit: 30n },
    { name: "PDE", lowBit: 21n },
    { name: "PTE", lowBit: 12n },
] as const;

/**
 * @param read64 the eight bytes at a physical address.
 * @param linear from 0 to 2^64-1, canonical.
 */
export function modelWalk(
    read64: (address: bigint) => bigint,
    cr3: bigint,
    linear: bigint,
    access: ModelAccess,
    isUser: boolean,
): ModelResult {
    const error = (present: boolean, reserved: boolean) => ({
        errorCode:
            Number(present) +
            2 * Number(access === "write") +
            4 * Number(isUser) +
            8 * Number(reserved) +
            16 * Number(access === "execute"),
    });
    const used: { address: bigint; entry: bigint }[] = [];
    let base = bits(cr3, 51n, 12n) << 12n;
    for (const { name, lowBit } of levels) {
        // "Bits 11:3 are the linear address bits; bits 2:0 are 0."
        const address = base + (bits(linear, lowBit + 8n, lowBit) << 3n);
        const entry = read64(address);
        if (bits(entry, 0n, 0n) === 0n) {
            return error(false, false);
        }
        const isLarge = bits(entry, 7n, 7n) === 1n && (name === "PDPTE" || name === "PDE");
        const isReserved =
            bits(entry, 51n, 40n) !== 0n ||
            (name === "PML4E" && bits(entry, 7n, 7n) !== 0n) ||
            (isLarge && name === "PDPTE" && bits(entry, 29n, 13n) !== 0n) ||
            (isLarge && name === "PDE" && bits(entry, 20n, 13n) !== 0n);
        if (isReserved) {
            return error(true, true);
        }
        used.push({ address, entry });
        if (!isLarge && name !== "PTE") {
            base = bits(entry, 51n, 12n) << 12n;
            continue;
        }
        const everywhere = (bit: bigint) => used.every((one) => bits(one.entry, bit, bit) === 1n);
        const isUserAddress = everywhere(2n);
        const isAllowed =
            (!isUser || isUserAddress) &&
            (access !== "write" || everywhere(1n)) &&
            (access !== "execute" || used.every((one) => bits(one.entry, 63n, 63n) === 0n));
        if (!isAllowed) {
            return error(true, false);
        }
        const frame = bits(entry, 51n, lowBit) << lowBit;
        const updates = used.map((one, index) => ({
            address: one.address,
            entry:
                one.entry |
                (1n << 5n) |
                (access === "write" && index === used.length - 1 ? 1n << 6n : 0n),
        }));
        return {
            physicalAddress: frame | bits(linear, lowBit - 1n, 0n),
            pageBytes: 1n << lowBit,
            updates,
        };
    }
    throw new Error("the last level maps or faults");
}
