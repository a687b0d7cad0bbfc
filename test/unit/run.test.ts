import { describe, expect, it } from "vitest";
import { byteStringOf } from "../../src/base/byte-string.ts";
import { UserError } from "../../src/base/user-error.ts";
import { type Invocation, type Program, run, runToEnd } from "../../src/cli/run.ts";
import type { Host, OutputStream } from "../../src/host/host.ts";
import { nodeHost } from "../../src/host/host.ts";

/** A host with captured streams; a stream in `closed` fails as a pipe without a reader does. */
function capturedHost(closed: readonly ("stdout" | "stderr")[] = []) {
    /** Every write, in the order in which the system saw them. */
    const writes: [string, string][] = [];
    const stream = (name: "stdout" | "stderr"): OutputStream => ({
        isTerminal: false,
        columns: 80,
        write(bytes) {
            if (closed.includes(name)) {
                throw Object.assign(new Error("EPIPE: broken pipe"), { code: "EPIPE" });
            }
            writes.push([name, byteStringOf(bytes)]);
        },
    });
    const host: Host = {
        ...nodeHost(),
        stdout: stream("stdout"),
        stderr: stream("stderr"),
    };
    return { host, writes };
}

function program(main: (invocation: Invocation) => number): Program {
    return { name: "chirp", failureExitCode: 3, main };
}

const internalError = (message: string) =>
    `chirp: internal error: ${message}\n` +
    "This is a defect of chickadee-lab; please report it with the command and the image.\n";

describe("a program's run", () => {
    it("hands over the arguments, prints, and returns the status", () => {
        const { host, writes } = capturedHost();
        const chirp = program(({ args, out, err }) => {
            out.text(`out ${args.join("+")}\n`);
            err.text("err\n");
            return 4;
        });
        expect(run(chirp, ["a", "b"], host)).toBe(4);
        expect(writes).toEqual([
            ["stdout", "out a+b\n"],
            ["stderr", "err\n"],
        ]);
    });

    it("writes standard output before standard error, whatever is flushed first", () => {
        const { host, writes } = capturedHost();
        const chirp = program(({ out, err }) => {
            out.text("a report\n");
            err.text("its summary\n");
            err.flush();
            out.text("the next report\n");
            return 0;
        });
        expect(run(chirp, [], host)).toBe(0);
        expect(writes).toEqual([
            ["stdout", "a report\n"],
            ["stderr", "its summary\n"],
            ["stdout", "the next report\n"],
        ]);
    });

    it("turns a user's error into its message and status, after all that was printed", () => {
        const { host, writes } = capturedHost();
        const chirp = program(({ out, err }) => {
            err.text("a warning\n");
            out.text("half a report\n");
            throw new UserError("birds.img: No such file or directory: ä", 2);
        });
        expect(run(chirp, [], host)).toBe(2);
        expect(writes[0]).toEqual(["stdout", "half a report\n"]);
        const errors = writes.filter(([name]) => name === "stderr").map(([, text]) => text);
        expect(errors.join("")).toBe(
            "a warning\nbirds.img: No such file or directory: \u00c3\u00a4\n",
        );
    });

    it.each<[string, unknown, string]>([
        ["an error", new RangeError("Invalid array length"), "Invalid array length"],
        ["a string", "oops", "oops"],
        ["nothing", undefined, "undefined"],
    ])("calls %s that it throws a defect, with status 70 and no stack", (_, thrown, message) => {
        const { host, writes } = capturedHost();
        const chirp = program(() => {
            throw thrown;
        });
        expect(run(chirp, [], host)).toBe(70);
        expect(writes).toEqual([["stderr", internalError(message)]]);
    });

    it("says that standard output is closed, and exits as a program ended by SIGPIPE does", () => {
        const { host, writes } = capturedHost(["stdout"]);
        const chirp = program(({ out }) => {
            out.text("x\n");
            return 0;
        });
        expect(run(chirp, [], host)).toBe(141);
        expect(writes).toEqual([["stderr", "standard output: Broken pipe\n"]]);
    });

    it("keeps a failure's own status when standard output is closed too", () => {
        const { host, writes } = capturedHost(["stdout"]);
        const chirp = program(({ out }) => {
            out.text("x\n");
            throw new UserError("the first failure", 2);
        });
        expect(run(chirp, [], host)).toBe(2);
        expect(writes).toEqual([["stderr", "the first failure\n"]]);
    });

    it("still writes standard output when standard error is closed", () => {
        const { host, writes } = capturedHost(["stderr"]);
        const chirp = program(({ out, err }) => {
            err.text("lost\n");
            out.text("kept\n");
            return 0;
        });
        expect(run(chirp, [], host)).toBe(141);
        expect(writes).toEqual([["stdout", "kept\n"]]);
    });

    it("ends with a status when nobody reads either stream", () => {
        const { host, writes } = capturedHost(["stdout", "stderr"]);
        const chirp = program(() => {
            throw new UserError("unheard", 2);
        });
        expect(run(chirp, [], host)).toBe(2);
        expect(writes).toEqual([]);
    });
});

describe("a command that goes on", () => {
    const goingOn = (rest: (invocation: Invocation) => Promise<number>) =>
        program((invocation) => {
            invocation.out.text("first\n");
            invocation.goOn(() => rest(invocation));
            return 5;
        });

    it("says the status, and prints, after main has returned", async () => {
        const { host, writes } = capturedHost();
        const status = await runToEnd(
            goingOn(async ({ out }) => {
                await Promise.resolve();
                out.text("then\n");
                return 4;
            }),
            [],
            host,
        );
        expect(status).toBe(4);
        expect(writes).toEqual([
            ["stdout", "first\n"],
            ["stdout", "then\n"],
        ]);
    });

    it("may fail as any other", async () => {
        const { host, writes } = capturedHost();
        const fails = (error: Error) =>
            runToEnd(
                goingOn(() => Promise.reject(error)),
                [],
                host,
            );
        expect(await fails(new UserError("no such bird", 2))).toBe(2);
        expect(await fails(new Error("a defect"))).toBe(70);
        const messages = writes.filter(([stream]) => stream === "stderr").map(([, text]) => text);
        expect(messages).toEqual(["no such bird\n", internalError("a defect")]);
    });

    it("is not awaited where commands are done when they return", () => {
        const { host, writes } = capturedHost();
        expect(
            run(
                goingOn(() => Promise.resolve(0)),
                [],
                host,
            ),
        ).toBe(70);
        expect(writes.at(-1)).toEqual([
            "stderr",
            internalError("the command is done when it returns"),
        ]);
    });

    it("does not change others", async () => {
        const { host } = capturedHost();
        expect(
            await runToEnd(
                program(() => 6),
                [],
                host,
            ),
        ).toBe(6);
    });
});
