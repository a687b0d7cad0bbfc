/** Keys of a terminal as keys of the machine, and what else the command line of boot reads. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/user-error.ts";
import { commandWords, joinedWords } from "../../src/cli/boot/command-words.ts";
import { nearNames } from "../../src/cli/boot/near-names.ts";
import { Pacer } from "../../src/cli/boot/pacer.ts";
import { typeKeys } from "../../src/cli/boot/terminal-keys.ts";

/** What is pressed (+), let go (-) and typed. */
function typed(bytes: string | Uint8Array, canType = (_text: string) => true) {
    const events: string[] = [];
    const result = typeKeys(typeof bytes === "string" ? Buffer.from(bytes) : bytes, {
        press: (key) => events.push(`+${key}`),
        release: (key) => events.push(`-${key}`),
        type(text) {
            if (!canType(text)) {
                throw new UserError("no such key");
            }
            events.push(text);
        },
    });
    return { events, ...result };
}

const press = (key: string) => [`+${key}`, `-${key}`];

describe("keys of a terminal", () => {
    it("are characters as they are, control characters too", () => {
        expect(typed("aB\r\t\x7f\x03\x04\x1a").events).toEqual([..."aB\r\t\x7f\x03\x04\x1a"]);
    });

    const sequences: readonly (readonly [sequence: string, key: string])[] = [
        ["[A", "up"],
        ["[B", "down"],
        ["[C", "right"],
        ["[D", "left"],
        ["OA", "up"],
        ["[H", "home"],
        ["OF", "end"],
        ["[1~", "home"],
        ["[2~", "insert"],
        ["[3~", "delete"],
        ["[4~", "end"],
        ["[5~", "page up"],
        ["[6~", "page down"],
        ["OP", "f1"],
        ["OS", "f4"],
        ["[15~", "f5"],
        ["[17~", "f6"],
        ["[24~", "f12"],
    ];
    it.each(sequences)("are keys by their sequences: ESC %s", (sequence, key) => {
        expect(typed(`x\x1b${sequence}y`).events).toEqual(["x", ...press(key), "y"]);
    });

    it("are held with their modifiers", () => {
        expect(typed("\x1b[1;5C").events).toEqual(["+left ctrl", ...press("right"), "-left ctrl"]);
        expect(typed("\x1b[3;4~").events).toEqual([
            ...["+left shift", "+left alt"],
            ...press("delete"),
            ...["-left shift", "-left alt"],
        ]);
        expect(typed("\x1b[Z").events).toEqual(["+left shift", ...press("tab"), "-left shift"]);
        expect(typed("\x1bx").events).toEqual(["+left alt", "x", "-left alt"]);
    });

    it("are Escape where nothing follows", () => {
        expect(typed("\x1b").events).toEqual(press("escape"));
        expect(typed("\x1b\x1b[A").events).toEqual([...press("escape"), ...press("up")]);
    });

    it("are passed over when the machine has none such, and counted", () => {
        expect(typed("a\u00e9\u20acb\x00")).toEqual({
            events: ["a", "b", "\x00"],
            leaves: false,
            lostCount: 2,
        });
        expect(typed("\x1b[99~\x1b[E").events).toEqual([]);
        expect(typed("ab", (text) => text === "b").lostCount).toBe(1);
    });

    it("leave with Ctrl-], and what was typed before it counts", () => {
        expect(typed("ab\x1dcd")).toEqual({ events: ["a", "b"], leaves: true, lostCount: 0 });
    });

    it("never hang or fail, whatever the bytes", () => {
        fc.assert(
            fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
                const { events } = typed(bytes);
                const held = events.filter((event) => /^[+].+/.test(event)).length;
                expect(events.filter((event) => /^-.+/.test(event)).length).toBe(held);
            }),
            { seed: 20_261_122, numRuns: 500 },
        );
    });
});

describe("words of a command", () => {
    it("are split at blanks but not in quotes", () => {
        expect(commandWords("  a  b\tc ", "--run")).toEqual(["a", "b", "c"]);
        expect(commandWords(`sh -c 'echo "x y"' "it's" a\\ b ''`, "--run")).toEqual([
            ...["sh", "-c", 'echo "x y"', "it's", "a b", ""],
        ]);
        expect(commandWords("", "--run")).toEqual([]);
    });

    it("come back from the text that they are joined to", () => {
        const word = fc.string({ unit: fc.constantFrom(..."ab '\"\\$*-\n"), maxLength: 8 });
        fc.assert(
            fc.property(fc.array(word, { maxLength: 5 }), (words) => {
                expect(commandWords(joinedWords(words), "--run")).toEqual(words);
            }),
            { seed: 20_261_122, numRuns: 500 },
        );
    });
});

describe("near names", () => {
    it("are few errors away, or begin as what was typed", () => {
        const names = ["cat", "echo", "testfutex", "testfutexshm", "testshm"];
        expect(nearNames("date", names)).toEqual([]);
        expect(nearNames("ech", names)).toEqual(["echo"]);
        expect(nearNames("testfutx", names)).toEqual(["testfutex"]);
        expect(nearNames("testfutex", names)[0]).toBe("testfutex");
        expect(nearNames("", names)).toEqual([]);
        expect(nearNames("x".repeat(100_000), names)).toEqual([]);
    });
});

describe("the pace of a live console", () => {
    it("lets virtual time go no faster than real time", () => {
        const pacer = new Pacer(1000);
        expect(pacer.limitNs(1020, 5)).toBe(20_000_005);
        // The machine was slower than that, and does not catch up.
        expect(pacer.limitNs(1040, 1_000_000)).toBe(21_000_000);
        expect(pacer.limitNs(1040, 1_000_000)).toBe(1_000_000);
    });

    it("makes no leap when the process was stopped", () => {
        expect(new Pacer(0).limitNs(3_600_000, 0)).toBe(100_000_000);
    });
});
