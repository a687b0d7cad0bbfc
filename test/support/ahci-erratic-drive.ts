/**
 * A drive that keeps the protocol and else does anything at any time: it moves any data of any
 * outstanding command, and ends commands well or badly in any order.
 */
import type { StateRecord } from "../../src/base/state.ts";
import type {
    AtaCommand,
    HostPort,
    RegisterUpdate,
    SataDrive,
} from "../../src/machine/sata/link.ts";

/** What it is told to do next; numbers are taken modulo what there is. */
export interface DriveAction {
    readonly what: "deliver" | "fetch" | "answer" | "fail" | "announce" | "sign";
    readonly which: number;
    readonly offset: number;
    readonly byteCount: number;
}

interface Outstanding {
    readonly slot: number;
    readonly tag: number | undefined;
    isAccepted: boolean;
}

const wellDone: RegisterUpdate = {
    status: 0x50,
    error: 0,
    interrupt: true,
    lba: 0xffff_ffff_ffff,
    count: 0xffff,
    device: 0xff,
};

export class ErraticDrive implements SataDrive {
    readonly name = "drive";
    acceptedCount = 0;
    movedBytes = 0;
    #port: HostPort | undefined;
    #outstanding: Outstanding[] = [];
    #owesSignature = false;

    attach(port: HostPort): void {
        this.#port = port;
    }

    accept({ slot, command, count }: AtaCommand): void {
        this.acceptedCount++;
        const isQueued = command === 0x60 || command === 0x61;
        const tag = isQueued ? (count >>> 3) & 31 : undefined;
        this.#outstanding.push({ slot, tag, isAccepted: false });
    }

    forget(slots: number): void {
        this.#outstanding = this.#outstanding.filter(({ slot }) => ((slots >>> slot) & 1) === 0);
    }

    resetLink(): void {
        this.#outstanding = [];
        this.#owesSignature = true;
    }

    losePower(): void {}
    reset(): void {
        this.#outstanding = [];
        this.#owesSignature = false;
    }

    save(): StateRecord {
        return { version: 1 };
    }

    load(): void {}

    act({ what, which, offset, byteCount }: DriveAction): void {
        const port = this.#port;
        if (port === undefined) {
            return;
        }
        if (what === "sign") {
            if (this.#owesSignature) {
                this.#owesSignature = false;
                port.sendRegisterUpdate(-1, { ...wellDone, lba: 1, count: 1 });
            }
            return;
        }
        const command = this.#outstanding.at(which % Math.max(this.#outstanding.length, 1));
        if (command === undefined) {
            return;
        }
        const { slot } = command;
        const bytes = new Uint8Array(byteCount).fill(0xa5);
        if (what === "deliver") {
            port.deliver(slot, offset, bytes);
            this.movedBytes += byteCount;
        } else if (what === "fetch") {
            port.fetch(slot, offset % (port.bufferBytes(slot) + 1), bytes);
        } else if (what === "announce") {
            port.sendPioSetup(slot, byteCount, wellDone);
        } else {
            this.#end(port, command, what === "answer");
        }
    }

    #end(port: HostPort, command: Outstanding, isGood: boolean): void {
        const { slot, tag } = command;
        const status = isGood ? 0x50 : 0x51;
        if (tag !== undefined && !command.isAccepted && isGood) {
            command.isAccepted = true;
            port.sendRegisterUpdate(slot, { ...wellDone, interrupt: false });
            return;
        }
        this.#outstanding = this.#outstanding.filter((other) => other !== command);
        if (tag === undefined || !command.isAccepted) {
            port.sendRegisterUpdate(slot, { ...wellDone, status });
        } else {
            const doneTags = isGood ? 2 ** tag : 0;
            port.sendSetDeviceBits({ doneTags, status, error: 0, interrupt: true });
        }
    }
}
