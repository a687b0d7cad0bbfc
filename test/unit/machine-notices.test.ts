/** What a machine says when a guest does something that has no meaning here: each thing once. */
import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import type { EntryPoints } from "../../src/machine/cpu/entry-points.ts";
import type { Operation, Program } from "../../src/machine/cpu/operation.ts";
import type { AccessSize } from "../../src/machine/device.ts";
import { Machine } from "../../src/machine/machine.ts";
import { ExampleKernel } from "../support/example-kernel.ts";

const ahci = 0xfebf_1000;
const ioApic = 0xfec0_0000;
const localApic = 0xfee0_0000;

/** A single access: to a port, or to a physical address. */
interface Access {
    readonly port?: number;
    readonly address?: number;
    readonly size?: AccessSize;
    /** Of a write. */
    readonly value?: number;
}

interface Mistake {
    readonly device: string;
    readonly message: string;
    readonly accesses: readonly Access[];
}

const mistakes: readonly Mistake[] = [
    {
        device: "bus",
        message: "a write to port 0x1234, which has no device",
        accesses: [{ port: 0x1234, size: 1, value: 5 }],
    },
    {
        device: "bus",
        message: "a read of port 0x1235, which has no device",
        accesses: [{ port: 0x1235, size: 1 }],
    },
    {
        device: "bus",
        message: "a write to physical address 0xfd000000, which has no device",
        accesses: [{ address: 0xfd00_0000, value: 1 }],
    },
    {
        device: "bus",
        message: "a read of physical address 0xfd000004, which has no device",
        accesses: [{ address: 0xfd00_0004 }],
    },
    {
        device: "ahci",
        message: "port 0: PxCI was written while PxCMD.ST is clear: ignored",
        accesses: [
            { address: ahci + 0x118, value: 0x6 },
            { address: ahci + 0x138, value: 1 },
        ],
    },
    {
        device: "ahci",
        message: "write of port 0's reserved register 48h",
        accesses: [{ address: ahci + 0x148, value: 1 }],
    },
    {
        device: "ahci",
        message: "read of a register of port 6, which does not exist",
        accesses: [{ address: ahci + 0x400 }],
    },
    {
        device: "io-apic",
        message: "wrote the register 0x50, which has no use: ignored",
        accesses: [
            { address: ioApic, value: 0x50 },
            { address: ioApic + 0x10, value: 1 },
        ],
    },
    {
        device: "local-apic 0",
        message: "wrote the read-only register 0x030: ignored",
        accesses: [{ address: localApic + 0x30, value: 1 }],
    },
    {
        device: "keyboard",
        message: "the keyboard controller has no command 0x33",
        accesses: [{ port: 0x64, size: 1, value: 0x33 }],
    },
    {
        device: "keyboard",
        message: "the keyboard has no command 0x11",
        accesses: [{ port: 0x60, size: 1, value: 0x11 }],
    },
    {
        device: "power",
        message: "sleep type 1 does not switch off and is ignored",
        accesses: [{ port: 0x604, size: 2, value: 0x2400 }],
    },
    {
        device: "console",
        message: "the guest moved the start of the display, which is not followed",
        accesses: [
            { port: 0x3d4, size: 1, value: 0x0c },
            { port: 0x3d5, size: 1, value: 1 },
        ],
    },
    {
        device: "pci",
        message: "ICH9 AHCI: base address 5 was moved; its registers stay at 0xfebf1000",
        accesses: [
            { port: 0xcf8, value: 0x8000_fa24 },
            { port: 0xcfc, value: 0x1000_0000 },
        ],
    },
];

/** A kernel whose one program makes accesses. */
class AccessKernel implements EntryPoints {
    readonly #accesses: readonly Access[];

    constructor(accesses: readonly Access[]) {
        this.#accesses = accesses;
    }

    *start(context: Context): Program {
        for (const access of this.#accesses) {
            yield operation(context, access);
        }
        return 0;
    }

    // biome-ignore-start lint/correctness/useYield: none of these is ever entered.
    *systemCall(): Program {
        return 0;
    }

