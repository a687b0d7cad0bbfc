/**
 * The live console: the machine's screen and keyboard at a terminal.
 *
 * In turn: what was typed goes to the machine, the machine runs for a frame, what changed is drawn.
 * A frame ends when virtual time has caught up with real time, or when a frame's real time is over.
 * In the first case the process sleeps until something is typed or the next frame is due.
 */
import { bytesOf, utf8Encode } from "../../base/byte-string.ts";
import type { KernelRun, Outcome } from "../../crash/kernel-run.ts";
import type { Host } from "../../host/host.ts";
import { naming } from "../../host/system-error.ts";
import type { Terminal, TerminalEvent } from "../../host/terminal.ts";
import { ExitCode } from "../inspect/inspection.ts";
import { type Ending, endingOf, interruptedBy, left } from "./ending.ts";
import { Pacer } from "./pacer.ts";
import type { BootOptions } from "./register.ts";
import { ScreenPainter } from "./screen-painter.ts";
import { waitsForKey } from "./situation.ts";
import { typeKeys } from "./terminal-keys.ts";

/** Real time of a frame. */
const frameMs = 20;
/** Operations between two looks at real time: a few milliseconds. */
const operationsPerLook = 20_000;

/** Runs until the machine ends, the person leaves, or a signal comes. */
export async function runLive(
    host: Host,
    run: KernelRun,
    { isColoured, options }: { readonly isColoured: boolean; readonly options: BootOptions },
): Promise<Ending> {
    const terminal = host.openTerminal();
    try {
        return await new LiveConsole(terminal, run, isColoured, options).run();
    } finally {
        terminal.close();
    }
}

class LiveConsole {
    readonly #terminal: Terminal;
    readonly #run: KernelRun;
    readonly #options: BootOptions;
    readonly #painter: ScreenPainter;
    readonly #pacer: Pacer;
    /** Said once, in place of how it stands: until the next key. */
    #remark = "";

    constructor(terminal: Terminal, run: KernelRun, isColoured: boolean, options: BootOptions) {
        this.#terminal = terminal;
        this.#run = run;
        this.#options = options;
        this.#painter = new ScreenPainter(isColoured);
        this.#pacer = new Pacer(terminal.nowMs);
    }

    async run(): Promise<Ending> {
        let timeoutMs = 0;
        for (;;) {
            for (
                let event = await this.#terminal.next(timeoutMs);
                event !== undefined;
                event = await this.#terminal.next(0)
            ) {
                const ending = this.#take(event);
                if (ending !== undefined) {
                    return ending;
                }
            }
            const beganMs = this.#terminal.nowMs;
            const outcome = this.#frame(beganMs);
            this.#paint();
            if (outcome !== undefined) {
                return endingOf(outcome);
            }
            timeoutMs = Math.max(0, frameMs - (this.#terminal.nowMs - beganMs));
        }
    }

    #take(event: TerminalEvent): Ending | undefined {
        switch (event.kind) {
            case "typed": {
                const { keyboard } = this.#run.machine.keyboard;
                const { leaves, lostCount } = typeKeys(event.bytes, keyboard);
                this.#remark = lostCount > 0 ? "the machine has no such key, or too many wait" : "";
                return leaves ? left : undefined;
            }
            case "redraw":
                this.#painter.forget();
                return undefined;
            case "closed":
                return interruptedBy(event.signal ?? "SIGHUP");
        }
    }

    #frame(beganMs: number): Outcome | undefined {
        const { clock } = this.#run.machine;
        const untilNs = this.#pacer.limitNs(beganMs, clock.nowNs);
        let outcome: Outcome | undefined;
        do {
            outcome = this.#run.advance({ operations: operationsPerLook, untilNs });
        } while (
            outcome === undefined &&
            clock.nowNs < untilNs &&
            this.#terminal.nowMs - beganMs < frameMs
        );
        return outcome;
    }

    #paint(): void {
        const { console } = this.#run.machine;
        const text = this.#painter.paint(console, this.#status(), this.#terminal);
        if (text !== "") {
            naming("the terminal", ExitCode.usage, () =>
                this.#terminal.write(bytesOf(utf8Encode(text))),
            );
        }
    }

    /** Time in tenths, so that it is not drawn anew at every frame. */
    #status(): string {
        const { machine, kernel } = this.#run;
        const { cpus, seed, schedule } = this.#options;
        const isWaiting = machine.keyboard.keyboard.waitingEvents === 0 && waitsForKey(kernel);
        const how = this.#remark || (isWaiting ? "waits for keys" : "runs");
        const time = `${(machine.clock.nowNs / 1e9).toFixed(1)} s`;
        const what = `${cpus} ${cpus === 1 ? "CPU" : "CPUs"}, seed ${seed}, ${schedule}`;
        return ` Ctrl-] leaves  |  ${time}, ${how}  |  ${what}`;
    }
}
