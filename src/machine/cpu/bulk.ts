/**
 * Copying and filling of any number of bytes: by chunks, each one operation.
 *
 * A chunk ends where a page does, of the destination or of the source. Each is atomic and may
 * fault, before it has moved anything, so a handler that maps the page makes it go on from there;
 * between two of them interrupts come and other CPUs run. Within a chunk an overlap is no matter;
 * over several, the destination must lie below the source, as with a loop that counts up.
 */
import type { Operands } from "./operands.ts";
import type { Operation } from "./operation.ts";

/** The rest of a program's operations, whatever it is. */
type Steps = Generator<Operation, number, number>;

/**
 * Copies bytes. Returns 0, or what a handler abandoned a chunk with, when those before it have been
 * copied.
 */
export function* copyBytes(
    context: Pick<Operands, "copy">,
    destination: number,
    source: number,
    byteLength: number,
): Steps {
    for (let done = 0; done < byteLength; ) {
        const result = yield context.copy(destination + done, source + done, byteLength - done);
        if (result <= 0) {
            return result;
        }
        done += result;
    }
    return 0;
}

/** Fills bytes with the low bits of `value`. Returns as `copyBytes`. */
export function* fillBytes(
    context: Pick<Operands, "fill">,
    address: number,
    byteLength: number,
    value: number,
): Steps {
    for (let done = 0; done < byteLength; ) {
        const result = yield context.fill(address + done, byteLength - done, value);
        if (result <= 0) {
            return result;
        }
        done += result;
    }
    return 0;
}
