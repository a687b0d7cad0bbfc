/**
 * The AHCI host controller of q35 (ICH9): registers in memory, six ports, one interrupt.
 *
 * After "Serial ATA Advanced Host Controller Interface", revision 1.3.1; sections named below are
 * of that document. What it can do and how it is left by firmware is as recorded from QEMU.
 *
 * Interrupts, in two tiers (10.7.2): a port wants one while an enabled bit of its PxIS is set; the
 * controller raises its line while a port wants one and GHC.IE is set. IS says which ports do. In
 * the specification a bit of IS stays set until it is written with 1, here it follows its port, as
 * on QEMU: a driver that clears PxIS and then IS sees no difference.
 *
 * Nothing in the controller takes time. It does DMA to memory only, and reaches none of it while
 * PCI bus mastering is off.
 *
 * Accesses (3): a register is read whole, or in part; a write of a part leaves the rest as it is.
 * An access that crosses from one register to the next reads both, and writes nothing.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import type {
    AccessSize,
    InterruptLine,
    MachineNotice,
    NoticeSink,
    RegisterDevice,
} from "../device.ts";
import type { GuestMemory } from "../guest-memory.ts";
import type { SataDrive } from "../sata/link.ts";
import type { AhciObserver } from "./observer.ts";
import { AhciPort } from "./port.ts";
import type { FirmwareRegisters } from "./port-registers.ts";
import {
    ahciVersion,
    capabilities,
    firstPortOffset,
    Ghc,
    HostRegister,
    PortRegister,
    portCount,
    portSizeBytes,
    portsImplemented,
} from "./registers.ts";

/** What the controller is made of and connected to. */
export interface AhciOptions {
    readonly memory: GuestMemory;
    /** By port, 0 to 5. They are the controller's alone. */
    readonly drives: ReadonlyMap<number, SataDrive>;
    /** INTA# of the PCI function. */
    readonly interruptLine: InterruptLine;
    readonly notice: NoticeSink;
    /** Whether bit 2 of the PCI command register is set. */
    readonly isBusMaster: () => boolean;
    readonly observer?: AhciObserver;
    /** No firmware ran before the guest: ports are stopped, and links come up. */
    readonly startsCold?: boolean;
}

/**
 * What SeaBIOS leaves in a disk's port. Its command list and received-FIS area lie in the shadow
 * of its ROM, which the guest has no use for, and where zeros make no command.
 */
const firmwareLeft: FirmwareRegisters = {
    commandListAddress: 0xe_0000,
    fisAreaAddress: 0xe_0400,
    PxTFD: 0x50,
    PxSIG: 0x101,
};

export class AhciController implements RegisterDevice {
    readonly name = "ahci";
    readonly #interruptLine: InterruptLine;
    readonly #sink: NoticeSink;
    readonly #startsCold: boolean;
    readonly #ports: readonly AhciPort[];
    readonly #told = new Set<string>();
    #isInterruptEnabled = false;

