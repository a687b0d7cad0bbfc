/**
 * The way of interrupts from an I/O APIC to processors, between processors, and of ends of
 * interrupts back (Intel SDM, volume 3, 11.6 and 11.8.5).
 *
 * The system bus has no memory of its own: a message is taken, or it is not, within the call.
 * Lowest-priority messages go to the addressed processor whose task priority class is lowest, and
 * to the first of several; hardware would take turns, in a way that no manual promises.
 */
import type { NoticeSink } from "../device.ts";
import { tellOnce } from "../tell-once.ts";

/** Delivery modes, as bits 10:8 of the ICR, a redirection entry or an LVT entry code them. */
export const DeliveryMode = {
    fixed: 0,
    lowestPriority: 1,
    systemManagement: 2,
    nonMaskable: 4,
    init: 5,
    startUp: 6,
    external: 7,
} as const;

/** An interrupt message on its way. */
export interface InterruptMessage {
    /** From 0 to 255: an APIC ID, or a logical address; 255 is everyone in either mode. */
    readonly destination: number;
    readonly destinationMode: "physical" | "logical";
    /** A `DeliveryMode`, or the reserved 3. */
    readonly deliveryMode: number;
    /** From 0 to 255; of a start-up message the page number at which the processor begins. */
    readonly vector: number;
    readonly trigger: "edge" | "level";
}

/** A local APIC, as the bus sees it. */
export interface ApicBusAgent {
    /** Whether a message with this destination means it. */
    isAddressedBy(destination: number, mode: InterruptMessage["destinationMode"]): boolean;
    /** Whether its software lets it take fixed and lowest-priority messages. */
    readonly isEnabled: boolean;
    /** TPR, from 0 to 255. */
    readonly taskPriority: number;
    /** Takes a message. Returns false when it refuses. */
    accept(message: InterruptMessage): boolean;
}

/** What a message can do to a processor beyond interrupting it. */
export interface ProcessorControl {
    /** INIT: the processor is reset; all but the first then wait for a start-up message. */
    init(cpuIndex: number): void;
    /** SIPI: begins at page `vector`, if the processor waits for that; else nothing. */
    startUp(cpuIndex: number, vector: number): void;
}

export class ApicBus {
    /** The processors that INIT and start-up messages reach. */
    readonly processors: ProcessorControl;
    readonly #agents: ApicBusAgent[] = [];
    readonly #endListeners: ((vector: number) => void)[] = [];
    readonly #tell: (message: string) => void;

    constructor(processors: ProcessorControl, notice: NoticeSink) {
        this.processors = processors;
        this.#tell = tellOnce("apic-bus", notice);
    }

    /** Connects a local APIC; a machine connects them in the order of their processors. */
    attach(agent: ApicBusAgent): void {
        this.#agents.push(agent);
    }

    /** Registers an I/O APIC's interest in ends of level-triggered interrupts. */
    onEndOfInterrupt(listener: (vector: number) => void): void {
        this.#endListeners.push(listener);
    }

    /** Sends a message to its destination. Returns whether a processor took it. */
    deliver(message: InterruptMessage): boolean {
        const { destination, destinationMode } = message;
        if (message.deliveryMode === DeliveryMode.lowestPriority) {
            return this.#lowestPriorityAgent(message)?.accept(message) ?? false;
        }
        let isAddressed = false;
        let isAccepted = false;
        for (const agent of this.#agents) {
            if (agent.isAddressedBy(destination, destinationMode)) {
                isAddressed = true;
                isAccepted = agent.accept(message) || isAccepted;
            }
        }
        if (!isAddressed) {
            this.#tell(`no processor has the ${destinationMode} destination ${destination}`);
        }
        return isAccepted;
    }

    /** Sends a message to every processor, but for one where that is given. */
    deliverToAll(message: InterruptMessage, except?: ApicBusAgent): void {
        for (const agent of this.#agents) {
            if (agent !== except) {
                agent.accept(message);
            }
        }
    }

    /** Tells the I/O APICs that a processor ended the level-triggered interrupt `vector`. */
    endOfInterrupt(vector: number): void {
        for (const listener of this.#endListeners) {
            listener(vector);
        }
    }

    #lowestPriorityAgent(message: InterruptMessage): ApicBusAgent | undefined {
        let lowest: ApicBusAgent | undefined;
        for (const agent of this.#agents) {
            if (
                agent.isEnabled &&
                agent.isAddressedBy(message.destination, message.destinationMode) &&
                (lowest === undefined || agent.taskPriority >> 4 < lowest.taskPriority >> 4)
            ) {
                lowest = agent;
            }
        }
        return lowest;
    }
}
