/**
 * The bytes that writes brought.
 *
 * A trace from a file reads a write's data anew each time it is asked, all of it; so what was used
 * last is kept at hand.
 */
import { assert } from "../../base/assert.ts";
import type { DiskTrace } from "../trace/disk-trace.ts";

/** Bytes that are kept at most, beside the write that is asked for. */
const maxKeptBytes = 64 * 2 ** 20;

export class SourceBytes {
    readonly #trace: DiskTrace;
    /** By id, in the order in which they were read. */
    readonly #kept = new Map<number, Uint8Array>();
    #keptBytes = 0;

    constructor(trace: DiskTrace) {
        this.#trace = trace;
    }

    /** Fills `target` with what write `id` brought from `byteOffset` of the disk on. */
    read(id: number, byteOffset: number, target: Uint8Array): void {
        const command = this.#trace.commands[id];
        const start = byteOffset - command.byteOffset;
        const end = start + target.length;
        assert(start >= 0 && end <= command.byteLength, "a write gives its own sectors");
        if (command.kind === "discard") {
            target.fill(0);
        } else {
            target.set(this.#data(id).subarray(start, end));
        }
    }

    #data(id: number): Uint8Array {
        const known = this.#kept.get(id);
        if (known !== undefined) {
            return known;
        }
        const { after } = this.#trace.commands[id];
        assert(after !== undefined, "an accepted write has its data");
        for (const [oldest, bytes] of this.#kept) {
            if (this.#keptBytes + after.length <= maxKeptBytes) {
                break;
            }
            this.#kept.delete(oldest);
            this.#keptBytes -= bytes.length;
        }
        this.#kept.set(id, after);
        this.#keptBytes += after.length;
        return after;
    }
}
