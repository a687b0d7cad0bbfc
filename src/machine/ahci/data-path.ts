/**
 * A port's way of data between a command's buffer and the drive. An error on the way halts the
 * engine; a list that is too short does not (AHCI 1.3.1, 6.1).
 */
import type { TransferResult } from "../sata/link.ts";
import type { EngineOutcome, EngineSurroundings } from "./engine-surroundings.ts";
import type { TransferDirection } from "./observer.ts";
import { PortInterrupt } from "./registers.ts";
import type { SlotTable } from "./slot-table.ts";

export class DataPath {
    readonly #around: EngineSurroundings;
    readonly #slots: SlotTable;
    readonly #outcome: EngineOutcome;

    constructor(around: EngineSurroundings, slots: SlotTable, outcome: EngineOutcome) {
        this.#around = around;
        this.#slots = slots;
        this.#outcome = outcome;
    }

    bufferBytes(slotNo: number): number {
        return this.#slots.at(slotNo).list.sizeBytes();
    }

    fetch(slotNo: number, bufferOffset: number, target: Uint8Array): TransferResult {
        if (!this.#startMove(slotNo, "to drive", bufferOffset, target.length)) {
            return "bus error";
        }
        const result = this.#slots.at(slotNo).list.load(bufferOffset, target);
        return this.#moved(slotNo, "to drive", bufferOffset, result);
    }

    deliver(slotNo: number, bufferOffset: number, source: Uint8Array): TransferResult {
        if (!this.#startMove(slotNo, "to host", bufferOffset, source.length)) {
            return "bus error";
        }
        const result = this.#slots.at(slotNo).list.store(bufferOffset, source);
        return this.#moved(slotNo, "to host", bufferOffset, result);
    }

    #startMove(
        slotNo: number,
        direction: TransferDirection,
        bufferOffset: number,
        byteLength: number,
    ): boolean {
        const { observer, port, isBusMaster } = this.#around;
        if (!this.#outcome.isHalted && !isBusMaster()) {
            this.#outcome.halt(PortInterrupt.hostBusFatal);
        }
        if (this.#outcome.isHalted) {
            return false;
        }
        observer.onTransferStart?.(port, slotNo, direction, bufferOffset, byteLength);
        return true;
    }

    #moved(
        slotNo: number,
        direction: TransferDirection,
        bufferOffset: number,
        result: TransferResult,
    ): TransferResult {
        const slot = this.#slots.at(slotNo);
        slot.movedBytes += slot.list.movedBytes;
        const { observer, port } = this.#around;
        observer.onTransfer?.(port, slotNo, direction, bufferOffset, slot.list.movedBytes);
        if (slot.list.interruptEntryDone) {
            slot.list.interruptEntryDone = false;
            this.#outcome.interrupt(PortInterrupt.descriptorProcessed);
        }
        if (result === "overflow") {
            // 6.1.5: the port goes on as well as it can.
            this.#outcome.interrupt(PortInterrupt.overflow);
        } else if (result === "bus error") {
            this.#outcome.halt(PortInterrupt.hostBusFatal);
        }
        return result;
    }
}
