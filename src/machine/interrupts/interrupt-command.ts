/**
 * The interrupt command register: how a processor interrupts others, or itself (Intel SDM, volume
 * 3, 11.6.1). A write to its low half sends; the high half has the destination.
 *
 * Messages between processors are edge-triggered whatever the trigger bit says, but for one: INIT
 * with a level that is not asserted. It synchronises what processors arbitrate with, which this
 * bus has no use for, so it does nothing.
 */
import { type ApicBus, type ApicBusAgent, DeliveryMode } from "./apic-bus.ts";
import { firstLegalVector } from "./local-apic-registers.ts";

/** Fields of the low half. Delivery status, bit 12, always reads as idle. */
const Command = {
    vector: 0xff,
    deliveryModeShift: 8,
    deliveryModeMask: 7,
    logical: 0x800,
    asserted: 0x4000,
    levelTriggered: 0x8000,
    shorthandShift: 18,
    shorthandMask: 3,
} as const;

/** Bits of the low half, and of the high half, that can be written. */
export const commandLowMask = 0x000c_cfff;
export const commandHighMask = 0xff00_0000;

/** Destination shorthands: bits 19:18. The remaining one, 2, is all with self. */
const Shorthand = { none: 0, self: 1, allButSelf: 3 } as const;

/** What became of a command; `invalid` where the manual has no such combination (table 11-3). */
export type CommandResult = "sent" | "illegal vector" | "invalid";

/** Sends what a command register with these halves says, in the name of `sender`. */
export function sendCommand(
    low: number,
    high: number,
    sender: ApicBusAgent,
    bus: ApicBus,
): CommandResult {
    const deliveryMode = (low >>> Command.deliveryModeShift) & Command.deliveryModeMask;
    const vector = low & Command.vector;
    const isOrdinary =
        deliveryMode === DeliveryMode.fixed || deliveryMode === DeliveryMode.lowestPriority;
    if (isOrdinary && vector < firstLegalVector) {
        return "illegal vector";
    }
    const levelAndAssert = low & (Command.levelTriggered | Command.asserted);
    if (deliveryMode === DeliveryMode.init && levelAndAssert === Command.levelTriggered) {
        return "sent";
    }
    const message = {
        destination: high >>> 24,
        destinationMode: (low & Command.logical) !== 0 ? "logical" : "physical",
        deliveryMode,
        vector,
        trigger: "edge",
    } as const;
    const shorthand = (low >>> Command.shorthandShift) & Command.shorthandMask;
    if (shorthand === Shorthand.none) {
        bus.deliver(message);
    } else if (shorthand === Shorthand.allButSelf) {
        bus.deliverToAll(message, sender);
    } else if (deliveryMode !== DeliveryMode.fixed) {
        return "invalid";
    } else if (shorthand === Shorthand.self) {
        sender.accept(message);
    } else {
        bus.deliverToAll(message);
    }
    return "sent";
}
