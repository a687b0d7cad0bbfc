/** Local APICs and an I/O APIC on one bus, without processors: their calls are written down. */
import { StateFields, type StateRecord } from "../../src/base/state.ts";
import { Clock } from "../../src/machine/clock.ts";
import type { NoticeSink } from "../../src/machine/device.ts";
import { ApicBus } from "../../src/machine/interrupts/apic-bus.ts";
import type { TimerJitter } from "../../src/machine/interrupts/apic-timer.ts";
import { IoApic } from "../../src/machine/interrupts/io-apic.ts";
import { LocalApic } from "../../src/machine/interrupts/local-apic.ts";

export interface ApicRig {
    readonly clock: Clock;
    readonly bus: ApicBus;
    readonly apics: readonly LocalApic[];
    readonly ioApic: IoApic;
    /** `init 1`, `start-up 1 at 4`, in order. */
    readonly calls: string[];
    /** `device: message`, in order. */
    readonly notices: string[];
}

export function apicRig(cpuCount = 1, timerJitter?: TimerJitter): ApicRig {
    const calls: string[] = [];
    const notices: string[] = [];
    const notice: NoticeSink = ({ device, message }) => notices.push(`${device}: ${message}`);
    const clock = new Clock();
    const bus = new ApicBus(
        {
            init: (cpuIndex) => calls.push(`init ${cpuIndex}`),
            startUp: (cpuIndex, vector) => calls.push(`start-up ${cpuIndex} at ${vector}`),
        },
        notice,
    );
    const apics = Array.from(
        { length: cpuCount },
        (_, cpuIndex) => new LocalApic(cpuIndex, clock, bus, notice, timerJitter),
    );
    return { clock, bus, apics, ioApic: new IoApic(bus, notice), calls, notices };
}

/** A rig whose local APICs are enabled, with spurious vector 255. */
export function enabledRig(cpuCount = 1, timerJitter?: TimerJitter): ApicRig {
    const rig = apicRig(cpuCount, timerJitter);
    for (const apic of rig.apics) {
        apic.write(0xf0, 4, 0x1ff);
    }
    return rig;
}

/** The vectors that a processor without other work takes, each ended before the next. */
export function takeAll(apic: LocalApic): number[] {
    const taken: number[] = [];
    while (apic.pendingVector >= 0) {
        taken.push(apic.acknowledge());
        apic.write(0xb0, 4, 0);
    }
    return taken;
}

/** Writes a register of the I/O APIC. */
export function writeIoApic(ioApic: Pick<IoApic, "write">, index: number, value: number): void {
    ioApic.write(0x00, 4, index);
    ioApic.write(0x10, 4, value);
}

/** Reads a register of the I/O APIC. */
export function readIoApic(ioApic: IoApic, index: number): number {
    ioApic.write(0x00, 4, index);
    return ioApic.read(0x10, 4);
}

/** A state as `load` wants it. */
export function fieldsOf(state: StateRecord): StateFields {
    return new StateFields(state, "machine.device");
}
