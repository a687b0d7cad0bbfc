/**
 * The I/O APIC: turns the levels of 24 pins into interrupt messages (Intel 82093AA data sheet,
 * section 3; the EOI register is that of the ICH9's I/O APIC, 13.5.4).
 *
 * - An edge-triggered pin sends one message when its line goes from low to high. While its entry
 *   is masked an edge is lost, and neither a line that stays high nor unmasking sends another.
 * - A level-triggered pin sends a message while its line is high, its entry is not masked and
 *   Remote IRR is clear; the message sets Remote IRR, and the end of the interrupt clears it. One
 *   that no processor takes is sent again when the entry is written or the line goes high again.
 *
 * An entry's halves are registers of their own and take effect when written. A line says whether
 * it is asserted, not what voltage it has, so the polarity bit is stored and means nothing.
 *
 * Invariant: Remote IRR is set in level-triggered entries only.
 */
import { assert } from "../../base/assert.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { allOnes } from "../bus.ts";
import type { AccessSize, InterruptLine, NoticeSink, RegisterDevice } from "../device.ts";
import { tellOnce } from "../tell-once.ts";
import { type ApicBus, DeliveryMode } from "./apic-bus.ts";

/** Where the I/O APIC is, and the bytes that it takes there. */
export const ioApicAddress = 0xfec0_0000;

/** Interrupt pins. */
const ioApicPinCount = 24;

/** Offsets of what a processor sees (3.1; ICH9, 13.5.1). */
const Port = { select: 0x00, window: 0x10, endOfInterrupt: 0x40 } as const;

/** Indices of the registers behind the window (3.2). */
const Register = { id: 0x00, version: 0x01, arbitration: 0x02, redirection: 0x10 } as const;

/** Version 0x20, as QEMU's, and the number of the last entry in bits 23:16. */
const versionValue = 0x20 | ((ioApicPinCount - 1) << 16);

/** Bits 27:24 of the ID and arbitration registers. */
const idMask = 0x0f00_0000;

/** Fields of an entry's low half (3.2.4). */
const Entry = {
    vector: 0xff,
    deliveryModeShift: 8,
    deliveryModeMask: 7,
    logical: 0x0800,
    remoteIrr: 0x4000,
    levelTriggered: 0x8000,
    masked: 0x1_0000,
    /** All but delivery status (12) and Remote IRR (14). */
    writable: 0x1_afff,
} as const;

/** Bits of an entry's high half: the destination. */
const destinationMask = 0xff00_0000;

export class IoApic implements RegisterDevice {
    readonly name = "io-apic";
    readonly #bus: ApicBus;
    readonly #tell: (message: string) => void;
    #id = 0;
    #select = 0;
    readonly #low = new Uint32Array(ioApicPinCount);
    readonly #high = new Uint32Array(ioApicPinCount);
    /** By pin: whether its line is asserted. */
    readonly #levels = new Uint8Array(ioApicPinCount);