    constructor(options: AhciOptions) {
        this.#interruptLine = options.interruptLine;
        this.#sink = options.notice;
        this.#startsCold = options.startsCold ?? false;
        const around = {
            memory: options.memory,
            observer: options.observer ?? {},
            isBusMaster: options.isBusMaster,
            interruptsChanged: () => this.#updateLine(),
            notice: (message: string) => this.#notice(message),
        };
        this.#ports = Array.from(
            { length: portCount },
            (_, portNo) => new AhciPort(portNo, options.drives.get(portNo), around),
        );
        this.reset();
    }

    /** Slots of a port whose command its drive has, a bit each. */
    outstandingSlots(portNo: number): number {
        return this.#ports[portNo].outstandingSlots;
    }

    read(offset: number, size: AccessSize): number {
        const register = offset & ~3;
        const firstByte = offset & 3;
        if (size === 4 && firstByte === 0) {
            return this.#readRegister(register);
        }
        const value = Math.floor(this.#readRegister(register) / 2 ** (8 * firstByte));
        const bytesAfter = firstByte + size - 4;
        if (bytesAfter <= 0) {
            return value % 2 ** (8 * size);
        }
        const after = this.#readRegister(register + 4) % 2 ** (8 * bytesAfter);
        return value + after * 2 ** (32 - 8 * firstByte);
    }

    write(offset: number, size: AccessSize, value: number): void {
        const register = offset & ~3;
        const firstBit = 8 * (offset & 3);
        if (size === 4 && firstBit === 0) {
            this.#writeRegister(register, value);
            return;
        }
        if (firstBit + 8 * size > 32) {
            this.#notice("a write that crosses from one register to the next: ignored");
            return;
        }
        const mask = ((size === 1 ? 0xff : 0xffff) << firstBit) >>> 0;
        const kept = actsOnOnes(register) ? 0 : this.#readRegister(register) & ~mask;
        this.#writeRegister(register, (kept | (value << firstBit)) >>> 0);
    }

    /** As at power-on, after firmware or before it. The drives were reset before. */
    reset(): void {
        this.#isInterruptEnabled = false;
        for (const port of this.#ports) {
            port.reset(this.#startsCold ? undefined : firmwareLeft);
        }
        this.#updateLine();
    }

    save(): StateRecord {
        return {
            version: 1,
            isInterruptEnabled: this.#isInterruptEnabled,
            ports: this.#ports.map((port) => port.save()),
        };
    }

    /** The interrupt line is not touched: what it did is in the state of what it leads to. */
    load(state: StateFields): void {
        state.expectVersion(1);
        this.#isInterruptEnabled = state.boolean("isInterruptEnabled");
        const ports = state.records("ports");
        if (ports.length !== portCount) {
            throw new UserError(
                `saved state of the AHCI controller: it has ${ports.length} ports, and this ` +
                    `controller has ${portCount}`,
            );
        }
        for (const [portNo, port] of this.#ports.entries()) {
            port.load(ports[portNo]);
        }
    }

    #readRegister(register: number): number {
        if (register >= firstPortOffset) {
            const port = this.#portAt(register, "read of");
            return port?.read(register % portSizeBytes) ?? 0;
        }
        switch (register) {
            case HostRegister.CAP:
                return capabilities;
            case HostRegister.GHC:
                return (
                    (Ghc.ahciEnable | (this.#isInterruptEnabled ? Ghc.interruptEnable : 0)) >>> 0
                );
            case HostRegister.IS:
                return this.#interruptStatus();
            case HostRegister.PI:
                return portsImplemented;
            case HostRegister.VS:
                return ahciVersion;
            default:
                return 0;
        }
    }

    #writeRegister(register: number, value: number): void {
        if (register >= firstPortOffset) {
            this.#portAt(register, "write of")?.write(register % portSizeBytes, value);
        } else if (register === HostRegister.GHC) {
            this.#writeGhc(value);
        }
        // The others cannot be written, or, like IS, follow from what can.
    }

    #writeGhc(value: number): void {
        if ((value & Ghc.reset) !== 0) {
            this.#isInterruptEnabled = false;
            for (const port of this.#ports) {
                port.resetByController();
            }
        } else {
            this.#isInterruptEnabled = (value & Ghc.interruptEnable) !== 0;
        }
        this.#updateLine();
    }

    #interruptStatus(): number {
        let status = 0;
        for (const port of this.#ports) {
            if (port.isInterruptPending) {
                status |= 1 << port.portNo;
            }
        }
        return status >>> 0;
    }

    #updateLine(): void {
        this.#interruptLine.set(this.#isInterruptEnabled && this.#interruptStatus() !== 0);
    }

    #portAt(register: number, access: string): AhciPort | undefined {
        const portNo = Math.floor((register - firstPortOffset) / portSizeBytes);
        const port = this.#ports.at(portNo);
        if (port === undefined) {
            this.#notice(`${access} a register of port ${portNo}, which does not exist`);
        }
        return port;
    }

    #notice(message: string): void {
        if (!this.#told.has(message)) {
            this.#told.add(message);
            const notice: MachineNotice = { device: this.name, message };
            this.#sink(notice);
        }
    }
}

/** Registers in which ones act and zeros do nothing, so that a part of one is written alone. */
function actsOnOnes(register: number): boolean {
    if (register < firstPortOffset) {
        return register === HostRegister.IS;
    }
    switch (register % portSizeBytes) {
        case PortRegister.PxIS:
        case PortRegister.PxSERR:
        case PortRegister.PxSACT:
        case PortRegister.PxCI:
            return true;
        default:
            return false;
    }
}
