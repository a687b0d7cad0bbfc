import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/user-error.ts";
import { TextConsole } from "../../src/machine/console/text-console.ts";
import { GuestMemory } from "../../src/machine/guest-memory.ts";
import {
    clearSteps,
    finish,
    Printing,
    rowBytes,
    type Steps,
    screen,
    screenBytes,
    scrollSteps,
    store,
    textSteps,
    type Unit,
} from "../support/chickadee-console.ts";
import { handOver, noticeList, poke, stateBytes, stateFields } from "../support/device-rig.ts";

const seed = 20_265;
const mebibyte = 2 ** 20;

function rig() {
    const memory = new GuestMemory(mebibyte);
    const notices = noticeList();
    const console = new TextConsole(memory, notices.sink);
    return { memory, console, messages: notices.messages };
}

type Rig = ReturnType<typeof rig>;

/** All lines of a session: those that left the screen, and those on it. */
function session({ console }: Rig): string[] {
    return [...console.textSince(0).lines, ...console.usedRows()];
}

function scrolled({ console }: Rig): readonly string[] {
    return console.textSince(0).lines;
}

/** Lines that a test can tell apart, from a first number on. */
function lines(count: number, first = 0): string[] {
    return Array.from({ length: count }, (_, index) => `line ${first + index} of the test`);
}

/** A screen with 25 numbered lines on it. */
function fullScreen(): Rig {
    const machine = rig();
    for (const [row, line] of lines(25).entries()) {
        finish(textSteps(machine.memory, row, 0, line));
    }
    return machine;
}

function withoutEnd(text: string): string {
    return text.trimEnd();
}

describe("the text console", () => {
    it("shows what is in memory, as 25 rows of 80 characters", () => {
        const { memory, console } = rig();
        expect(console.rows()).toEqual(new Array(25).fill(" ".repeat(80)));
        expect(console.usedRows()).toEqual([]);
        finish(textSteps(memory, 0, 0, "Hello"));
        finish(textSteps(memory, 24, 75, "World"));
        expect(console.rows()[0]).toBe(`Hello${" ".repeat(75)}`);
        expect(console.rows()[24]).toBe(`${" ".repeat(75)}World`);
        expect(console.usedRows()).toHaveLength(25);
    });

    it("shows every byte as a character of code page 437", () => {
        const { memory, console } = rig();
        store(memory, screen, [1, 7, 0x0d, 7, 0x7f, 7, 0x80, 7, 0xc4, 7, 0xe1, 7, 0xff, 7]);
        expect(console.usedRows()).toEqual(["☺♪⌂Ç─ß"]);
    });

    it("gives cells with their attributes", () => {
        const { memory, console } = rig();
        store(memory, screen + rowBytes, [0x41, 0xcf]);
        expect([...console.rowCells(1)].slice(0, 2)).toEqual([0xcf41, 0]);
    });

    it("leaves the rest of its page to the guest", () => {
        const { memory, console } = rig();
        const empty = stateBytes(console);
        store(memory, screen + 0xff8, [1, 2, 3, 4, 5, 6, 7, 8]);
        store(memory, screen + screenBytes, [0x41]);
        expect(stateBytes(console)).toEqual(empty);
        expect(memory.bytes[screen + 0xff8]).toBe(1);
    });
});

