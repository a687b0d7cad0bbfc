/** What the drive tells the recorder of a trace, if there is one. */
import { notYet, type TraceCommandKind } from "../../disk/trace/disk-trace.ts";
import type { TraceRecorder } from "../../disk/trace/recorder.ts";
import type { Clock } from "../clock.ts";
import { noTraceId, type OutstandingCommand, traceKindOf } from "./outstanding-command.ts";
import type { TrimRange } from "./trim.ts";

/** Who had a command issued, as far as the machine knows. */
export interface Issuer {
    readonly cpu?: number | undefined;
    /** The kernel function. */
    readonly origin?: string | undefined;
}

export class CommandTrace {
    readonly #recorder: TraceRecorder | undefined;
    readonly #clock: Clock;
    readonly #issuer: (() => Issuer) | undefined;

    constructor(recorder: TraceRecorder | undefined, clock: Clock, issuer?: () => Issuer) {
        this.#recorder = recorder;
        this.#clock = clock;
        this.#issuer = issuer;
    }

    /** Whether anybody writes down what is told. */
    get isKept(): boolean {
        return this.#recorder !== undefined;
    }

    /** Whether the recorder, if there is one, waits for what a command has yet to tell it. */
    fits(command: OutstandingCommand): boolean {
        const recorder = this.#recorder;
        if (recorder === undefined) {
            return true;
        }
        const { traceId, moment, error, isHanging, byteLength, rangeTraceIds } = command;
        const known = recorder.outstanding(traceId);
        if (known === undefined || known.kind !== keptKindOf(command)) {
            return false;
        }
        const isAccepted = known.acceptedAt !== notYet;
        // What fails or hangs may end without its data.
        const isDue = moment === "data" ? !isAccepted : isAccepted || error !== 0 || isHanging;
        return (
            (known.kind !== "write" || (known.byteLength === byteLength && isDue)) &&
            rangeTraceIds.every((id) => recorder.outstanding(id)?.kind === "discard")
        );
    }

    /** A command arrived. */
    arrived(command: OutstandingCommand): void {
        if (this.#recorder === undefined) {
            return;
        }
        const kind = keptKindOf(command);
        const hasSectors = kind === "read" || kind === "write";
        const issuer = this.#issuer?.();
        const what = {
            kind,
            ataCommand: command.command,
            tag: command.tag,
            fua: command.isFua,
            byteOffset: hasSectors ? command.byteOffset : 0,
            byteLength: hasSectors ? command.byteLength : 0,
            cpu: issuer?.cpu,
            origin: issuer?.origin,
        };
        command.traceId = this.#recorder.issue(what, this.#clock.nowNs);
    }

    /** All data of a write is here; `before` is what the host could read there until now. */
    dataArrived(command: OutstandingCommand, before: Uint8Array, after: Uint8Array): void {
        this.#recorder?.accept(command.traceId, before, after);
    }

    /**
     * The list of a trim is here. Each range is a discard of its own, issued only now: a trim does
     * not queue, so that nothing else happened since it arrived.
     */
    trimmed(command: OutstandingCommand, ranges: readonly TrimRange[]): void {
        const recorder = this.#recorder;
        if (recorder === undefined) {
            return;
        }
        command.rangeTraceIds = ranges.map((range) => {
            const what = { kind: "discard", ataCommand: command.command, fua: false } as const;
            const id = recorder.issue({ ...what, ...range }, this.#clock.nowNs);
            recorder.accept(id, undefined, new Uint8Array(0));
            return id;
        });
    }

    /** The host is told that a command ended; or a command is dropped, which ends it, too. */
    ended(command: OutstandingCommand, isDone: boolean): void {
        if (this.#recorder === undefined || command.traceId === noTraceId) {
            return;
        }
        for (const id of command.rangeTraceIds) {
            this.#recorder.complete(id, isDone, this.#clock.nowNs);
        }
        this.#recorder.complete(command.traceId, isDone, this.#clock.nowNs);
    }

    /** Power is lost: what has not ended by now never will. */
    powerLost(): void {
        this.#recorder?.powerLost();
    }
}

/** What the trace calls a command; an address that a number does not hold exactly is not kept. */
function keptKindOf(command: OutstandingCommand): TraceCommandKind {
    return Number.isSafeInteger(command.byteOffset) ? traceKindOf(command) : "other";
}
