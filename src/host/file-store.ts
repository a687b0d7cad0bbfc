/**
 * A disk in a file. Only what is asked for is read, so a sparse image of any size opens at once.
 */
import type { ByteStore } from "../base/byte-store.ts";
import { assertRange } from "../disk/memory-store.ts";
import type { FileSystem } from "./host.ts";
import { naming } from "./system-error.ts";

export class FileStore implements ByteStore {
    readonly sizeBytes: number;
    readonly #fs: FileSystem;
    readonly #fd: number;
    readonly #name: string;
    readonly #exitCode: number;

    /**
     * @param fd an open descriptor of a file of `sizeBytes`; closed by `close`
     * @param name what messages call the file
     * @param exitCode the exit status when the file cannot be read or written
     */
    constructor(fs: FileSystem, fd: number, sizeBytes: number, name: string, exitCode: number) {
        this.#fs = fs;
        this.#fd = fd;
        this.sizeBytes = sizeBytes;
        this.#name = name;
        this.#exitCode = exitCode;
    }

    read(byteOffset: number, target: Uint8Array): void {
        assertRange(this, byteOffset, target.length);
        naming(this.#name, this.#exitCode, () => {
            for (let done = 0; done < target.length; ) {
                const length = target.length - done;
                const count = this.#fs.readSync(this.#fd, target, done, length, byteOffset + done);
                if (count === 0) {
                    // The file shrank while we looked at it.
                    target.fill(0, done);
                    return;
                }
                done += count;
            }
        });
    }

    write(byteOffset: number, source: Uint8Array): void {
        assertRange(this, byteOffset, source.length);
        naming(this.#name, this.#exitCode, () => {
            for (let done = 0; done < source.length; ) {
                const length = source.length - done;
                done += this.#fs.writeSync(this.#fd, source, done, length, byteOffset + done);
            }
        });
    }

    flush(): void {
        naming(this.#name, this.#exitCode, () => this.#fs.fsyncSync(this.#fd));
    }

    close(): void {
        naming(this.#name, this.#exitCode, () => this.#fs.closeSync(this.#fd));
    }
}
