/**
 * A boot of a Chickadee kernel on QEMU's q35, as the recorder of register accesses saw it, done
 * again on our devices: the same writes, and reads that give the same.
 *
 * Where we differ: nowhere in these lines. `apic_report_irq_delivered` lines count timer ticks of
 * the recorded host and are left out; so are the disk's lines, but for its interrupt line.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { AccessSize, RegisterDevice } from "../../src/machine/device.ts";
import { handOverLocalApic } from "../../src/machine/firmware/firmware.ts";
import type { InterruptMessage } from "../../src/machine/interrupts/apic-bus.ts";
import { PciConfigPorts } from "../../src/machine/pci/config-ports.ts";
import { q35Functions } from "../../src/machine/pci/q35-functions.ts";
import { apicRig } from "../support/apic-rig.ts";
import { projectFolder } from "../tidy/layers.ts";

const trace = readFileSync(
    join(projectFolder, "test/golden/recorded/ahci-apic-pci-trace.txt"),
    "utf8",
).split("\n");

/** The pin of the I/O APIC that the disk's interrupt line comes in at. */
const diskPin = 10;

/** Bytes of an access to a function's register, which the trace does not tell: by its offset. */
const configSizes: Record<number, AccessSize> = {
    0: 4,
    4: 2,
    10: 2,
    12: 4,
    36: 4,
    60: 4,
    64: 4,
};

type Ports = Pick<RegisterDevice, "read" | "write">;

/** The devices that the trace speaks of, as the firmware leaves them, and what to look at. */
function recordedMachine() {
    const rig = apicRig(2);
    handOverLocalApic(rig.apics[0]);
    const delivered: string[] = [];
    const deliver = rig.bus.deliver.bind(rig.bus);
    rig.bus.deliver = (message: InterruptMessage) => {
        const { destination, destinationMode, deliveryMode, vector, trigger } = message;
        const mode = destinationMode === "logical" ? 1 : 0;
        const level = trigger === "level" ? 1 : 0;
        delivered.push(
            `dest ${destination} dest_mode ${mode} delivery_mode ${deliveryMode} ` +
                `vector ${vector} trigger_mode ${level}`,
        );
        return deliver(message);
    };
    const noReset: Ports = { read: () => 0, write: () => {} };
    return { ...rig, delivered, pci: new PciConfigPorts(q35Functions, noReset, () => {}) };
}

/**
 * Which processor wrote or read a local APIC: only the first one sends commands (0x300); each
 * begins with the spurious vector (0xF0), which both find as their firmware left it, and tells by
 * its ID (0x20) two accesses later which one it is.
 */
function processorsOf(lines: readonly string[]): number[] {
    let current = 0;
    return lines.map((line, index) => {
        const offset = / 0x([0-9a-f]+) = /.exec(line)?.[1];
        if (line.startsWith("apic_mem_readl 0xf0")) {
            current = lines[index + 2].endsWith("0x01000000") ? 1 : 0;
        }
        return offset === "300" ? 0 : current;
    });
}

interface Replay {
    /** `line: recorded, ours`, of reads that gave something else. */
    readonly differences: string[];
    /** How many lines of each kind were done. */
    readonly done: Record<string, number>;
    readonly delivered: string[];
    readonly recordedDeliveries: string[];
    readonly calls: string[];
}

