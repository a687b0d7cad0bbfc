/** Takes the bytes of a file in their order; they are the caller's again when it returns. */
export type ByteSink = (bytes: Uint8Array) => void;
