/** Who wrote a log: its entries mean different things to the two who do. */
import { LogFlag } from "./log-layout.ts";
import type { LogEntry } from "./log-reader.ts";

/**
 * `dm`: the kernel's dm-log-writes, which writes entries in the order in which they became
 * durable. `qemu`: QEMU's blklogwrites, which writes them in the order of their completion.
 */
export type LogKind = "dm" | "qemu";

/** A guess and what it rests on. */
export interface LogKindGuess {
    readonly kind: LogKind;
    readonly reason: string;
}

/** Who must have written an entry; undefined for one that both could have. */
function kindByEntry({ entryNo, flags, byteLength }: LogEntry): LogKindGuess | undefined {
    const what =
        (flags & LogFlag.mark) !== 0
            ? "a mark"
            : (flags & LogFlag.fua) !== 0
              ? "a FUA write"
              : (flags & LogFlag.metadata) !== 0
                ? "a write of metadata"
                : (flags & LogFlag.flush) !== 0 && byteLength > 0
                  ? "a flush with data"
                  : undefined;
    const reason = `entry ${entryNo} is ${what}, which only dm-log-writes logs`;
    return what === undefined ? undefined : { kind: "dm", reason };
}

/** Who wrote a log, by its entries: the first that tells decides. */
export function guessLogKind(entries: Iterable<LogEntry>): LogKindGuess {
    for (const entry of entries) {
        const guess = kindByEntry(entry);
        if (guess !== undefined) {
            return guess;
        }
    }
    return { kind: "qemu", reason: "it has no mark, FUA write, METADATA or FLUSH with data" };
}
