/**
 * Buffered output: few large writes, whatever the number of lines.
 *
 * It writes ordinary text as UTF-8 and byte strings as the bytes they are, in the order given.
 * A printer that is made with a `leader` never overtakes it: where standard output and standard
 * error are one terminal, a message comes after what led to it.
 */
import { type ByteString, bytesOf, utf8Encode } from "../base/byte-string.ts";
import type { OutputStream } from "../host/host.ts";
import { naming } from "../host/system-error.ts";

const flushThreshold = 64 * 1024;

export class Printer {
    readonly #stream: OutputStream;
    readonly #name: string;
    readonly #exitCode: number;
    readonly #leader: Printer | undefined;
    #pending = "";

    /**
     * @param name what a message calls the stream, such as "standard output"
     * @param exitCode the exit status when the stream cannot be written, such as for a full disk
     * @param leader the printer whose text is written before anything of this one
     */
    constructor(stream: OutputStream, name: string, exitCode: number, leader?: Printer) {
        this.#stream = stream;
        this.#name = name;
        this.#exitCode = exitCode;
        this.#leader = leader;
    }

    get isTerminal(): boolean {
        return this.#stream.isTerminal;
    }

    get columns(): number {
        return this.#stream.columns;
    }

    /** Prints text. */
    text(text: string): void {
        this.byteString(utf8Encode(text));
    }

    /** Prints bytes. */
    byteString(bytes: ByteString): void {
        this.#pending += bytes;
        if (this.#pending.length >= flushThreshold) {
            this.flush();
        }
    }

    /** Prints raw bytes, however many. */
    bytes(bytes: Uint8Array): void {
        this.flush();
        this.#write(bytes);
    }

    /** Hands everything printed so far to the system. */
    flush(): void {
        if (this.#pending !== "") {
            const bytes = bytesOf(this.#pending);
            this.#pending = "";
            this.#write(bytes);
        }
    }

    #write(bytes: Uint8Array): void {
        this.#leader?.flush();
        naming(this.#name, this.#exitCode, () => this.#stream.write(bytes));
    }
}
