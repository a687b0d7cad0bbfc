/**
 * What the protocol sanitiser finds: things that a driver does which may work by luck on this
 * controller, on QEMU or on some disk, and lose data on another.
 */

/** The kinds, with what each means. */
export const findingKinds = {
    "buffer-changed-in-flight":
        "memory of a command's buffer was changed between its doorbell and its completion",
    "structures-changed-in-flight":
        "a command's header, FIS or list was changed between its doorbell and its completion",
    "doorbell-before-structures": "PxCI was set before a command that makes sense was in memory",
    "flush-with-queued-outstanding": "a cache flush was issued while queued commands ran",
    "unqueued-with-queued-outstanding": "an unqueued command was issued while queued ones ran",
    "slot-reused-before-read":
        "a slot was used again before the driver had read that its command ended",
    "slot-reused-in-flight": "a slot was used again while its queued command ran",
    "buffer-too-short": "the scatter-gather list describes less than the command moves",
    "buffer-outside-memory": "the scatter-gather list leads outside memory",
    misaligned: "an address or a length in the scatter-gather list is odd",
    "wrong-direction": "the header's W bit contradicts the command",
    "tag-mismatch": "a queued command has a tag that is not the number of its slot",
    "queue-bit-mismatch": "PxSACT contradicts the command: queued without a bit, or the reverse",
    "completion-never-read": "a command ended and the driver never read that it did",
} as const;

export type FindingKind = keyof typeof findingKinds;

/** One finding. */
export interface ProtocolFinding {
    readonly kind: FindingKind;
    /** When it was noticed, in ns since power-on. */
    readonly atNs: number;
    readonly port: number;
    readonly slot: number;
    /** What happened, in a sentence without its full stop. */
    readonly message: string;
}
