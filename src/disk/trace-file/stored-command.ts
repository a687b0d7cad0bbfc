/**
 * A command of a trace whose data stays in a file until somebody asks for it.
 *
 * A trace may have more data than memory. Its commands are small and all in memory; `after` and
 * `before` read the file anew each time, so whoever needs them again keeps them.
 */
import type { TraceCommand, TraceCommandKind, TraceCommandStatus } from "../trace/disk-trace.ts";
import type { CommandFacts } from "../trace/trace-check.ts";

/** Reads a command's data. Throws `UserError` where the medium fails or the data is damaged. */
export type ReadData = () => Uint8Array;

class StoredCommand {
    readonly id: number;
    readonly kind: TraceCommandKind;
    declare readonly ataCommand?: number;
    declare readonly tag?: number;
    readonly fua: boolean;
    readonly byteOffset: number;
    readonly byteLength: number;
    declare readonly label?: string;
    readonly issuedAt: number;
    readonly issuedNs: number;
    readonly acceptedAt: number;
    readonly completedAt: number;
    readonly completedNs: number;
    readonly status: TraceCommandStatus;
    declare readonly cpu?: number;
    declare readonly origin?: string;
    readonly #readAfter: ReadData | undefined;
    readonly #readBefore: ReadData | undefined;

    constructor(facts: CommandFacts, readAfter?: ReadData, readBefore?: ReadData) {
        this.id = facts.id;
        this.kind = facts.kind;
        if (facts.ataCommand !== undefined) {
            this.ataCommand = facts.ataCommand;
        }
        if (facts.tag !== undefined) {
            this.tag = facts.tag;
        }
        this.fua = facts.fua;
        this.byteOffset = facts.byteOffset;
        this.byteLength = facts.byteLength;
        if (facts.label !== undefined) {
            this.label = facts.label;
        }
        this.issuedAt = facts.issuedAt;
        this.issuedNs = facts.issuedNs;
        this.acceptedAt = facts.acceptedAt;
        this.completedAt = facts.completedAt;
        this.completedNs = facts.completedNs;
        this.status = facts.status;
        if (facts.cpu !== undefined) {
            this.cpu = facts.cpu;
        }
        if (facts.origin !== undefined) {
            this.origin = facts.origin;
        }
        this.#readAfter = readAfter;
        this.#readBefore = readBefore;
    }

    get after(): Uint8Array | undefined {
        return this.#readAfter?.();
    }

    get before(): Uint8Array | undefined {
        return this.#readBefore?.();
    }
}

/**
 * A command with these facts, and data that is read when asked for.
 *
 * A spread (`{ ...command }`) copies neither; `after` and `before` belong to its class.
 */
export function storedCommand(
    facts: CommandFacts,
    readAfter?: ReadData,
    readBefore?: ReadData,
): TraceCommand {
    // The compiler tells an absent field from one that is undefined; to those who read a command
    // it is the same.
    return new StoredCommand(facts, readAfter, readBefore) as TraceCommand;
}
