/**
 * Writes down what a host asks of a disk, as it happens: the source of a `DiskTrace`.
 *
 * The drive calls `issue` when a command arrives, `accept` when it has all of a write's data, and
 * `complete` when it tells the host, or when it drops the command. Each call is one event, with the
 * next ordinal.
 *
 * A trace is of one power-on: when power is lost, nothing more happens in it, and what is
 * outstanding stays so. `reset` begins the next one.
 */
import { assert } from "../../base/assert.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import { ByteArena } from "./byte-arena.ts";
import {
    type DiskTrace,
    notYet,
    type TraceCommand,
    type TraceCommandKind,
    type TraceCommandStatus,
    traceCommandKinds,
    traceCommandStatuses,
} from "./disk-trace.ts";

/** What is known of a command when the drive gets it; see `TraceCommand` for the fields. */
export interface IssuedCommand {
    readonly kind: TraceCommandKind;
    readonly ataCommand?: number | undefined;
    readonly tag?: number | undefined;
    readonly fua: boolean;
    readonly byteOffset: number;
    readonly byteLength: number;
    readonly label?: string | undefined;
    readonly cpu?: number | undefined;
    readonly origin?: string | undefined;
}

/** A command whose later instants are still to come. */
type OpenCommand = { -readonly [Field in keyof TraceCommand]: TraceCommand[Field] };

/** What was recorded up to an instant, to go back to; a list of what is shared. */
export interface TraceMark {
    readonly commands: readonly TraceCommand[];
    readonly eventCount: number;
    readonly isPowerLost: boolean;
}

/** The disk that is recorded. */
export interface RecordedDisk {
    readonly diskSizeBytes: number;
    readonly sectorSizeBytes: number;
    readonly startsWithCache: boolean;
}

export class TraceRecorder {
    readonly #disk: RecordedDisk;
    #commands: OpenCommand[] = [];
    #arena = new ByteArena();
    #eventCount = 0;
    #isPowerLost = false;

    constructor(disk: RecordedDisk) {
        this.#disk = disk;
    }

