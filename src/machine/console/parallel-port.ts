/**
 * The first parallel port, at 0x378: a printer that is always ready, whose paper is the log.
 *
 * The guest puts a byte in the data register and pulls the strobe line; the printer takes the byte
 * when the line rises. Registers: IEEE 1284-2000, annex C (compatibility mode); idle values as QEMU
 * has them. Port 0x379 never says busy, so that a byte costs a guest four port accesses.
 *
 * The log keeps its last 16 MiB, so that a guest that prints for ever does not fill the host. Who
 * wants more listens to the lines.
 */
import { assert } from "../../base/assert.ts";
import { type ByteString, byteStringOf } from "../../base/byte-string.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { ByteHistory } from "../byte-history.ts";
import { bytePorts, type Ports } from "../byte-ports.ts";
import type { Stateful } from "../device.ts";

/** Offsets of the registers. */
const Register = { data: 0, status: 1, control: 2 } as const;

/** Not busy, no acknowledge pulse, paper, selected, no error. */
const alwaysReady = 0xd8;

/** Bits of the control register. */
const Control = {
    strobe: 0x01,
    /** A 0 holds the printer in reset. */
    noReset: 0x04,
    selected: 0x08,
    /** They cannot be written and read as ones. */
    fixed: 0xc0,
    initial: 0xcc,
} as const;

/** Bytes in a chunk of the log, and chunks that are kept: up to 16 MiB. */
const chunkBytes = 65_536;
const maxChunks = 256;
const newline = 0x0a;
/** A line that is longer is told in parts. */
const maxLineBytes = 65_536;

assert(maxLineBytes <= (maxChunks - 1) * chunkBytes, "the line that is printed is kept");

export class ParallelPort implements Stateful {
    readonly name = "parallel";
    /** The three registers, from 0x378 on. */
    readonly ports: Ports = bytePorts(
        (offset) => this.#readByte(offset),
        (offset, value) => this.#writeByte(offset, value),
    );
    readonly #log = new ByteHistory(chunkBytes, maxChunks);
    readonly #listeners: ((line: ByteString) => void)[] = [];
    #data = 0;
    #control: number = Control.initial;
    /** Offset of the first byte of the line that has not ended. */
    #lineStart = 0;

    /** Bytes printed since power-on. */
    get byteCount(): number {
        return this.#log.end;
    }

    /**
     * What was printed, from a byte on, or from the oldest that is kept: the log is bytes, and
     * mostly ASCII.
     */
    textFrom(byteOffset: number): ByteString {
        const start = Math.min(Math.max(this.#log.begin, byteOffset), this.#log.end);
        return byteStringOf(this.#log.slice(start, this.#log.end));
    }

    /** The line that has begun and not ended. */
    get unfinishedLine(): ByteString {
        return this.textFrom(this.#lineStart);
    }

    /** Calls `listener` with each line that ends from now on, without its newline. */
    onLine(listener: (line: ByteString) => void): void {
        this.#listeners.push(listener);
    }

    reset(): void {
        this.#log.clear();
        this.#data = 0;
        this.#control = Control.initial;
        this.#lineStart = 0;
    }

    save(): StateRecord {
        return {
            version: 1,
            data: this.#data,
            control: this.#control,
            lineStart: this.#lineStart,
            log: this.#log.save(),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#data = state.integer("data", 0, 0xff);
        this.#control = state.integer("control", 0, 0xff);
        this.#log.load(state.record("log"));
        this.#lineStart = state.integer("lineStart", this.#log.begin, this.#log.end);
    }

    #readByte(offset: number): number {
        switch (offset) {
            case Register.data:
                return this.#data;
            case Register.status:
                return alwaysReady;
            case Register.control:
                return this.#control;
            default:
                return 0xff;
        }
    }

    #writeByte(offset: number, value: number): void {
        if (offset === Register.data) {
            this.#data = value;
        } else if (offset === Register.control) {
            const rises = (value & ~this.#control & Control.strobe) !== 0;
            const takesBytes = Control.noReset | Control.selected;
            this.#control = value | Control.fixed;
            if (rises && (value & takesBytes) === takesBytes) {
                this.#print(this.#data);
            }
        }
    }

    #print(byte: number): void {
        const isFull = this.#log.end - this.#lineStart >= maxLineBytes;
        if (byte === newline || isFull) {
            const line = this.#listeners.length > 0 ? this.unfinishedLine : "";
            this.#lineStart = this.#log.end + (byte === newline ? 1 : 0);
            this.#log.appendByte(byte);
            for (const listener of this.#listeners) {
                listener(line);
            }
        } else {
            this.#log.appendByte(byte);
        }
    }
}
