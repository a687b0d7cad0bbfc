/**
 * A program's memory: locals on its stack, and text in it.
 *
 * Text is bytes, one a character, and NUL-terminated where C has it so. It is moved four bytes an
 * operation, as far as they go.
 */
import type {
    EntryRegisters,
    Operation,
    UserContext,
} from "../../kernel/interface/program-image.ts";
import type { Steps } from "./steps.ts";

export class UserMemory {
    readonly context: UserContext;
    /** What the program was started with. */
    readonly registers: EntryRegisters;
    /** RSP: what lies below is free. Whoever saves and restores it frees what came between. */
    stackPointer: number;

    constructor(context: UserContext, registers: EntryRegisters) {
        this.context = context;
        this.registers = registers;
        this.stackPointer = registers.stackPointer;
    }

    /** Room on the stack, aligned to 8 bytes, with whatever was there. */
    local(byteLength: number): number {
        this.stackPointer = (this.stackPointer - byteLength) & ~7;
        return this.stackPointer;
    }

    /** An `unsigned` on the stack. */
    *localWord(value: number): Steps<number> {
        const address = this.local(4);
        yield this.store(address, value);
        return address;
    }

    /** NUL-terminated text on the stack. */
    *localString(text: string): Steps<number> {
        const address = this.local(text.length + 1);
        yield* this.storeBytes(address, `${text}\0`);
        return address;
    }

    /** `yield user.load(address)`: an `unsigned`. */
    load(address: number): Operation {
        return this.context.load(address, 4);
    }

    /** `yield user.store(address, value)`: an `unsigned`, or an `int`. */
    store(address: number, value: number): Operation {
        return this.context.store(address, 4, value);
    }

    *loadInt(address: number): Steps<number> {
        return (yield this.load(address)) | 0;
    }

    /** A pointer, or a `size_t`; numbers from 2^53 on lose their low bits. */
    *loadLong(address: number): Steps<number> {
        yield this.context.load64(address);
        return Number(this.context.wide);
    }

    *storeBytes(address: number, bytes: string): Steps {
        const wordsEnd = bytes.length & ~3;
        for (let at = 0; at < wordsEnd; at += 4) {
            const low = bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8);
            const high = bytes.charCodeAt(at + 2) | (bytes.charCodeAt(at + 3) << 8);
            yield this.context.store(address + at, 4, low | (high << 16));
        }
        for (let at = wordsEnd; at < bytes.length; at++) {
            yield this.context.store(address + at, 1, bytes.charCodeAt(at));
        }
    }

    *loadBytes(address: number, byteLength: number): Steps<string> {
        const pieces: string[] = [];
        const wordsEnd = byteLength & ~3;
        for (let at = 0; at < wordsEnd; at += 4) {
            const word = yield this.context.load(address + at, 4);
            pieces.push(
                String.fromCharCode(
                    word & 0xff,
                    (word >>> 8) & 0xff,
                    (word >>> 16) & 0xff,
                    word >>> 24,
                ),
            );
        }
        for (let at = wordsEnd; at < byteLength; at++) {
            pieces.push(String.fromCharCode(yield this.context.load(address + at, 1)));
        }
        return pieces.join("");
    }

    /** NUL-terminated text. */
    *loadString(address: number): Steps<string> {
        let text = "";
        for (let at = address; ; at++) {
            const byte = yield this.context.load(at, 1);
            if (byte === 0) {
                return text;
            }
            text += String.fromCharCode(byte);
        }
    }
}