describe("the console's history", () => {
    const anyLine = fc
        .string({ unit: fc.constantFrom(..."abcxyz 0123456789.:-"), minLength: 1, maxLength: 79 })
        .map((line) => `>${line}`.trimEnd().slice(0, 79));
    const anySession = fc.array(anyLine, { maxLength: 120 });
    const anyUnit = fc.constantFrom<Unit>(1, 2, 4, 8);
    const anyFill = fc.constantFrom(0x0000, 0x0720);

    it("has every printed line once and in order, however the kernel scrolls", () => {
        fc.assert(
            fc.property(
                anySession,
                anyUnit,
                anyFill,
                fc.constantFrom(1, 1, 2, 3, 5, 12),
                (text, unit, fill, rows) => {
                    const machine = rig();
                    const printing = new Printing(machine.memory, { unit, fill, rows });
                    printing.clear();
                    printing.print(text.join("\n"));
                    expect(session(machine)).toEqual(text.map(withoutEnd));
                },
            ),
            { seed, numRuns: 150 },
        );
    });

    it("catches its canary: a kernel that forgets to copy a row when it scrolls", () => {
        const machine = rig();
        const { memory } = machine;
        const printing = new Printing(memory);
        printing.clear();
        const text = lines(30);
        printing.print(text.slice(0, 25).join("\n"));
        const steps = scrollSteps(memory);
        for (let index = 0; steps.next().done !== true; index++) {
            if (index === 12 * rowBytes) {
                memory.bytes.fill(0x2e, screen + 12 * rowBytes, screen + 13 * rowBytes);
                memory.bytes.fill(0x2e, screen + 13 * rowBytes, screen + 14 * rowBytes);
            }
        }
        expect(session(machine)).not.toEqual(text.slice(0, 25));
        expect(scrolled(machine)).toEqual([]);
    });

    it("finds a scroll that is one move of all the memory, by a device or an instruction", () => {
        const machine = fullScreen();
        const { memory } = machine;
        memory.bytes.copyWithin(screen, screen + rowBytes, screen + screenBytes);
        memory.wrote(screen, screenBytes - rowBytes);
        expect(scrolled(machine)).toEqual(["line 0 of the test"]);
        memory.bytes.fill(0, screen + 24 * rowBytes, screen + screenBytes);
        memory.wrote(screen + 24 * rowBytes, rowBytes);
        expect(session(machine)).toEqual(lines(25));
    });

    it("finds the scrolls of lines that are all the same", () => {
        const machine = rig();
        const printing = new Printing(machine.memory);
        printing.clear();
        printing.print("y\n".repeat(60));
        expect(session(machine)).toEqual(new Array(60).fill("y"));
    });

    it("keeps what a clear takes off the screen, down to the last line of it", () => {
        const machine = rig();
        const printing = new Printing(machine.memory);
        printing.clear();
        expect(scrolled(machine)).toEqual([]);
        printing.print("one\n\nthree");
        printing.clear();
        printing.print("four");
        expect(session(machine)).toEqual(["one", "", "three", "four"]);
    });

    it.each<Unit>([1, 2, 4, 8])("finds a clear by stores of %i bytes", (unit) => {
        const machine = fullScreen();
        finish(clearSteps(machine.memory, 0x0720, unit));
        expect(session(machine)).toEqual(lines(25));
    });

    it("finds a clear that is one store, also of the whole page", () => {
        const machine = fullScreen();
        const { memory } = machine;
        memory.bytes.fill(0, screen, screen + 4096);
        memory.wrote(screen, 4096);
        expect(session(machine)).toEqual(lines(25));
    });

    it("takes no redraw for a scroll, whether it changes much, little or nothing", () => {
        const machine = fullScreen();
        const { memory } = machine;
        for (const first of [0, 0, 1000, 7]) {
            for (const [row, line] of lines(25, first).entries()) {
                finish(textSteps(memory, row, 0, line.padEnd(80)));
            }
        }
        expect(scrolled(machine)).toEqual([]);
        expect(session(machine)).toEqual(lines(25, 7));
    });

    it("takes a redraw that moves everything up by one for the scroll that it is", () => {
        const machine = fullScreen();
        for (const [row, line] of [...lines(24, 1), ""].entries()) {
            finish(textSteps(machine.memory, row, 0, line.padEnd(80)));
        }
        expect(session(machine)).toEqual(lines(25));
    });

    it("takes no write to a row or to the first cell for the end of a scroll", () => {
        const machine = fullScreen();
        const { memory } = machine;
        const scroll = scrollSteps(memory, { unit: 2 });
        for (let index = 0; scroll.next().done !== true; index++) {
            const mark = String.fromCharCode(0x61 + (index % 26));
            if (index % 7 === 0) {
                // A row that was copied, one that is to be, and a clock at the top.
                finish(textSteps(memory, Math.floor(index / 160), 30, mark));
                finish(textSteps(memory, 24, 40 + (index % 40), mark));
                finish(textSteps(memory, 0, 0, index % 14 === 0 ? "|" : "-"));
            }
        }
        expect(scrolled(machine)).toHaveLength(1);
        expect(scrolled(machine)[0]).toMatch(/^[-|l]ine 0 of the test/);
    });

    it("survives another CPU's store between the load and the store of a copy", () => {
        const machine = fullScreen();
        const { memory } = machine;
        const scroll = scrollSteps(memory, { unit: 2 });
        for (let index = 0; index < 400; index++) {
            scroll.next();
        }
        // The copy stores an old character where this CPU would have loaded a new one.
        finish(textSteps(memory, 6, 0, "N"));
        memory.bytes[screen + 5 * rowBytes] = "l".charCodeAt(0);
        memory.wrote(screen + 5 * rowBytes, 2);
        for (let index = 0; index < 2; index++) {
            scroll.next();
        }
        finish(scroll);
        expect(scrolled(machine)).toEqual(["line 0 of the test"]);
    });

    it("counts two scrolls once when the second copies in the steps of the first", () => {
        const machine = fullScreen();
        interleave(
            scrollSteps(machine.memory, { unit: 2 }),
            scrollSteps(machine.memory, { unit: 2 }),
            40,
        );
        expect(machine.console.rows().map(withoutEnd)).toEqual([...lines(24, 1), ""]);
        expect(session(machine)).toEqual(lines(25));
    });

    it("counts two scrolls twice when the second runs rows behind the first", () => {
        const machine = fullScreen();
        interleave(
            scrollSteps(machine.memory, { unit: 2 }),
            scrollSteps(machine.memory, { unit: 2 }),
            200,
        );
        expect(machine.console.rows().map(withoutEnd)).toEqual([...lines(23, 2), "", ""]);
        expect(session(machine)).toEqual(lines(25));
    });

    it("finds scrolls however other rows change meanwhile, and loses no line of the top", () => {
        const anyWrite = fc.record({
            after: fc.nat(1999),
            row: fc.integer({ min: 3, max: 24 }),
            column: fc.nat(79),
            character: fc.integer({ min: 0x21, max: 0x7e }),
        });
        const anyRound = fc.record({
            unit: anyUnit,
            fill: anyFill,
            writes: fc.array(anyWrite, { maxLength: 30 }),
        });
        fc.assert(
            fc.property(fc.array(anyRound, { minLength: 1, maxLength: 8 }), (rounds) => {
                const machine = fullScreen();
                const expected: string[] = [];
                for (const { unit, fill, writes } of rounds) {
                    expected.push(machine.console.rows()[0].trimEnd());
                    const scroll = scrollSteps(machine.memory, { unit, fill });
                    const order = [...writes].sort((a, b) => a.after - b.after);
                    for (let index = 0; scroll.next().done !== true; index++) {
                        while (order.length > 0 && order[0].after <= index) {
                            const { row, column, character } = order[0];
                            order.shift();
                            const mark = String.fromCharCode(character);
                            finish(textSteps(machine.memory, row, column, mark));
                        }
                    }
                    finish(textSteps(machine.memory, 24, 0, `a new last line ${unit}`));
                }
                expect(scrolled(machine)).toEqual(expected);
            }),
            { seed, numRuns: 100 },
        );
    });

    it("gives each line once to who asks again and again", () => {
        const machine = rig();
        const printing = new Printing(machine.memory, { unit: 8 });
        const text = lines(300);
        const got: string[] = [];
        let next = 0;
        for (const line of text) {
            printing.print(`${line}\n`);
            const { lines: since, nextLineNo, missedLineCount } = machine.console.textSince(next);
            got.push(...since);
            next = nextLineNo;
            expect(missedLineCount).toBe(0);
        }
        expect([...got, ...machine.console.usedRows()]).toEqual(text);
        expect(machine.console.textSince(next)).toEqual({
            lines: [],
            nextLineNo: 275,
            missedLineCount: 0,
        });
        expect(machine.console.textSince(5000).lines).toEqual([]);
    });

    it("keeps the cells of its lines", () => {
        const machine = rig();
        store(machine.memory, screen, [0x41, 0x1e]);
        finish(textSteps(machine.memory, 3, 0, "below"));
        finish(scrollSteps(machine.memory));
        expect([...machine.console.lineCells(0)].slice(0, 2)).toEqual([0x1e41, 0]);
    });

    it("is bounded: the oldest lines go, and their number is told", () => {
        const machine = rig();
        const { memory, console } = machine;
        const lineCount = 10_200;
        for (let lineNo = 0; lineNo < lineCount; lineNo++) {
            memory.bytes.copyWithin(screen, screen + rowBytes, screen + screenBytes);
            memory.wrote(screen, screenBytes - rowBytes);
            finish(textSteps(memory, 24, 0, `${lineNo}`.padEnd(8)));
        }
        const { lines: kept, nextLineNo, missedLineCount } = console.textSince(0);
        expect(nextLineNo).toBe(console.scrolledLineCount);
        expect(missedLineCount).toBe(console.firstLineNo);
        expect(missedLineCount).toBe(128);
        expect(kept.at(-1)).toBe(`${lineCount - 26}`);
        expect(kept).toHaveLength(nextLineNo - 128);
        expect(console.usedRows().at(-1)).toBe(`${lineCount - 1}`);
    });
});

