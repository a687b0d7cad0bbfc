/**
 * Signals that ask a process to end, for commands that run long and have something to say first.
 *
 * While they are watched they end nothing by themselves. A second one does: whoever sends it does
 * not want to wait.
 */

/** Signals that ask to end, with the numbers that a shell adds to 128. */
const endingSignals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

export type EndingSignal = keyof typeof endingSignals;

export const endingSignalNames: readonly EndingSignal[] = ["SIGHUP", "SIGINT", "SIGTERM"];

/** The exit status that says that a signal ended it. */
export function exitStatusOf(signal: EndingSignal): number {
    return 128 + endingSignals[signal];
}

export interface SignalWatch {
    /** The signal that came, once one has. */
    readonly received: EndingSignal | undefined;
    /** Lets signals come in; code that never waits hears of none. */
    breathe(): Promise<void>;
    /** Signals do again what they did before. */
    close(): void;
}

/** Watches this process's signals, until it is closed. */
export function watchSignals(): SignalWatch {
    let received: EndingSignal | undefined;
    const onSignal = (signal: NodeJS.Signals) => {
        if (received !== undefined) {
            close();
            process.kill(process.pid, signal);
        }
        received = endingSignalNames.find((name) => name === signal);
    };
    for (const name of endingSignalNames) {
        process.on(name, onSignal);
    }
    function close(): void {
        for (const name of endingSignalNames) {
            process.off(name, onSignal);
        }
    }
    return {
        get received() {
            return received;
        },
        breathe: () => new Promise((resolve) => setImmediate(resolve)),
        close,
    };
}