/** @param disturb changes a value that one of our devices read, to see that it is noticed. */
function replay(disturb: (line: string, value: number) => number = (_, value) => value): Replay {
    const machine = recordedMachine();
    const differences: string[] = [];
    const done: Record<string, number> = {};
    const recordedDeliveries: string[] = [];
    const compare = (line: string, recorded: number, ours: number) => {
        const value = disturb(line, ours);
        if (value !== recorded) {
            differences.push(`${line}: ${recorded.toString(16)}, ${value.toString(16)}`);
        }
    };
    const line = machine.ioApic.line(diskPin);
    const apicLines = trace.filter((text) => text.startsWith("apic_mem_"));
    const processors = processorsOf(apicLines);
    let apicIndex = 0;
    for (const text of trace) {
        const kind = text.split(" ")[0];
        const numbers = [...text.matchAll(/0x([0-9a-f]+)/g)].map(([, digits]) =>
            Number.parseInt(digits, 16),
        );
        const isDone = doLine(kind, text, numbers);
        if (isDone) {
            done[kind] = (done[kind] ?? 0) + 1;
        }
    }
    return {
        differences,
        done,
        delivered: machine.delivered,
        recordedDeliveries,
        calls: machine.calls,
    };

    function doLine(kind: string, text: string, numbers: number[]): boolean {
        switch (kind) {
            case "apic_mem_readl":
                compare(
                    text,
                    numbers[1],
                    machine.apics[processors[apicIndex++]].read(numbers[0], 4),
                );
                return true;
            case "apic_mem_writel":
                machine.apics[processors[apicIndex++]].write(numbers[0], 4, numbers[1]);
                return true;
            case "ioapic_mem_read":
                compare(text, numbers[3], machine.ioApic.read(numbers[0], 4));
                return true;
            case "ioapic_mem_write":
                machine.ioApic.write(numbers[0], 4, numbers[3]);
                return true;
            case "pci_cfg_read":
            case "pci_cfg_write":
                configAccess(text, numbers);
                return true;
            case "ahci_irq_raise":
            case "ahci_irq_lower":
                line.set(kind === "ahci_irq_raise");
                return true;
            case "apic_deliver_irq":
                recordedDeliveries.push(text.slice(kind.length + 1));
                return true;
            default:
                return false;
        }
    }

    function configAccess(text: string, [offset, value]: number[]): void {
        const place = /(\w+):(\w+)\.(\w) @/.exec(text) ?? [];
        const [bus, device, functionNo] = place
            .slice(1)
            .map((digits) => Number.parseInt(digits, 16));
        const size = configSizes[offset];
        // The low two bits of the register, left in the address as the kernel leaves them.
        const address = 0x8000_0000 + (bus << 16) + (device << 11) + (functionNo << 8) + offset;
        machine.pci.write(0, 4, address);
        if (text.startsWith("pci_cfg_write")) {
            machine.pci.write(4 + (offset & 3), size, value);
        } else {
            compare(text, value, machine.pci.read(4 + (offset & 3), size));
        }
    }
}

describe("the recorded boot, done again", () => {
    const again = replay();

    it("reads from APICs and PCI functions what was recorded", () => {
        expect(again.differences).toEqual([]);
        expect(again.done).toEqual({
            apic_mem_readl: 9,
            apic_mem_writel: 34,
            ioapic_mem_read: 1,
            ioapic_mem_write: 9,
            pci_cfg_read: 26,
            pci_cfg_write: 1,
            ahci_irq_raise: 5,
            ahci_irq_lower: 11,
            apic_deliver_irq: 2,
        });
    });

    it("sends the disk's interrupts as they were sent", () => {
        expect(again.delivered).toEqual(again.recordedDeliveries);
        expect(again.delivered).toEqual([
            "dest 1 dest_mode 0 delivery_mode 0 vector 42 trigger_mode 0",
            "dest 1 dest_mode 0 delivery_mode 0 vector 42 trigger_mode 0",
        ]);
    });

    it("starts the second processor by INIT and two start-up messages", () => {
        expect(again.calls).toEqual(["init 1", "start-up 1 at 4", "start-up 1 at 4"]);
    });

    it("notices a bit that is not as recorded (canary)", () => {
        for (const kind of ["apic_mem_readl", "ioapic_mem_read", "pci_cfg_read"]) {
            const wrong = replay((line, value) => (line.startsWith(kind) ? value ^ 1 : value));
            expect(wrong.differences).toHaveLength(again.done[kind]);
        }
    });
});
