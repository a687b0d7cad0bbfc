import { describe, expect, it } from "vitest";
import { byteStringOf } from "../../src/base/byte-string.ts";
import { UserError } from "../../src/base/user-error.ts";
import { Printer } from "../../src/cli/printer.ts";

/** A stream that keeps each write as a byte string. */
function captured(options: { isTerminal?: boolean; columns?: number } = {}) {
    const writes: string[] = [];
    return {
        writes,
        isTerminal: options.isTerminal ?? false,
        columns: options.columns ?? 80,
        write: (bytes: Uint8Array) => {
            writes.push(byteStringOf(bytes));
        },
    };
}

/** A stream that fails as a pipe does whose reader is gone. */
function closedPipe() {
    let attemptCount = 0;
    return {
        isTerminal: false,
        columns: 80,
        write: () => {
            attemptCount++;
            throw Object.assign(new Error("EPIPE: broken pipe, write"), { code: "EPIPE" });
        },
        attempts: () => attemptCount,
    };
}

describe("the printer", () => {
    it("writes nothing until it is flushed, then all of it at once, in order", () => {
        const stream = captured();
        const printer = new Printer(stream, "standard output", 1);
        printer.text("one ");
        printer.byteString("t\u00fe ");
        printer.text("drei ä");
        expect(stream.writes).toEqual([]);
        printer.flush();
        expect(stream.writes).toEqual(["one t\u00fe drei \u00c3\u00a4"]);
    });

    it("writes nothing for nothing", () => {
        const stream = captured();
        const printer = new Printer(stream, "standard output", 1);
        printer.text("");
        printer.flush();
        printer.text("x");
        printer.flush();
        printer.flush();
        expect(stream.writes).toEqual(["x"]);
    });

    it("keeps raw bytes between the texts around them", () => {
        const stream = captured();
        const printer = new Printer(stream, "standard output", 1);
        printer.text("before ");
        printer.bytes(Uint8Array.of(0, 255));
        printer.text(" after");
        printer.flush();
        expect(stream.writes.join("")).toBe("before \u0000\u00ff after");
    });

    it("makes few large writes of many small lines, and loses none", () => {
        const stream = captured();
        const printer = new Printer(stream, "standard output", 1);
        const line = `${"x".repeat(99)}\n`;
        for (let count = 0; count < 10_000; count++) {
            printer.text(line);
        }
        printer.flush();
        expect(stream.writes.join("")).toBe(line.repeat(10_000));
        // A million bytes, in writes of 64 KiB and more.
        expect(stream.writes.length).toBeLessThanOrEqual(16);
    });

    it("tells what its stream is", () => {
        const stream = captured({ isTerminal: true, columns: 132 });
        const printer = new Printer(stream, "standard output", 1);
        expect([printer.isTerminal, printer.columns]).toEqual([true, 132]);
    });

    it("never overtakes its leader, however much each holds back", () => {
        const screen = captured();
        const out = new Printer(screen, "standard output", 1);
        const err = new Printer(screen, "standard error", 1, out);
        out.text("report ");
        err.text("message ");
        err.flush();
        out.text("more ");
        err.bytes(Uint8Array.of(0x21));
        out.text("rest");
        err.flush();
        expect(screen.writes).toEqual(["report ", "message ", "more ", "!"]);
        out.flush();
        expect(screen.writes.join("")).toBe("report message more !rest");
    });

    it("names the stream when it fails, and does not try the same bytes again", () => {
        const stream = closedPipe();
        const printer = new Printer(stream, "standard output", 2);
        printer.text("x");
        const failure = expect.objectContaining({
            message: "standard output: Broken pipe",
            exitCode: 141,
        });
        expect(() => printer.flush()).toThrow(UserError);
        printer.text("x");
        expect(() => printer.flush()).toThrow(failure);
        expect(() => printer.bytes(Uint8Array.of(1))).toThrow(failure);
        expect(stream.attempts()).toBe(3);
        printer.flush();
        expect(stream.attempts()).toBe(3);
    });
});
