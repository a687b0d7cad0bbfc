/**
 * Writes that have ended and that no flush has covered yet: a log holds them back.
 *
 * Newer writes that are on the medium go into the log past those that are held. What they
 * overwrite of an older one can never be seen again, and must not come behind them in the log, so
 * it is cut out of what is held.
 *
 * Held writes are found by where they are: a map has, for each stretch of the disk, those that
 * touch it. Very long ones are kept apart, so that no write costs more than a few stretches.
 */

import type { TraceCommand } from "../trace/disk-trace.ts";
import { isOlder } from "../trace/durability.ts";

/** Bytes of a stretch. */
const stretchSizeBytes = 65_536;

/** A write or discard over more stretches than this is long. */
const maxStretchCount = 64;

/** A run of bytes of the disk. */
interface ByteRange {
    readonly startOffset: number;
    readonly endOffset: number;
}

/** What is left of a held write. */
export interface HeldWrite {
    readonly command: TraceCommand;
    /** In ascending order. */
    ranges: readonly ByteRange[];
}

export class HeldWrites {
    /** In the order in which they ended. */
    readonly #all = new Set<HeldWrite>();
    readonly #byStretch = new Map<number, Set<HeldWrite>>();
    readonly #long = new Set<HeldWrite>();

    /** Holds a write that ended after all that are held. */
    add(command: TraceCommand): void {
        const { byteOffset, byteLength } = command;
        const held: HeldWrite = {
            command,
            ranges: [{ startOffset: byteOffset, endOffset: byteOffset + byteLength }],
        };
        this.#all.add(held);
        this.#forEachPlace(command, (place) => place.add(held));
    }

    /** Cuts out of older writes what `newer`, which is on the medium, has overwritten. */
    overwrite(newer: TraceCommand): void {
        if (this.#all.size === 0) {
            return;
        }
        const touched = new Set<HeldWrite>();
        const touch = (place: ReadonlySet<HeldWrite>) => {
            for (const held of place) {
                touched.add(held);
            }
        };
        touch(isLong(newer) ? this.#all : this.#long);
        this.#forEachPlace(newer, touch);
        const end = newer.byteOffset + newer.byteLength;
        for (const held of touched) {
            if (isOlder(held.command, newer)) {
                held.ranges = held.ranges.flatMap((range) => without(range, newer.byteOffset, end));
                if (held.ranges.length === 0) {
                    this.#forget(held);
                }
            }
        }
    }

    /** Takes those that had ended at an ordinal, in the order in which they did. */
    *takeEndedBy(ordinal: number): Generator<HeldWrite> {
        for (const held of this.#all) {
            if (held.command.completedAt > ordinal) {
                return;
            }
            this.#forget(held);
            yield held;
        }
    }

    #forget(held: HeldWrite): void {
        this.#all.delete(held);
        this.#forEachPlace(held.command, (place) => place.delete(held));
    }

    /** Visits the sets that a write belongs to. */
    #forEachPlace(command: TraceCommand, visit: (place: Set<HeldWrite>) => void): void {
        if (isLong(command)) {
            visit(this.#long);
            return;
        }
        const [first, last] = stretchesOf(command);
        for (let stretchNo = first; stretchNo <= last; stretchNo++) {
            let place = this.#byStretch.get(stretchNo);
            if (place === undefined) {
                place = new Set();
                this.#byStretch.set(stretchNo, place);
            }
            visit(place);
        }
    }
}

/** The numbers of the first and the last stretch that a write touches. */
function stretchesOf({ byteOffset, byteLength }: TraceCommand): [first: number, last: number] {
    return [
        Math.floor(byteOffset / stretchSizeBytes),
        Math.floor((byteOffset + byteLength - 1) / stretchSizeBytes),
    ];
}

function isLong(command: TraceCommand): boolean {
    const [first, last] = stretchesOf(command);
    return last - first >= maxStretchCount;
}

/** A range without the part that lies in [start, end). */
function without(range: ByteRange, start: number, end: number): ByteRange[] {
    const { startOffset, endOffset } = range;
    if (end <= startOffset || start >= endOffset) {
        return [range];
    }
    const parts: ByteRange[] = [
        { startOffset, endOffset: start },
        { startOffset: end, endOffset },
    ];
    return parts.filter((part) => part.startOffset < part.endOffset);
}
