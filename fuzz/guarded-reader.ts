/** An image under guard: it is read within bounds and within a limit, and never written. */
import type { ByteReader, ByteStore } from "../src/base/byte-store.ts";
import { blockSize } from "../src/chkfs/layout.ts";
import { Failure } from "./failure.ts";

export class GuardedReader implements ByteStore {
    readonly #image: ByteReader;
    #limitBytes: number;
    #readBytes = 0;

    /** @param limitBytes how many bytes may be read in all; each read counts as 64 at least */
    constructor(image: ByteReader, limitBytes: number) {
        this.#image = image;
        this.#limitBytes = limitBytes;
    }

    get sizeBytes(): number {
        return this.#image.sizeBytes;
    }

    /** Ends the counting; what was read until now was within the limit. */
    lift(): void {
        this.#limitBytes = Number.POSITIVE_INFINITY;
    }

    read(byteOffset: number, target: Uint8Array): void {
        if (byteOffset < 0 || byteOffset + target.length > this.sizeBytes) {
            throw new Failure(
                "range",
                `read ${byteOffset}+${target.length} of ${this.sizeBytes} bytes`,
            );
        }
        this.#readBytes += Math.max(target.length, 64);
        if (this.#readBytes > this.#limitBytes) {
            throw new Failure(
                "work",
                `read more than ${this.#limitBytes} bytes of an image of ` +
                    `${Math.ceil(this.sizeBytes / blockSize)} blocks`,
            );
        }
        this.#image.read(byteOffset, target);
    }

    write(byteOffset: number, source: Uint8Array): void {
        throw new Failure("write", `wrote ${byteOffset}+${source.length}`);
    }

    flush(): void {
        throw new Failure("write", "flushed");
    }
}