    *exception(): Program {
        return 0;
    }

    *interrupt(): Program {
        return 0;
    }
    // biome-ignore-end lint/correctness/useYield: none of these is ever entered.
}

function operation(context: Context, { port, address = 0, size = 4, value }: Access): Operation {
    if (port === undefined) {
        return value === undefined
            ? context.load(address, size)
            : context.store(address, size, value);
    }
    return value === undefined ? context.input(port, size) : context.output(port, size, value);
}

function makeMachine(onNotice?: (text: string) => void): Machine {
    return new Machine({
        choices: 1,
        memoryBytes: 2 ** 20,
        disk: new MemoryStore(new Uint8Array(2 ** 18)),
        onNotice: ({ device, message }) => onNotice?.(`${device}: ${message}`),
    });
}

/** Has a machine's program make accesses. */
function runAccesses(machine: Machine, accesses: readonly Access[]): void {
    machine.powerOn(new AccessKernel(accesses));
    machine.run({ operations: accesses.length });
}

describe("a machine", () => {
    it.each(mistakes)("says: $device: $message", ({ device, message, accesses }) => {
        const machine = makeMachine();
        runAccesses(machine, accesses);
        expect(machine.notices).toEqual([{ device, message }]);
    });

    it("says each thing once, however often it is done, and also after power was off", () => {
        const machine = makeMachine();
        const accesses = mistakes.flatMap((mistake) => mistake.accesses);
        const expected = mistakes.map(({ device, message }) => ({ device, message }));
        for (let time = 0; time < 3; time++) {
            runAccesses(machine, [...accesses, ...accesses]);
            expect(machine.notices).toEqual(expected);
        }
    });

    it("tells its host at once, in the same order as it keeps them", () => {
        const told: string[] = [];
        const machine = makeMachine((text) => told.push(text));
        runAccesses(
            machine,
            mistakes.flatMap((mistake) => mistake.accesses),
        );
        expect(told).toEqual(mistakes.map(({ device, message }) => `${device}: ${message}`));
        expect(machine.notices.map(({ device, message }) => `${device}: ${message}`)).toEqual(told);
    });

    it("tells of 64 addresses without a device, and of no more, ports and others apart", () => {
        const machine = makeMachine();
        const addresses = Array.from({ length: 200 }, (_, index) => 0xfd00_0000 + 4 * index);
        const ports = Array.from({ length: 200 }, (_, index) => 0x2000 + index);
        runAccesses(machine, [
            ...addresses.map((address) => ({ address })),
            ...ports.map((port) => ({ port, size: 1 as const, value: 0 })),
        ]);
        expect(machine.notices).toHaveLength(128);
        expect(machine.notices[63].message).toBe(
            "a read of physical address 0xfd0000fc, which has no device",
        );
        expect(machine.notices[64].message).toBe("a write to port 0x2000, which has no device");
    });

    it("says nothing while a kernel does all things right", () => {
        const machine = new Machine({
            cpuCount: 2,
            choices: 1,
            disk: new MemoryStore(new Uint8Array(2 ** 18)),
        });
        machine.powerOn(new ExampleKernel());
        expect(machine.run({ untilNs: 1_000_000_000 })).toBe("powered off");
        expect(machine.notices).toEqual([]);
    });

    it("would say more of a kernel that does one thing wrong (canary)", () => {
        const machine = new Machine({
            cpuCount: 2,
            choices: 1,
            disk: new MemoryStore(new Uint8Array(2 ** 18)),
        });
        // Bus mastering is off whatever the kernel writes.
        const write = machine.ports.write.bind(machine.ports);
        machine.ports.write = (port, size, value) => {
            write(port, size, port === 0xcfc ? value & ~4 : value);
        };
        machine.powerOn(new ExampleKernel());
        machine.run({ untilNs: 100_000_000 });
        expect(machine.notices).toEqual([
            {
                device: "ahci",
                message: "port 0: a command was refused: PCI bus mastering is off",
            },
        ]);
    });
});