    /** A command arrives. Returns its id, by which the other events name it. */
    issue(what: IssuedCommand, nowNs: number): number {
        assert(!this.#isPowerLost, "a disk without power gets no commands: reset the recorder");
        const id = this.#commands.length;
        const command: OpenCommand = {
            id,
            kind: what.kind,
            fua: what.fua,
            byteOffset: what.byteOffset,
            byteLength: what.byteLength,
            issuedAt: this.#eventCount++,
            issuedNs: nowNs,
            acceptedAt: notYet,
            completedAt: notYet,
            completedNs: notYet,
            status: "outstanding",
        };
        addKnown(command, what);
        this.#commands.push(command);
        return id;
    }

    /**
     * The drive has all data of a write; a discard is accepted with no bytes. Both are copied.
     *
     * @param before what the host would have read there a moment ago; left out where unknown.
     */
    accept(id: number, before: Uint8Array | undefined, after: Uint8Array): void {
        const command = this.#open(id);
        assert(command.acceptedAt === notYet, "data arrives once");
        command.acceptedAt = this.#eventCount++;
        if (command.kind === "write") {
            assert(after.length === command.byteLength, "a write's data is all there");
            command.after = this.#arena.copy(after);
        }
        if (before !== undefined) {
            command.before = this.#arena.copy(before);
        }
    }

    /**
     * A command ends: the host is told so, well or not. One that is dropped, for another's error or
     * a reset, ends there and then and not well; the host that is told of those knows it ended.
     */
    complete(id: number, ok: boolean, nowNs: number): void {
        const command = this.#open(id);
        const isWrite = command.kind === "write" || command.kind === "discard";
        assert(!ok || !isWrite || command.acceptedAt !== notYet, "what is done was accepted");
        command.completedAt = this.#eventCount++;
        command.completedNs = nowNs;
        command.status = ok ? "done" : "failed";
    }

    /** The trace ends here. */
    powerLost(): void {
        this.#isPowerLost = true;
    }

    /** What happened so far. Later events do not change it. */
    trace(): DiskTrace {
        return {
            diskSizeBytes: this.#disk.diskSizeBytes,
            sectorSizeBytes: this.#disk.sectorSizeBytes,
            startsWithCache: this.#disk.startsWithCache,
            commands: this.#commands.map((command) => ({ ...command })),
            eventCount: this.#eventCount,
        };
    }

    /** A command that can still end, as far as it is known; undefined for any other id. */
    outstanding(id: number): TraceCommand | undefined {
        const command = Number.isInteger(id) && id >= 0 ? this.#commands[id] : undefined;
        return command?.status === "outstanding" && !this.#isPowerLost ? command : undefined;
    }

    /** What was recorded so far. */
    mark(): TraceMark {
        return {
            commands: this.#commands.map(fixed),
            eventCount: this.#eventCount,
            isPowerLost: this.#isPowerLost,
        };
    }

    /** Forgets what is not in `mark`, and knows again what is. */
    rewind(mark: TraceMark): void {
        this.#commands = mark.commands.map(fixed);
        this.#eventCount = mark.eventCount;
        this.#isPowerLost = mark.isPowerLost;
    }

    /** Power is back: a new trace begins. */
    reset(): void {
        this.#commands.length = 0;
        this.#arena = new ByteArena();
        this.#eventCount = 0;
        this.#isPowerLost = false;
    }

    save(): StateRecord {
        return {
            version: 1,
            eventCount: this.#eventCount,
            isPowerLost: this.#isPowerLost,
            commands: this.#commands.map(savedCommand),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.reset();
        this.#eventCount = state.number("eventCount");
        this.#isPowerLost = state.boolean("isPowerLost");
        for (const saved of state.records("commands")) {
            this.#commands.push(loadedCommand(saved, this.#commands.length));
        }
    }

    #open(id: number): OpenCommand {
        const command = this.#commands[id];
        assert(!this.#isPowerLost, "nothing happens on a disk without power");
        assert(command?.status === "outstanding", "an event belongs to an outstanding command");
        return command;
    }
}

/** A command that will not change: itself once it has ended, for nothing more happens to it. */
function fixed(command: TraceCommand): TraceCommand {
    return command.status === "outstanding" ? { ...command } : command;
}

/** Adds what is known beside the necessary; a field that is unknown is left out. */
function addKnown(command: OpenCommand, what: IssuedCommand): void {
    if (what.ataCommand !== undefined) {
        command.ataCommand = what.ataCommand;
    }
    if (what.tag !== undefined) {
        command.tag = what.tag;
    }
    if (what.label !== undefined) {
        command.label = what.label;
    }
    if (what.cpu !== undefined) {
        command.cpu = what.cpu;
    }
    if (what.origin !== undefined) {
        command.origin = what.origin;
    }
}

/** A command's fields, without its id (its place in the list) and those that are unknown. */
function savedCommand({ id: _, ...fields }: TraceCommand): StateRecord {
    return { ...fields };
}

function loadedCommand(saved: StateFields, id: number): OpenCommand {
    const command: OpenCommand = {
        id,
        kind: oneOf<TraceCommandKind>(saved.text("kind"), traceCommandKinds),
        fua: saved.boolean("fua"),
        byteOffset: saved.number("byteOffset"),
        byteLength: saved.number("byteLength"),
        issuedAt: saved.number("issuedAt"),
        issuedNs: saved.number("issuedNs"),
        acceptedAt: saved.number("acceptedAt"),
        completedAt: saved.number("completedAt"),
        completedNs: saved.number("completedNs"),
        status: oneOf<TraceCommandStatus>(saved.text("status"), traceCommandStatuses),
    };
    addKnown(command, {
        ...command,
        ataCommand: saved.has("ataCommand") ? saved.number("ataCommand") : undefined,
        tag: saved.has("tag") ? saved.number("tag") : undefined,
        label: saved.has("label") ? saved.text("label") : undefined,
        cpu: saved.has("cpu") ? saved.number("cpu") : undefined,
        origin: saved.has("origin") ? saved.text("origin") : undefined,
    });
    if (saved.has("after")) {
        command.after = saved.bytes("after");
    }
    if (saved.has("before")) {
        command.before = saved.bytes("before");
    }
    return command;
}

function oneOf<T extends string>(text: string, options: readonly T[]): T {
    const found = options.find((option) => option === text);
    if (found === undefined) {
        throw new UserError(`saved state of a trace: ${text} is not one of ${options.join(", ")}`);
    }
    return found;
}
