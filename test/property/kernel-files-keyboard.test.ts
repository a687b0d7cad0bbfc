/** Keys: the decoder against what a keyboard sends, and the line buffer against a list of lines. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KeyDecoder } from "../../src/kernel/files/key-codes.ts";
import { LineBuffer } from "../../src/kernel/files/line-buffer.ts";
import { eventsOf } from "../../src/machine/keyboard/key-events.ts";
import { scanCodes } from "../../src/machine/keyboard/scan-codes.ts";
import { runFiles } from "../support/kernel-files-rig.ts";

/** Characters that a US keyboard types, with Ctrl and without. */
const typeable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));
const typed = fc.string({ unit: fc.constantFrom(...typeable, "\n", "\t", "\b", "\x04", "\x01") });

function decode(bytes: readonly number[]): string {
    const decoder = new KeyDecoder();
    const characters = bytes.map((byte) => decoder.take(byte));
    return String.fromCharCode(...characters.filter((character) => character !== undefined));
}

describe("the decoder of keys", () => {
    it("gives back each text that a keyboard types", () => {
        fc.assert(
            fc.property(typed, (text) => {
                const bytes = eventsOf(text).flatMap((event) => scanCodes(event, 1));
                expect(decode(bytes)).toBe(text);
            }),
            { seed: 4305, numRuns: 200 },
        );
    });

    it("makes something of any bytes, and is itself again when all keys are up", () => {
        fc.assert(
            fc.property(fc.array(fc.integer({ min: 0, max: 255 })), (bytes) => {
                const decoder = new KeyDecoder();
                for (const byte of bytes) {
                    const character = decoder.take(byte);
                    expect(character === undefined || (character >= 0 && character < 256)).toBe(
                        true,
                    );
                }
                // Ctrl and both Shifts go up; "a" and "1" are what they are, but for Caps Lock.
                for (const byte of [0x9d, 0xaa, 0xb6]) {
                    decoder.take(byte);
                }
                decoder.take(0x9d);
                expect([0x61, 0x41]).toContain(decoder.take(0x1e));
                expect(decoder.take(0x02)).toBe(0x31);
            }),
            { seed: 4306, numRuns: 200 },
        );
    });
});

/** Lines as a list: those that have ended, and the one that has not. */
class LinesModel {
    readonly #ended: string[] = [];
    #current = "";

    get #length(): number {
        return this.#ended.join("").length + this.#current.length;
    }

    put(character: string): void {
        const isEnd = character === "\n" || character === "\x04";
        if (character === "\b") {
            this.#current = this.#current.slice(0, -1);
        } else if (isEnd && this.#length < 256) {
            this.#ended.push(this.#current + character);
            this.#current = "";
        } else if (!isEnd && this.#length < 255) {
            this.#current += character;
        }
    }

    /** Undefined: no line is there. */
    read(byteLength: number): string | undefined {
        const [line] = this.#ended;
        if (line === undefined) {
            return undefined;
        }
        const text = line.endsWith("\x04") ? line.slice(0, -1) : line;
        const result = text.slice(0, byteLength);
        const rest = text.slice(byteLength);
        if (rest === "") {
            this.#ended.shift();
        } else {
            this.#ended[0] = line.slice(byteLength);
        }
        return result;
    }
}

type Step = { readonly type: string } | { readonly read: number };

/** Few letters, so that what edits and ends lines is often there. */
const edited = fc.string({ unit: fc.constantFrom("a", "b", "c", "\b", "\b", "\n", "\x04") });
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
    fc.oneof(
        fc.record({ type: fc.oneof(edited, edited, fc.constant("x".repeat(100))) }),
        fc.record({ read: fc.integer({ min: 1, max: 40 }) }),
    ),
    { maxLength: 40 },
);

/** What a line buffer and the model give for a list of steps. */
function readings(sequence: readonly Step[], buffer: LineBuffer): [unknown[], unknown[]] {
    const model = new LinesModel();
    const [actual, expected]: [unknown[], unknown[]] = [[], []];
    for (const step of sequence) {
        if ("type" in step) {
            for (const character of step.type) {
                model.put(character);
                if (character === "\b") {
                    buffer.takeBack();
                } else {
                    buffer.put(character.charCodeAt(0));
                }
            }
            continue;
        }
        expected.push(model.read(step.read));
        if (!buffer.hasLine) {
            actual.push(undefined);
            continue;
        }
        const characters = buffer.peek(step.read);
        buffer.consume(characters.length);
        actual.push(String.fromCharCode(...characters));
    }
    return [actual, expected];
}

describe("the line buffer", () => {
    it("gives lines as a list of lines does", () => {
        fc.assert(
            fc.property(steps, (sequence) => {
                const [actual, expected] = readings(sequence, new LineBuffer());
                expect(actual).toEqual(expected);
            }),
            { seed: 4307, numRuns: 500 },
        );
    });

    it("is told from one that takes back what has ended (canary)", () => {
        class Eager extends LineBuffer {
            override takeBack(): number | undefined {
                const takenBack = super.takeBack();
                if (takenBack === undefined && this.hasLine) {
                    this.consume(1);
                }
                return takenBack;
            }
        }
        const property = fc.property(steps, (sequence) => {
            const [actual, expected] = readings(sequence, new Eager());
            expect(actual).toEqual(expected);
        });
        const check = { seed: 4307, numRuns: 500, endOnFailure: true };
        expect(() => fc.assert(property, check)).toThrow("Property failed after");
    });
});

describe("a program that reads the keyboard", () => {
    it("reads the lines that are typed, under random schedules", () => {
        fc.assert(
            fc.property(
                fc.array(fc.string({ unit: fc.constantFrom(..."abc XYZ1"), maxLength: 12 }), {
                    maxLength: 6,
                }),
                fc.integer({ min: 1, max: 4 }),
                fc.integer({ min: 1, max: 1000 }),
                (lines, cpuCount, seed) => {
                    const keys = `${lines.map((line) => `${line}\n`).join("")}\x04`;
                    const read: unknown[] = [];
                    runFiles(
                        function* (user) {
                            for (;;) {
                                const line = yield* user.readText(0, 100);
                                if (line === "") {
                                    return;
                                }
                                read.push(line);
                            }
                        },
                        { keys, cpuCount, seed, schedule: "random:30" },
                    );
                    expect(read).toEqual(lines.map((line) => `${line}\n`));
                },
            ),
            { seed: 4308, numRuns: 25 },
        );
    });
});
