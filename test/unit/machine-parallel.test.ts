import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StateFields } from "../../src/base/state.ts";
import { UserError } from "../../src/base/user-error.ts";
import { ParallelPort } from "../../src/machine/console/parallel-port.ts";
import { handOver, poke, stateBytes, stateFields } from "../support/device-rig.ts";

const seed = 20_263;

/** A byte as Chickadee's log prints it: data, strobe up, strobe down. */
function logByte(port: ParallelPort, byte: number): void {
    port.ports.write(0, 1, byte);
    port.ports.write(2, 1, 0x0d);
    port.ports.write(2, 1, 0x0c);
}

function log(port: ParallelPort, text: string): void {
    for (const character of text) {
        logByte(port, character.charCodeAt(0));
    }
}

/** A twin that takes a byte whenever the strobe is up, not when it rises. */
function takesTwice(port: ParallelPort): ParallelPort {
    const { write } = port.ports;
    port.ports.write = (offset, size, value) => {
        write(offset, size, value);
        if (offset === 2 && (value & 1) === 1) {
            write(2, 1, value & ~1);
            write(2, 1, value);
        }
    };
    return port;
}

function loggedText(port: ParallelPort, text: string): string {
    port.ports.write(2, 1, 0);
    log(port, text);
    return port.textFrom(0);
}

describe("the parallel port", () => {
    it("reads at power-on as an idle printer that waits for bytes", () => {
        const port = new ParallelPort();
        expect([0, 1, 2].map((offset) => port.ports.read(offset, 1))).toEqual([0, 0xd8, 0xcc]);
        expect(port.ports.read(0, 2)).toBe(0xd800);
    });

    it("takes a byte when the strobe rises, once", () => {
        const port = new ParallelPort();
        port.ports.write(2, 1, 0);
        port.ports.write(0, 1, 0x41);
        expect(port.textFrom(0)).toBe("");
        port.ports.write(2, 1, 0x0d);
        expect(port.textFrom(0)).toBe("A");
        port.ports.write(2, 1, 0x0d);
        port.ports.write(2, 1, 0x0c);
        expect(port.textFrom(0)).toBe("A");
        expect(port.byteCount).toBe(1);
    });

    it("takes nothing while the printer is in reset or not selected", () => {
        const port = new ParallelPort();
        for (const idle of [0x00, 0x04, 0x08]) {
            port.ports.write(2, 1, idle);
            port.ports.write(2, 1, idle | 1);
        }
        expect(port.byteCount).toBe(0);
    });

    it("gives back the text of any length, from any byte on", () => {
        fc.assert(
            fc.property(
                fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)) }),
                fc.nat(300),
                (text, from) => {
                    const port = new ParallelPort();
                    expect(loggedText(port, text)).toBe(text);
                    expect(port.textFrom(from)).toBe(text.slice(from));
                },
            ),
            { seed, numRuns: 200 },
        );
    });

    it("catches its canary: a printer that takes a byte twice", () => {
        expect(loggedText(takesTwice(new ParallelPort()), "twice")).not.toBe("twice");
    });

    it("keeps more than a chunk of 64 KiB", () => {
        const port = new ParallelPort();
        const text = "0123456789abcdef".repeat(8200);
        log(port, text);
        expect(port.textFrom(0)).toBe(text);
        expect(port.textFrom(65_530)).toBe(text.slice(65_530));
    });

    it("keeps the last 16 MiB, by chunks, and counts on", () => {
        const port = new ParallelPort();
        // A chunk of zeros and one of ones, that stand for all the chunks of a log so long.
        const zeros = new Uint8Array(65_536);
        const ones = new Uint8Array(65_536).fill(1);
        const chunks = [zeros, ...new Array<Uint8Array>(255).fill(ones)];
        const lineStart = 255 * 65_536;
        const fullLog = { version: 1, begin: 0, chunks };
        port.load(new StateFields({ ...port.save(), lineStart, log: fullLog }, "parallel"));
        expect(port.byteCount).toBe(2 ** 24);
        log(port, "new\n");
        expect(port.byteCount).toBe(2 ** 24 + 4);
        expect(port.textFrom(2 ** 24 - 1)).toBe("\x01new\n");
        // The oldest chunk, the one of zeros, made room.
        const text = port.textFrom(0);
        expect([text.length, text.charCodeAt(0)]).toEqual([255 * 65_536 + 4, 1]);
    });

    it("tells its listeners each line when it ends, and keeps the one that has not ended", () => {
        const port = new ParallelPort();
        const lines: string[] = [];
        log(port, "before ");
        port.onLine((line) => lines.push(line));
        log(port, "it\n\nsecond\nthi");
        expect(lines).toEqual(["before it", "", "second"]);
        expect(port.unfinishedLine).toBe("thi");
    });

    it("tells a line without end in parts of 64 KiB", () => {
        const port = new ParallelPort();
        const lines: string[] = [];
        port.onLine((line) => lines.push(line));
        log(port, `${"x".repeat(65_536)}yz\n`);
        expect(lines).toEqual(["x".repeat(65_536), "yz"]);
    });

    it("goes on where it was saved, and the saved state does not change with it", () => {
        const port = new ParallelPort();
        log(port, "one\ntw");
        const saved = port.save();
        const savedBytes = stateBytes(port);
        log(port, "o\n");
        const other = new ParallelPort();
        other.load(stateFields(saved));
        expect(stateBytes(other)).toEqual(savedBytes);
        log(other, "o\n");
        expect(other.textFrom(0)).toBe("one\ntwo\n");
        expect(stateBytes(other)).toEqual(stateBytes(port));
    });

    it("shares full chunks with what was saved and never changes them", () => {
        const port = new ParallelPort();
        log(port, "a".repeat(70_000));
        const other = new ParallelPort();
        handOver(port, other);
        log(port, "b".repeat(70_000));
        log(other, "c".repeat(70_000));
        expect(port.textFrom(0)).toBe("a".repeat(70_000) + "b".repeat(70_000));
        expect(other.textFrom(0)).toBe("a".repeat(70_000) + "c".repeat(70_000));
    });

    it("is as at power-on after a reset", () => {
        const port = new ParallelPort();
        log(port, "gone\n");
        port.reset();
        expect(stateBytes(port)).toEqual(stateBytes(new ParallelPort()));
    });

    it("refuses a state that it cannot have", () => {
        const load = (fields: object) => () =>
            new ParallelPort().load(
                stateFields({ ...new ParallelPort().save(), ...fields }, "machine.parallel"),
            );
        expect(load({ version: 2 })).toThrow(
            new UserError(
                "saved state of machine.parallel has version 2; this program knows version 1",
            ),
        );
        expect(load({ lineStart: 1 })).toThrow(
            new UserError(
                "saved state of machine.parallel: field lineStart is not a whole number from 0 " +
                    "to 0",
            ),
        );
        const chunks = [new Uint8Array(3), new Uint8Array(3)];
        expect(load({ log: { version: 1, begin: 0, chunks } })).toThrow(
            new UserError("saved state of an output: its chunks have another size"),
        );
    });

    it("survives 200,000 random accesses", () => {
        const port = new ParallelPort();
        const read = poke([{ lengthBytes: 3, device: port.ports }], 200_000, seed);
        expect(read.every((value) => value >= 0 && value <= 0xffff_ffff)).toBe(true);
        expect(port.byteCount).toBeGreaterThan(1000);
    });
});
