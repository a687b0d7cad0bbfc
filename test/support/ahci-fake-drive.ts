/**
 * A drive that does what a test says: it keeps the commands it gets, and the test answers them
 * through `port`, or gives a script that answers each at once.
 */
import type { StateRecord } from "../../src/base/state.ts";
import type {
    AtaCommand,
    HostPort,
    RegisterUpdate,
    SataDrive,
} from "../../src/machine/sata/link.ts";

/** The answer to a command that went well, as a disk gives it. */
export const good: RegisterUpdate = {
    status: 0x50,
    error: 0,
    interrupt: true,
    lba: 0,
    count: 0,
    device: 0,
};

/** The answer by which a queued command is accepted. */
export const accepted: RegisterUpdate = { ...good, interrupt: false };

/** A disk's signature: count 1, LBA 1, error 1 (diagnostics passed). */
export const signature: RegisterUpdate = { ...good, error: 1, lba: 1, count: 1 };

type Script = (command: AtaCommand, port: HostPort) => void;

export class FakeDrive implements SataDrive {
    readonly name = "drive";
    readonly accepted: AtaCommand[] = [];
    /** Masks of slots, as the port dropped them. */
    readonly forgotten: number[] = [];
    resetCount = 0;
    /** Whether it sends its signature as soon as the link is reset. */
    isTalkative = true;
    readonly #script: Script;
    #port: HostPort | undefined;

    constructor(script: Script = () => {}) {
        this.#script = script;
    }

    get port(): HostPort {
        if (this.#port === undefined) {
            throw new Error("the drive is not attached");
        }
        return this.#port;
    }

    attach(port: HostPort): void {
        this.#port = port;
    }

    accept(command: AtaCommand): void {
        this.accepted.push(command);
        this.#script(command, this.port);
    }

    forget(slots: number): void {
        this.forgotten.push(slots);
    }

    resetLink(): void {
        this.resetCount++;
        if (this.isTalkative) {
            this.port.sendRegisterUpdate(-1, signature);
        }
    }

    losePower(): void {}
    reset(): void {}

    save(): StateRecord {
        return { version: 1 };
    }

    load(): void {}
}
