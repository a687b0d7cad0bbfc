/** What a case is looking for. */

export type KernelFailureKind =
    /** The kernel stopped, for an invariant of its own, its locks, or a leak. */
    | "panic"
    | "deadlock"
    /** It did not come to an end. */
    | "time limit"
    /** A system call resulted in what it must not. */
    | "result"
    /** A program could do what it must not, or found what another did. */
    | "memory"
    /** The kernel did what has no meaning to the machine. */
    | "notice"
    /** Something was thrown that is none of these. */
    | "throw";

export class KernelFailure extends Error {
    override readonly name = "KernelFailure";
    readonly kind: KernelFailureKind;

    constructor(kind: KernelFailureKind, message: string, options?: ErrorOptions) {
        super(message, options);
        this.kind = kind;
    }
}
