/** What a fuzzer is looking for. */

export type FailureKind =
    /** Something was thrown that bytes on a disk must not cause. */
    | "throw"
    /** A read or write outside the image. */
    | "range"
    /** More was read, or said, than the image allows. */
    | "work"
    /** A write where nothing may be written. */
    | "write"
    /** Two runs over the same bytes differ, or two results that must agree do not. */
    | "differs";

/** A defect of ours, shown by an image. */
export class Failure extends Error {
    override readonly name = "Failure";
    readonly kind: FailureKind;

    constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
        super(message, options);
        this.kind = kind;
    }
}

/** Anything that was thrown, as a failure. */
export function asFailure(error: unknown): Failure {
    if (error instanceof Failure) {
        return error;
    }
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return new Failure("throw", text, { cause: error });
}
