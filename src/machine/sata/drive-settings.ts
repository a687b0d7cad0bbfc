/**
 * What a host sets on a drive, besides the write cache: SET FEATURES and SET MULTIPLE MODE.
 *
 * Look-ahead and transfer modes change nothing that a host could see but the IDENTIFY block; they
 * are kept so that it says what was set. Settings outlive a reset of the link, as on QEMU's drive,
 * and end with the power.
 *
 * Source: ACS-3, 7.45 (SET FEATURES) and 7.46 (SET MULTIPLE MODE).
 */
import type { StateFields, StateRecord } from "../../base/state.ts";

/** Subcommands of SET FEATURES, in the Features register (ACS-3, table 144). */
export const SetFeature = {
    enableWriteCache: 0x02,
    setTransferMode: 0x03,
    disableLookAhead: 0x55,
    disableWriteCache: 0x82,
    enableLookAhead: 0xaa,
} as const;

/** As the drive begins: READ and WRITE MULTIPLE move 16 sectors, Ultra DMA mode 5 is chosen. */
const initialMultipleSectorCount = 16;
const initialUltraDmaSelection = 1 << 5;

/** Transfer types, bits 7:3 of the count of SET FEATURES 03h; bits 2:0 are the mode. */
const TransferType = { pioDefault: 0, pioFlowControl: 1, multiwordDma: 4, ultraDma: 8 } as const;

export class DriveSettings {
    /** Sectors in a block of READ and WRITE MULTIPLE; 0 when these commands are off. */
    multipleSectorCount = initialMultipleSectorCount;
    isLookAheadOn = true;
    /** A bit for the chosen mode, as bits 10:8 of IDENTIFY word 63; 0 when none is. */
    multiwordDmaSelection = 0;
    /** The same for word 88, bits 13:8. */
    ultraDmaSelection = initialUltraDmaSelection;
    /** Spun down by STANDBY; the next command that needs the medium ends it. */
    isStandby = false;

    /** SET FEATURES 03h. Returns false for a mode that IDENTIFY does not offer. */
    setTransferMode(count: number): boolean {
        const type = (count >>> 3) & 31;
        const mode = count & 7;
        if (type === TransferType.pioDefault) {
            return mode <= 1;
        }
        if (type === TransferType.pioFlowControl) {
            return mode <= 4;
        }
        const isMultiword = type === TransferType.multiwordDma && mode <= 2;
        const isUltra = type === TransferType.ultraDma && mode <= 5;
        if (isMultiword || isUltra) {
            this.multiwordDmaSelection = isMultiword ? 1 << mode : 0;
            this.ultraDmaSelection = isUltra ? 1 << mode : 0;
        }
        return isMultiword || isUltra;
    }

    /** SET MULTIPLE MODE. Returns false for a block size that is not offered; 0 turns it off. */
    setMultiple(sectorCount: number): boolean {
        const isPowerOfTwo = (sectorCount & (sectorCount - 1)) === 0;
        if (!isPowerOfTwo || sectorCount > 16) {
            return false;
        }
        this.multipleSectorCount = sectorCount;
        return true;
    }

    reset(): void {
        this.multipleSectorCount = initialMultipleSectorCount;
        this.isLookAheadOn = true;
        this.multiwordDmaSelection = 0;
        this.ultraDmaSelection = initialUltraDmaSelection;
        this.isStandby = false;
    }

    save(): StateRecord {
        return {
            version: 1,
            multipleSectorCount: this.multipleSectorCount,
            isLookAheadOn: this.isLookAheadOn,
            multiwordDmaSelection: this.multiwordDmaSelection,
            ultraDmaSelection: this.ultraDmaSelection,
            isStandby: this.isStandby,
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.multipleSectorCount = state.number("multipleSectorCount");
        this.isLookAheadOn = state.boolean("isLookAheadOn");
        this.multiwordDmaSelection = state.number("multiwordDmaSelection");
        this.ultraDmaSelection = state.number("ultraDmaSelection");
        this.isStandby = state.boolean("isStandby");
    }
}