/** Two writers, one store each in turn; the second begins `lead` stores after the first. */
function interleave(first: Steps, second: Steps, lead: number): void {
    for (let index = 0; index < lead; index++) {
        first.next();
    }
    let isDone = false;
    while (!isDone) {
        const a = first.next().done === true;
        const b = second.next().done === true;
        isDone = a && b;
    }
}

describe("the VGA's registers", () => {
    /** Writes registers of the CRTC. */
    const crtc = ({ console }: Rig, values: Readonly<Record<number, number>>) => {
        for (const [index, value] of Object.entries(values)) {
            console.ports.write(0x14, 1, Number(index));
            console.ports.write(0x15, 1, value);
        }
    };

    it("have a visible cursor at the top left at power-on", () => {
        expect(rig().console.cursor).toEqual({ row: 0, column: 0, isVisible: true });
    });

    it("put the cursor where Chickadee does, and hide and show it", () => {
        const machine = rig();
        crtc(machine, { 14: 0x07, 15: 0xcf });
        expect(machine.console.cursor).toEqual({ row: 24, column: 79, isVisible: true });
        crtc(machine, { 10: 0x20, 11: 0x20 });
        expect(machine.console.cursor.isVisible).toBe(false);
        crtc(machine, { 10: 0x0e, 11: 0x0f });
        expect(machine.console.cursor.isVisible).toBe(true);
        crtc(machine, { 14: 0x07, 15: 0xd0 });
        expect(machine.console.cursor).toEqual({ row: 25, column: 0, isVisible: false });
    });

    it("take index and data in one access of 16 bits", () => {
        const { console } = rig();
        console.ports.write(0x14, 2, 0x5a0f);
        console.ports.write(0x14, 1, 0x0f);
        expect(console.ports.read(0x15, 1)).toBe(0x5a);
        expect(console.ports.read(0x14, 2)).toBe(0x5a0f);
        expect(console.cursor.column).toBe(0x5a - 80);
    });

    it("read as text mode 3 and give back what is written", () => {
        const { console } = rig();
        const at = (indexPort: number, index: number) => {
            console.ports.write(indexPort, 1, index);
            return console.ports.read(indexPort + 1, 1);
        };
        expect([at(0x14, 0), at(0x14, 0x11), at(0x14, 0x18), at(0x14, 0x19)]).toEqual([
            0x5f, 0x8e, 0xff, 0,
        ]);
        expect([at(0x04, 4), at(0x0e, 6), at(0x0e, 9)]).toEqual([2, 0x0e, 0]);
        expect(console.ports.read(0x0c, 1)).toBe(0x67);
        console.ports.write(0x05, 1, 0x06);
        expect(at(0x04, 4)).toBe(0x06);
    });

    it("take an index and data in turn at the attribute port, from a read of the status on", () => {
        const { console } = rig();
        const { ports } = console;
        ports.read(0x1a, 1);
        ports.write(0x00, 1, 0x10);
        ports.write(0x00, 1, 0x41);
        ports.write(0x00, 1, 0x30);
        expect([ports.read(0x00, 1), ports.read(0x01, 1)]).toEqual([0x30, 0x41]);
        ports.read(0x1a, 1);
        ports.write(0x00, 1, 0x11);
        expect(ports.read(0x00, 1)).toBe(0x11);
    });

    it("keep a palette of 6 bits a color", () => {
        const { ports } = rig().console;
        ports.write(0x08, 1, 255);
        for (const value of [0xff, 0x20, 0x01, 0x07]) {
            ports.write(0x09, 1, value);
        }
        ports.write(0x07, 1, 255);
        expect([1, 2, 3, 4].map(() => ports.read(0x09, 1))).toEqual([0x3f, 0x20, 0x01, 0x07]);
        expect(ports.read(0x08, 1)).toBe(0);
    });

    it("turn the retrace bits with every read of the status", () => {
        const { ports } = rig().console;
        expect([1, 2, 3].map(() => ports.read(0x1a, 1))).toEqual([9, 0, 9]);
    });

    it("say once that graphics are not shown and that the start is not followed", () => {
        const machine = rig();
        machine.console.ports.write(0x0e, 2, 0x0506);
        machine.console.ports.write(0x0e, 2, 0x0506);
        crtc(machine, { 12: 1 });
        crtc(machine, { 13: 80 });
        expect(machine.messages).toEqual([
            "console: the guest switched to a graphics mode, which is not shown",
            "console: the guest moved the start of the display, which is not followed",
        ]);
    });
});

