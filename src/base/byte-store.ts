/**
 * The one interface by which everything reads and writes a disk.
 *
 * A store is an array of bytes of a fixed size that may be larger than memory: callers read just
 * what they need. It is synchronous, so that a check is a plain function of an image. What a
 * write means before `flush` returns is the store's business; after it, every earlier write is
 * durable.
 */

/** Reads from a disk. */
export interface ByteReader {
    /** Size in bytes; need not be a multiple of the block size, for images may be cut short. */
    readonly sizeBytes: number;

    /**
     * Fills all of `target` from `byteOffset`.
     *
     * The range must lie inside the store: a caller that follows numbers found on a disk checks
     * them first (`InvariantError` otherwise). Throws `UserError` when the medium fails.
     */
    read(byteOffset: number, target: Uint8Array): void;
}

/** Reads from and writes to a disk. */
export interface ByteStore extends ByteReader {
    /** Writes all of `source` at `byteOffset`; same range and errors as `read`. */
    write(byteOffset: number, source: Uint8Array): void;

    /** Returns once every earlier write is durable. */
    flush(): void;
}
