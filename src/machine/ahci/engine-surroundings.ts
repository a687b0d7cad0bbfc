/** What the parts of a command engine share: the port around them, and whether it has halted. */
import type { GuestMemory } from "../guest-memory.ts";
import type { SataDrive } from "../sata/link.ts";
import type { AhciObserver, ObservedPort } from "./observer.ts";
import type { PortRegisters } from "./port-registers.ts";

/** What the engine needs of the port and the machine around it. */
export interface EngineSurroundings {
    readonly memory: GuestMemory;
    readonly drive: SataDrive;
    readonly registers: PortRegisters;
    /** The port, as its observer sees it. */
    readonly port: ObservedPort;
    readonly observer: AhciObserver;
    /** Whether PCI lets the controller use the bus. */
    readonly isBusMaster: () => boolean;
    /** PxIS may have changed. */
    readonly interruptsChanged: () => void;
    /** Says something to whoever runs the machine. */
    readonly notice: (message: string) => void;
}

/** What becomes known of commands: bits of PxIS, and the halt that an error brings (6.2.2). */
export class EngineOutcome {
    /** Nothing is issued, moved or heard until ST is cleared. */
    isHalted = false;
    readonly #around: Pick<EngineSurroundings, "registers" | "interruptsChanged">;

    constructor(around: Pick<EngineSurroundings, "registers" | "interruptsChanged">) {
        this.#around = around;
    }

    /** Sets a bit of PxIS. */
    interrupt(bit: number): void {
        this.#around.registers.PxIS |= bit;
        this.#around.interruptsChanged();
    }

    /** An error, with its bit of PxIS. */
    halt(bit: number): void {
        this.isHalted = true;
        this.interrupt(bit);
    }
}
