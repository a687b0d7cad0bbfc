/**
 * Lines that are being typed: a ring of 256 characters, of which those up to the last end of a
 * line are ready to be read, and those after it can still be taken back.
 *
 * A line ends with a newline, which is part of it, or with Ctrl-D, which is not: alone it is an
 * empty line, the end of the input. The last place in the ring is kept for an end, so that a line
 * that is too long can be ended. Who owns the buffer says which lock guards it.
 *
 * Invariant, asserted: 0 <= ready <= length <= 256.
 */
import { kernelAssert } from "../panic.ts";

const ringBytes = 256;
const newline = 0x0a;
const endOfInput = 0x04;

export class LineBuffer {
    readonly #ring = new Uint8Array(ringBytes);
    /** Characters taken since the beginning; the next one to be read is at this, modulo 256. */
    #begin = 0;
    /** Characters in the ring, */
    #length = 0;
    /** and of them those of complete lines. */
    #ready = 0;

    /** Whether a complete line is there, or what is left of one. */
    get hasLine(): boolean {
        return this.#ready > 0;
    }

    /** Puts in a character that was typed. False: there was no room for it. */
    put(character: number): boolean {
        const isEnd = character === newline || character === endOfInput;
        if (this.#length >= (isEnd ? ringBytes : ringBytes - 1)) {
            return false;
        }
        this.#ring[(this.#begin + this.#length) % ringBytes] = character;
        this.#length++;
        if (isEnd) {
            this.#ready = this.#length;
        }
        kernelAssert(
            this.#ready <= this.#length && this.#length <= ringBytes,
            "the keyboard's ring has what is ready, and no more than its size",
        );
        return true;
    }

    /** Takes back the last character of the line that has not ended, and returns it, if any. */
    takeBack(): number | undefined {
        if (this.#length === this.#ready) {
            return undefined;
        }
        this.#length--;
        return this.#at(this.#length);
    }

    /** Up to `byteLength` characters of the first line, without a Ctrl-D; a line must be there. */
    peek(byteLength: number): number[] {
        kernelAssert(this.hasLine, "a line is read when it is there");
        const characters: number[] = [];
        while (characters.length < Math.min(byteLength, this.#ready)) {
            const character = this.#at(characters.length);
            if (character === endOfInput) {
                break;
            }
            characters.push(character);
            if (character === newline) {
                break;
            }
        }
        return characters;
    }

    /** Takes as many characters as were peeked at, and a Ctrl-D that comes after them. */
    consume(count: number): void {
        const endsLine = count > 0 && this.#at(count - 1) === newline;
        const takesEnd = !endsLine && count < this.#ready && this.#at(count) === endOfInput;
        const taken = count + (takesEnd ? 1 : 0);
        kernelAssert(taken <= this.#ready, "only complete lines are taken");
        this.#begin = (this.#begin + taken) % ringBytes;
        this.#length -= taken;
        this.#ready -= taken;
    }

    #at(index: number): number {
        return this.#ring[(this.#begin + index) % ringBytes];
    }
}
