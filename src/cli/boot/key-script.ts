/**
 * Keys that a file holds, typed as a patient person would: a line when somebody waits for the
 * keyboard and has got all that was typed before; and after the last line, whenever somebody waits,
 * Ctrl-D, for nothing more will come.
 *
 * So no line is lost while a program computes, whatever its length, and a shell that starts a
 * program leaves the program what it reads.
 */
import { type ByteString, utf8Decode } from "../../base/byte-string.ts";
import { UserError } from "../../base/user-error.ts";
import type { KernelRun } from "../../crash/kernel-run.ts";
import { eventsOf } from "../../machine/keyboard/key-events.ts";
import { ExitCode } from "../inspect/inspection.ts";
import { waitsForKey } from "./situation.ts";

const controlD = "\x04";

/** What a file of keys holds. */
export interface KeyText {
    /** UTF-8. */
    readonly bytes: ByteString;
    /** What messages call the file. */
    readonly name: string;
}

/** Of one run. */
export class KeyScript {
    readonly #lines: readonly string[];
    #nextLine = 0;

    /** Throws `UserError` when the text holds what cannot be typed. */
    constructor({ bytes, name }: KeyText) {
        const text = utf8Decode(bytes);
        if (text === undefined) {
            throw new UserError(`${name}: not UTF-8, so it cannot be typed`, ExitCode.usage);
        }
        this.#lines = text.match(/[^\r\n]*(?:\r\n?|\n)|[^\r\n]+/g) ?? [];
        for (const [index, line] of this.#lines.entries()) {
            expectTypeable(line, `${name}: line ${index + 1}`);
        }
    }

    /** Types what comes next, if it is waited for. */
    update({ kernel, machine }: KernelRun): void {
        const { keyboard } = machine.keyboard;
        if (keyboard.waitingEvents > 0 || keyboard.hasByte || !waitsForKey(kernel)) {
            return;
        }
        const line = this.#lines.at(this.#nextLine);
        this.#nextLine++;
        // A last line without its end is ended by the first Ctrl-D, and the next one is alone.
        keyboard.type(line ?? controlD);
    }
}

/** Throws `UserError` when a key is missing. */
function expectTypeable(line: string, name: string): void {
    try {
        eventsOf(line);
    } catch (error) {
        if (error instanceof UserError) {
            throw new UserError(`${name}: ${error.message}`, ExitCode.usage);
        }
        throw error;
    }
}