describe("the console's state", () => {
    /** The stores that a writer does, one by one. */
    const storesOf = (write: (memory: GuestMemory) => void) => {
        const memory = new GuestMemory(mebibyte);
        const stores: { address: number; bytes: number[] }[] = [];
        memory.watch(screen / 4096, (address, byteLength) => {
            stores.push({
                address,
                bytes: [...memory.bytes.subarray(address, address + byteLength)],
            });
        });
        write(memory);
        return stores;
    };

    const moveTo = (from: Rig, to: Rig) => {
        to.memory.bytes.set(from.memory.bytes);
        handOver(from.console, to.console);
    };

    /** Whether a console goes on as another one after `move` made it the same, in mid-session. */
    const goesOn = (
        stores: ReturnType<typeof storesOf>,
        cut: number,
        move: (from: Rig, to: Rig) => void,
    ) => {
        const machine = rig();
        const other = rig();
        for (const [index, { address, bytes }] of stores.entries()) {
            if (index === cut) {
                move(machine, other);
            }
            store(machine.memory, address, bytes);
            if (index >= cut) {
                store(other.memory, address, bytes);
            }
        }
        const same = Buffer.compare(stateBytes(machine.console), stateBytes(other.console)) === 0;
        return same && session(machine).join() === session(other).join();
    };

    it("goes on exactly as it would have, wherever it was saved, in the midst of scrolls", () => {
        const anyPart = fc.oneof(
            fc.constant("clear"),
            fc.stringMatching(/^[ -~]{1,100}$/),
            fc.stringMatching(/^([a-z]{1,9}\n){1,9}$/),
        );
        fc.assert(
            fc.property(
                fc.array(anyPart, { minLength: 1, maxLength: 12 }),
                fc.constantFrom<Unit>(1, 2, 4, 8),
                fc.double({ min: 0, max: 1, noNaN: true }),
                (parts, unit, place) => {
                    const stores = storesOf((memory) => {
                        const printing = new Printing(memory, { unit });
                        printing.print(lines(24).join("\n"));
                        for (const part of parts) {
                            if (part === "clear") {
                                printing.clear();
                            } else {
                                printing.print(part);
                            }
                        }
                    });
                    const cut = Math.floor(place * (stores.length - 1));
                    expect(goesOn(stores, cut, moveTo)).toBe(true);
                },
            ),
            { seed, numRuns: 60 },
        );
    });

    it("catches its canary: a state that forgets the scroll that goes on", () => {
        const stores = storesOf((memory) => new Printing(memory).print(lines(26).join("\n")));
        const forgetful = (from: Rig, to: Rig) => {
            to.memory.bytes.set(from.memory.bytes);
            const state = { ...from.console.save(), detector: rig().console.save().detector };
            to.console.load(stateFields(state));
        };
        const cut = 2000 + 1000;
        expect(goesOn(stores, cut, moveTo)).toBe(true);
        expect(goesOn(stores, cut, forgetful)).toBe(false);
    });

    it("is as at power-on after a reset, when the memory is", () => {
        const machine = fullScreen();
        finish(scrollSteps(machine.memory));
        machine.console.ports.write(0x14, 2, 0x200a);
        machine.console.reset();
        expect(stateBytes(machine.console)).toEqual(stateBytes(rig().console));
    });

    it("is refused when it is none", () => {
        const { console } = rig();
        const state = { ...console.save(), history: { version: 1, begin: 7, chunks: [] } };
        expect(() => console.load(stateFields(state))).toThrow(
            new UserError("saved state of an output: its chunks have another size"),
        );
        const registers = { ...console.save(), registers: { version: 3 } };
        expect(() => console.load(stateFields(registers, "machine.console"))).toThrow(
            new UserError(
                "saved state of machine.console.registers has version 3; this program knows " +
                    "version 1",
            ),
        );
    });

    it("survives 200,000 random accesses to ports and screen", () => {
        const { memory, console } = rig();
        const regions = [{ lengthBytes: 0x20, device: console.ports }];
        const read = poke(regions, 200_000, 9, (random) => {
            const address = screen + random.below(4090);
            memory.view.setUint32(address, random.below(2 ** 32), true);
            memory.wrote(address, 1 + random.below(4));
        });
        expect(read.every((value) => value >= 0 && value <= 0xffff_ffff)).toBe(true);
        expect(console.rows().every((row) => row.length === 80)).toBe(true);
    });
});