    constructor(bus: ApicBus, notice: NoticeSink) {
        this.#bus = bus;
        this.#tell = tellOnce(this.name, notice);
        bus.onEndOfInterrupt((vector) => this.#endOfInterrupt(vector));
        this.reset();
    }

    /** The line to a pin, 0 to 23. A pin has one device. */
    line(pin: number): InterruptLine {
        assert(pin >= 0 && pin < ioApicPinCount, "an I/O APIC has 24 pins");
        return {
            set: (isAsserted) => {
                const level = isAsserted ? 1 : 0;
                if (level !== this.#levels[pin]) {
                    this.#levels[pin] = level;
                    this.#service(pin, isAsserted);
                }
            },
        };
    }

    read(offset: number, size: AccessSize): number {
        if (offset === Port.select) {
            return this.#select;
        }
        if (offset === Port.window && size === 4) {
            return this.#readRegister();
        }
        this.#tell(`read ${size} bytes at ${hex(offset)}, where no register is: gives all ones`);
        return allOnes(size);
    }

    write(offset: number, size: AccessSize, value: number): void {
        if (offset === Port.select) {
            this.#select = value & 0xff;
        } else if (offset === Port.window && size === 4) {
            this.#writeRegister(value);
        } else if (offset === Port.endOfInterrupt && size === 4) {
            this.#endOfInterrupt(value & 0xff);
        } else {
            this.#tell(`wrote ${size} bytes at ${hex(offset)}, where no register is: ignored`);
        }
    }

    reset(): void {
        this.#id = 0;
        this.#select = 0;
        this.#low.fill(Entry.masked);
        this.#high.fill(0);
        this.#levels.fill(0);
    }

    save(): StateRecord {
        return {
            version: 1,
            id: this.#id,
            select: this.#select,
            low: [...this.#low],
            high: [...this.#high],
            levels: [...this.#levels],
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#id = state.integer("id", 0, idMask);
        this.#select = state.integer("select", 0, 0xff);
        this.#low.set(state.integers("low", ioApicPinCount, 0, 0xffff_ffff));
        this.#high.set(state.integers("high", ioApicPinCount, 0, 0xffff_ffff));
        this.#levels.set(state.integers("levels", ioApicPinCount, 0, 1));
    }

    #readRegister(): number {
        switch (this.#select) {
            case Register.id:
            case Register.arbitration:
                // Nobody arbitrates any more; the register shows the ID, as QEMU's does.
                return this.#id;
            case Register.version:
                return versionValue;
            default: {
                const pin = this.#selectedPin();
                if (pin < 0) {
                    this.#tell(`read the reserved register ${hex(this.#select)}: gives 0`);
                    return 0;
                }
                return (this.#select & 1) === 0 ? this.#low[pin] : this.#high[pin];
            }
        }
    }

    #writeRegister(value: number): void {
        const pin = this.#selectedPin();
        if (pin >= 0 && (this.#select & 1) === 0) {
            this.#writeLow(pin, value);
        } else if (pin >= 0) {
            this.#high[pin] = value & destinationMask;
            this.#service(pin, false);
        } else if (this.#select === Register.id) {
            this.#id = value & idMask;
        } else {
            this.#tell(`wrote the register ${hex(this.#select)}, which has no use: ignored`);
        }
    }

    /** Of the selected register: the pin whose entry it is half of, or -1. */
    #selectedPin(): number {
        const pin = (this.#select - Register.redirection) >> 1;
        return pin >= 0 && pin < ioApicPinCount ? pin : -1;
    }

    /** Making a pin edge-triggered clears its Remote IRR: software's way out without an EOI. */
    #writeLow(pin: number, value: number): void {
        const kept = isLevelTriggered(value) ? this.#low[pin] & Entry.remoteIrr : 0;
        this.#low[pin] = (value & Entry.writable) | kept;
        this.#service(pin, false);
    }

    /** Sends what a pin has to say. @param isEdge whether its line has just gone high. */
    #service(pin: number, isEdge: boolean): void {
        const entry = this.#low[pin];
        if ((entry & Entry.masked) !== 0) {
            return;
        }
        if (!isLevelTriggered(entry)) {
            if (isEdge) {
                this.#send(pin);
            }
        } else if (this.#levels[pin] !== 0 && (entry & Entry.remoteIrr) === 0) {
            if (this.#send(pin)) {
                this.#low[pin] |= Entry.remoteIrr;
            }
        }
    }

    /** Returns whether a processor took it. */
    #send(pin: number): boolean {
        const entry = this.#low[pin];
        return this.#bus.deliver({
            destination: this.#high[pin] >>> 24,
            destinationMode: (entry & Entry.logical) !== 0 ? "logical" : "physical",
            deliveryMode: deliveryModeOf(entry),
            vector: entry & Entry.vector,
            trigger: isLevelTriggered(entry) ? "level" : "edge",
        });
    }

    /** Level-triggered pins with this vector may send again, and do while their line is high. */
    #endOfInterrupt(vector: number): void {
        for (let pin = 0; pin < ioApicPinCount; pin++) {
            const entry = this.#low[pin];
            if ((entry & Entry.remoteIrr) !== 0 && (entry & Entry.vector) === vector) {
                this.#low[pin] &= ~Entry.remoteIrr;
                this.#service(pin, false);
            }
        }
    }
}

function deliveryModeOf(entry: number): number {
    return (entry >>> Entry.deliveryModeShift) & Entry.deliveryModeMask;
}

/** What has no vector has no end of interrupt, so it is edge-triggered whatever the bit says. */
function isLevelTriggered(entry: number): boolean {
    const deliveryMode = deliveryModeOf(entry);
    return (
        (entry & Entry.levelTriggered) !== 0 &&
        (deliveryMode === DeliveryMode.fixed || deliveryMode === DeliveryMode.lowestPriority)
    );
}

function hex(offset: number): string {
    return `0x${offset.toString(16).padStart(2, "0")}`;
}
