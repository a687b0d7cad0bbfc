/** How much virtual time operations take. */

export interface CpuTiming {
    /**
     * An operation, in ns. All CPUs draw on one clock: with two of them busy each does half of
     * the operations that a nanosecond has.
     */
    readonly operationNs: number;
    /**
     * What PAUSE takes beside that, in ns. Kernels wait for devices and for microseconds by
     * spinning on it; a wait of 100 us should cost hundreds of operations, not ten thousand.
     */
    readonly pauseNs: number;
    /** Bytes that `copy` and `fill` move in a nanosecond, beside that. */
    readonly copyBytesPerNs: number;
    /** Time stamp counts in a nanosecond. */
    readonly timestampPerNs: number;
}

/**
 * 100 million operations a second, and a time stamp of 1 GHz. A turn of Chickadee's delay loop
 * takes about 400 counts, as it does on QEMU. Copying a page takes 522 ns.
 */
export const defaultCpuTiming: CpuTiming = {
    operationNs: 10,
    pauseNs: 390,
    copyBytesPerNs: 8,
    timestampPerNs: 1,
};
