/**
 * A terminal that a command has for itself: keys as they are typed, and the whole window.
 *
 * It is raw, so that Ctrl-C is a key as any other, and shows the alternate screen, so that what was
 * there before is there again afterwards. However the process ends or stops, the terminal is given
 * back first: on `close`, on exit, and on SIGTSTP, after which SIGCONT takes it again.
 *
 * Sequences: ECMA-48, and xterm's private modes 25 (cursor) and 1049 (alternate screen).
 */
import type { OutputStream } from "./host.ts";
import { type EndingSignal, endingSignalNames } from "./signals.ts";
import { stopwatchMs } from "./stopwatch.ts";
import { systemErrorCode } from "./system-error.ts";

export type TerminalEvent =
    | { readonly kind: "typed"; readonly bytes: Uint8Array }
    /** It has another size, or was used by others: nothing that it shows can be relied on. */
    | { readonly kind: "redraw" }
    /** Nobody is there any more, or a signal asks to end. */
    | { readonly kind: "closed"; readonly signal?: EndingSignal };

export interface Terminal {
    readonly columns: number;
    readonly rows: number;
    /** Real time in milliseconds, from some moment on. */
    readonly nowMs: number;
    write(bytes: Uint8Array): void;
    /** The next event; undefined when none came in time. */
    next(timeoutMs: number): Promise<TerminalEvent | undefined>;
    /** Gives the terminal back. */
    close(): void;
}

const take = "\x1b[?1049h\x1b[?25l\x1b[m\x1b[2J\x1b[H";
const giveBack = "\x1b[m\x1b[?25h\x1b[?1049l";

/** Takes the process's terminal. Standard input and `output` must be one. */
export function openTerminal(output: OutputStream): Terminal {
    const { stdin, stdout } = process;
    const events: TerminalEvent[] = [];
    let wake = () => {};
    let isTaken = false;
    const tell = (event: TerminalEvent) => {
        events.push(event);
        wake();
    };
    const taken = () => {
        isTaken = true;
        // Another program may have changed the mode while this one was stopped: set it anew.
        stdin.setRawMode(false);
        stdin.setRawMode(true);
        output.write(Buffer.from(take));
    };
    const givenBack = () => {
        if (isTaken) {
            isTaken = false;
            unlessGone(() => output.write(Buffer.from(giveBack)));
            unlessGone(() => stdin.setRawMode(false));
        }
    };
    const onData = (bytes: Uint8Array) => tell({ kind: "typed", bytes });
    const onEnd = () => tell({ kind: "closed" });
    const onResize = () => tell({ kind: "redraw" });
    const onEndingSignal = (signal: NodeJS.Signals) => {
        const name = endingSignalNames.find((one) => one === signal);
        tell({ kind: "closed", ...(name !== undefined && { signal: name }) });
    };
    const onStop = () => {
        givenBack();
        process.kill(process.pid, "SIGSTOP");
    };
    const onContinue = () => {
        taken();
        tell({ kind: "redraw" });
    };
    stdin.on("data", onData).on("end", onEnd).on("error", onEnd);
    stdout.on("resize", onResize).on("error", onEnd);
    process.on("SIGTSTP", onStop).on("SIGCONT", onContinue).on("exit", givenBack);
    for (const name of endingSignalNames) {
        process.on(name, onEndingSignal);
    }
    taken();
    stdin.resume();
    return {
        get columns() {
            return stdout.columns || 80;
        },
        get rows() {
            return stdout.rows || 24;
        },
        get nowMs() {
            return stopwatchMs();
        },
        write: (bytes) => output.write(bytes),
        next(timeoutMs) {
            const event = events.shift();
            if (event !== undefined) {
                return Promise.resolve(event);
            }
            return new Promise((resolve) => {
                const finish = () => {
                    wake = () => {};
                    clearTimeout(timer);
                    resolve(events.shift());
                };
                wake = finish;
                // What came in while the process was busy is heard before time is up.
                const timer = setTimeout(() => setImmediate(() => wake()), timeoutMs);
            });
        },
        close() {
            givenBack();
            // Errors are still heard, and mean nothing any more: those of a terminal that is gone.
            stdin.off("data", onData).off("end", onEnd).pause();
            stdout.off("resize", onResize);
            process.off("SIGTSTP", onStop).off("SIGCONT", onContinue).off("exit", givenBack);
            for (const name of endingSignalNames) {
                process.off(name, onEndingSignal);
            }
        },
    };
}

/** For a terminal that may have been hung up. */
function unlessGone(action: () => void): void {
    try {
        action();
    } catch (error) {
        if (systemErrorCode(error) === undefined) {
            throw error;
        }
    }
}
