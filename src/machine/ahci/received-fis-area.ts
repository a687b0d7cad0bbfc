/**
 * The received-FIS area: where a port stores what its drive sends (AHCI 1.3.1, 4.2.1).
 *
 * Each kind of FIS has its place, and a new one overwrites the last of its kind.
 */
import type { StructView } from "../../base/struct.ts";
import type { GuestMemory } from "../guest-memory.ts";
import { AtaStatus, type RegisterUpdate, type SetDeviceBits } from "../sata/link.ts";
import { FisFlag, FisType, fisArea, PioSetupFis, RegisterFis, SetDeviceBitsFis } from "./frame.ts";

/** Status bits that a Set Device Bits FIS carries: all but BSY and DRQ (Serial ATA 3.0, 10.3.6). */
export const setDeviceBitsStatusMask = 0xff & ~(AtaStatus.busy | AtaStatus.dataRequest);

export class ReceivedFisArea {
    readonly #memory: GuestMemory;
    readonly #register: StructView<typeof RegisterFis.fields>;
    readonly #pioSetup: StructView<typeof PioSetupFis.fields>;
    readonly #setDeviceBits: StructView<typeof SetDeviceBitsFis.fields>;

    constructor(memory: GuestMemory) {
        this.#memory = memory;
        this.#register = RegisterFis.at(memory.bytes);
        this.#pioSetup = PioSetupFis.at(memory.bytes);
        this.#setDeviceBits = SetDeviceBitsFis.at(memory.bytes);
    }

    /** Stores a FIS in the area at `areaAddress`; false when that is not in memory. */
    storeRegister(areaAddress: number, update: RegisterUpdate): boolean {
        const address = areaAddress + fisArea.register;
        if (!this.#memory.contains(address, RegisterFis.sizeBytes)) {
            return false;
        }
        const fis = this.#register;
        fis.byteOffset = address;
        fis.type = FisType.deviceToHost;
        fis.flags = update.interrupt ? FisFlag.interrupt : 0;
        fis.status = update.status;
        fis.error = update.error;
        fis.lbaLowAndDevice = lbaLowAndDevice(update);
        fis.lbaHigh = lbaHigh(update);
        fis.count = update.count;
        fis.reserved = 0;
        this.#memory.wrote(address, RegisterFis.sizeBytes);
        return true;
    }

    /** Like `storeRegister`. @param byteCount bytes that will move, less than 2^32. */
    storePioSetup(
        areaAddress: number,
        update: RegisterUpdate,
        byteCount: number,
        isToHost: boolean,
    ): boolean {
        const address = areaAddress + fisArea.pioSetup;
        if (!this.#memory.contains(address, PioSetupFis.sizeBytes)) {
            return false;
        }
        const fis = this.#pioSetup;
        fis.byteOffset = address;
        fis.type = FisType.pioSetup;
        fis.flags = (update.interrupt ? FisFlag.interrupt : 0) | (isToHost ? FisFlag.toHost : 0);
        fis.status = update.status | AtaStatus.dataRequest;
        fis.error = update.error;
        fis.lbaLowAndDevice = lbaLowAndDevice(update);
        fis.lbaHigh = lbaHigh(update);
        fis.count = update.count;
        fis.reserved = 0;
        fis.endStatus = update.status & ~AtaStatus.dataRequest;
        fis.byteCount = byteCount;
        this.#memory.wrote(address, PioSetupFis.sizeBytes);
        return true;
    }

    /** Like `storeRegister`. */
    storeSetDeviceBits(areaAddress: number, bits: SetDeviceBits): boolean {
        const address = areaAddress + fisArea.setDeviceBits;
        if (!this.#memory.contains(address, SetDeviceBitsFis.sizeBytes)) {
            return false;
        }
        const fis = this.#setDeviceBits;
        fis.byteOffset = address;
        fis.type = FisType.setDeviceBits;
        fis.flags = bits.interrupt ? FisFlag.interrupt : 0;
        fis.status = bits.status & setDeviceBitsStatusMask;
        fis.error = bits.error;
        fis.doneTags = bits.doneTags;
        this.#memory.wrote(address, SetDeviceBitsFis.sizeBytes);
        return true;
    }
}

function lbaLowAndDevice({ lba, device }: RegisterUpdate): number {
    return (lba % 2 ** 24) + device * 2 ** 24;
}

function lbaHigh({ lba }: RegisterUpdate): number {
    return Math.floor(lba / 2 ** 24);
}
