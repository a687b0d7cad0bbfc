/**
 * A command's structures as they lie in memory now, for who watches whether a driver keeps them
 * right. Nothing here is trusted: what is not in memory is left out.
 */
import type { GuestMemory } from "../guest-memory.ts";
import {
    CommandHeader,
    CommandTable,
    EntryLength,
    HeaderFlag,
    maxFisDwords,
    PrdtEntry,
    tableAddress,
} from "./command-list.ts";
import { digestRange, digestWord, emptyDigest } from "./memory-digest.ts";
import type { FetchedCommand } from "./observer.ts";
import { entrySizeBytes } from "./scatter-gather.ts";

/** A digest of a slot's header (without PRDBC, which the controller writes), FIS and list. */
export function digestStructures(
    memory: GuestMemory,
    commandListAddress: number,
    slot: number,
): number {
    const headerAddress = commandListAddress + slot * CommandHeader.sizeBytes;
    if (!memory.contains(headerAddress, CommandHeader.sizeBytes)) {
        return emptyDigest;
    }
    const header = CommandHeader.at(memory.bytes, headerAddress);
    const table = tableAddress(header.tableLow, header.tableHigh);
    const fisDwords = Math.min(header.flags & HeaderFlag.fisLengthMask, maxFisDwords);
    let digest = digestWord(emptyDigest, header.flags);
    digest = digestWord(digest, header.entryCount);
    digest = digestWord(digest, header.tableLow);
    digest = digestWord(digest, header.tableHigh);
    digest = digestRange(digest, memory, table, 4 * fisDwords);
    const listBytes = header.entryCount * PrdtEntry.sizeBytes;
    return digestRange(digest, memory, table + CommandTable.sizeBytes, listBytes);
}

/** The first entry of a command's list with an odd address or length, among those it needs. */
export function misalignedEntry(
    memory: GuestMemory,
    command: FetchedCommand,
    byteCount: number,
): number | undefined {
    const listAddress = command.tableAddress + CommandTable.sizeBytes;
    const entry = PrdtEntry.at(memory.bytes);
    let left = byteCount;
    for (let index = 0; index < command.entryCount && left > 0; index++) {
        entry.byteOffset = listAddress + index * PrdtEntry.sizeBytes;
        if (!memory.contains(entry.byteOffset, PrdtEntry.sizeBytes)) {
            return undefined;
        }
        // A byte count is stored less one, so that an even one is stored odd.
        const isOdd = (entry.addressLow & 1) !== 0 || (entry.length & 1) === 0;
        if (isOdd) {
            return index;
        }
        left -= entrySizeBytes(entry.length & ~EntryLength.interrupt);
    }
    return undefined;
}
