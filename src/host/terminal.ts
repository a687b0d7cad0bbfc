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

/**
 * Takes a process's terminal. Standard input and output must be one; `output` writes to it.
 *
 * @param owner this process, unless a test has another
 */
export function openTerminal(output: OutputStream, owner: NodeJS.Process = process): Terminal {
    return new OwnTerminal(output, owner);
}

class OwnTerminal implements Terminal {
    readonly #output: OutputStream;
    readonly #owner: NodeJS.Process;
    /** That nobody has asked for yet. */
    readonly #events: TerminalEvent[] = [];
    /** Ends the wait for an event, if there is one. */
    #wake = () => {};
    #isTaken = false;

    constructor(output: OutputStream, owner: NodeJS.Process) {
        this.#output = output;
        this.#owner = owner;
        const { stdin, stdout } = owner;
        stdin.on("data", this.#onData).on("end", this.#onEnd).on("error", this.#onEnd);
        stdout.on("resize", this.#onResize).on("error", this.#onEnd);
        owner.on("SIGTSTP", this.#onStop).on("SIGCONT", this.#onContinue);
        owner.on("exit", this.#giveBack);
        for (const name of endingSignalNames) {
            owner.on(name, this.#onEndingSignal);
        }
        this.#take();
        stdin.resume();
    }

    get columns(): number {
        return this.#owner.stdout.columns || 80;
    }

    get rows(): number {
        return this.#owner.stdout.rows || 24;
    }

    get nowMs(): number {
        return stopwatchMs();
    }

    write(bytes: Uint8Array): void {
        this.#output.write(bytes);
    }

    next(timeoutMs: number): Promise<TerminalEvent | undefined> {
        const event = this.#events.shift();
        if (event !== undefined) {
            return Promise.resolve(event);
        }
        return new Promise((resolve) => {
            // What came in while the process was busy is heard before time is up.
            const timer = setTimeout(() => setImmediate(() => this.#wake()), timeoutMs);
            this.#wake = () => {
                this.#wake = () => {};
                clearTimeout(timer);
                resolve(this.#events.shift());
            };
        });
    }

    close(): void {
        this.#giveBack();
        const owner = this.#owner;
        // Errors are still heard, and mean nothing any more: those of a terminal that is gone.
        owner.stdin.off("data", this.#onData).off("end", this.#onEnd).pause();
        owner.stdout.off("resize", this.#onResize);
        owner.off("SIGTSTP", this.#onStop).off("SIGCONT", this.#onContinue);
        owner.off("exit", this.#giveBack);
        for (const name of endingSignalNames) {
            owner.off(name, this.#onEndingSignal);
        }
    }

    #take(): void {
        const { stdin } = this.#owner;
        this.#isTaken = true;
        // Another program may have changed the mode while this one was stopped: set it anew.
        stdin.setRawMode(false);
        stdin.setRawMode(true);
        this.#output.write(Buffer.from(take));
    }

    readonly #giveBack = () => {
        if (this.#isTaken) {
            this.#isTaken = false;
            unlessGone(() => this.#output.write(Buffer.from(giveBack)));
            unlessGone(() => this.#owner.stdin.setRawMode(false));
        }
    };

    readonly #onData = (bytes: Uint8Array) => this.#tell({ kind: "typed", bytes });
    readonly #onEnd = () => this.#tell({ kind: "closed" });
    readonly #onResize = () => this.#tell({ kind: "redraw" });

    readonly #onEndingSignal = (signal: NodeJS.Signals) => {
        const name = endingSignalNames.find((one) => one === signal);
        this.#tell({ kind: "closed", ...(name !== undefined && { signal: name }) });
    };

    readonly #onStop = () => {
        this.#giveBack();
        this.#owner.kill(this.#owner.pid, "SIGSTOP");
    };

    readonly #onContinue = () => {
        unlessGone(() => this.#take());
        this.#tell({ kind: "redraw" });
    };

    #tell(event: TerminalEvent): void {
        this.#events.push(event);
        this.#wake();
    }
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
