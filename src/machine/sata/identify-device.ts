/**
 * The IDENTIFY DEVICE block: 256 words by which a drive says what it is.
 *
 * It is the block of QEMU's IDE disk, word for word, except for the serial number, the model and
 * the size; so a kernel that runs there finds here what it looks for. The table says of each word
 * that is not zero what it means. Strings have the first character of each pair in the high byte.
 *
 * Source: ACS-3, 7.12; words that it calls obsolete, ATA-5, 8.12.
 */
import { assert } from "../../base/assert.ts";
import { sectorSize } from "../../base/sector.ts";
import type { DriveSettings } from "./drive-settings.ts";

/** Who a drive says it is: printable ASCII, filled up with blanks. */
export interface DriveIdentity {
    /** At most 20 characters. */
    readonly serialNumber: string;
    /** At most 8 characters. */
    readonly firmwareRevision: string;
    /** At most 40 characters. */
    readonly model: string;
}

export const defaultIdentity: DriveIdentity = {
    serialNumber: "CHICKADEE0001",
    firmwareRevision: "2.5+",
    model: "CHICKADEE LABORATORY DISK",
};

interface IdentifyWord {
    readonly word: number;
    readonly value: number;
    readonly meaning: string;
}

/** The words that are the same for every drive of ours, as a drive begins. */
export const fixedWords: readonly IdentifyWord[] = [
    {
        word: 0,
        value: 0x0040,
        meaning: "bit 6: not removable; bit 2 clear: this block is complete",
    },
    { word: 3, value: 16, meaning: "default heads, obsolete" },
    { word: 4, value: 0x7e00, meaning: "unformatted bytes a track, retired: 63 sectors" },
    { word: 5, value: 0x0200, meaning: "unformatted bytes a sector, retired" },
    { word: 6, value: 63, meaning: "default sectors a track, obsolete" },
    { word: 20, value: 3, meaning: "buffer type, retired: dual-ported with read-ahead" },
    { word: 21, value: 512, meaning: "buffer size in sectors, retired" },
    { word: 22, value: 4, meaning: "bytes after the data of READ LONG, obsolete" },
    { word: 47, value: 0x8010, meaning: "bits 7:0: SET MULTIPLE MODE takes up to 16 sectors" },
    { word: 48, value: 0x0001, meaning: "bit 0: double word transfers, obsolete" },
    { word: 49, value: 0x0b00, meaning: "bits 11, 9, 8: IORDY, LBA and DMA" },
    { word: 51, value: 0x0200, meaning: "PIO cycle timing mode 2, obsolete" },
    { word: 52, value: 0x0200, meaning: "DMA cycle timing mode 2, obsolete" },
    { word: 53, value: 0x0007, meaning: "bits 2, 1, 0: words 88, 70:64 and 58:54 are valid" },
    { word: 55, value: 16, meaning: "current heads, obsolete" },
    { word: 56, value: 63, meaning: "current sectors a track, obsolete" },
    { word: 62, value: 0x0007, meaning: "single word DMA modes 0 to 2, obsolete" },
    { word: 63, value: 0x0007, meaning: "multiword DMA modes 0 to 2; bits 10:8 the chosen one" },
    { word: 64, value: 0x0003, meaning: "PIO modes 3 and 4" },
    { word: 65, value: 120, meaning: "shortest multiword DMA cycle, ns" },
    { word: 66, value: 120, meaning: "recommended multiword DMA cycle, ns" },
    { word: 67, value: 120, meaning: "shortest PIO cycle without IORDY, ns" },
    { word: 68, value: 120, meaning: "shortest PIO cycle with IORDY, ns" },
    { word: 69, value: 0x4000, meaning: "bit 14: what was trimmed reads the same each time" },
    { word: 75, value: 31, meaning: "bits 4:0: queue depth, less one" },
    { word: 76, value: 0x0100, meaning: "bit 8: native command queuing" },
    { word: 80, value: 0x00f0, meaning: "bits 7:4: ATA/ATAPI-4 to -7" },
    { word: 81, value: 0x0016, meaning: "minor version: ATA/ATAPI-5 T13/1321D revision 3" },
    { word: 82, value: 0x4021, meaning: "supports bit 14 NOP, 5 volatile write cache, 0 SMART" },
    { word: 83, value: 0x7400, meaning: "bit 14 set; 13, 12 FLUSH CACHE (EXT), 10 48-bit LBA" },
    { word: 84, value: 0x4000, meaning: "bit 14 set; bit 6 WRITE DMA FUA EXT" },
    { word: 85, value: 0x4001, meaning: "enabled of word 82: bit 5 follows SET FEATURES" },
    { word: 86, value: 0x3400, meaning: "enabled of word 83" },
    { word: 87, value: 0x4000, meaning: "bit 14 set; bit 6 as in word 84" },
    { word: 88, value: 0x003f, meaning: "Ultra DMA modes 0 to 5; bits 13:8 the chosen one" },
    { word: 93, value: 0x6001, meaning: "bits 14, 13, 0: reset result of a parallel drive" },
    {
        word: 106,
        value: 0x6000,
        meaning: "bit 14 set; 13 with 3:0 zero: one sector a physical one",
    },
    { word: 169, value: 0x0001, meaning: "bit 0: DATA SET MANAGEMENT trims" },
];

/** Word 85, bit 5: the volatile write cache is on. */
const writeCacheBit = 0x0020;
/** Words 84 and 87, bit 6: WRITE DMA FUA EXT. */
const fuaBit = 0x0040;
/** Word 59, bit 8: bits 7:0 are the block size of READ and WRITE MULTIPLE. */
const multipleValidBit = 0x0100;

/** What beside the settings decides the block. */
export interface IdentifyFacts {
    readonly identity: DriveIdentity;
    readonly sectorCount: number;
    readonly isCacheOn: boolean;
    readonly advertisesFua: boolean;
}

/** The block's 512 bytes, as the drive is now. */
export function identifyDeviceBlock(facts: IdentifyFacts, settings: DriveSettings): Uint8Array {
    const block = new Uint8Array(512);
    const words = new DataView(block.buffer);
    for (const { word, value } of fixedWords) {
        words.setUint16(2 * word, value, true);
    }
    const addBits = (word: number, bits: number) =>
        words.setUint16(2 * word, words.getUint16(2 * word, true) | bits, true);

    putString(block, 10, 10, facts.identity.serialNumber);
    putString(block, 23, 4, facts.identity.firmwareRevision);
    putString(block, 27, 20, facts.identity.model);
    putSize(words, facts.sectorCount);
    if (settings.multipleSectorCount !== 0) {
        addBits(59, multipleValidBit | settings.multipleSectorCount);
    }
    addBits(63, settings.multiwordDmaSelection << 8);
    addBits(88, settings.ultraDmaSelection << 8);
    if (facts.isCacheOn) {
        addBits(85, writeCacheBit);
    }
    if (facts.advertisesFua) {
        addBits(84, fuaBit);
        addBits(87, fuaBit);
    }
    return block;
}

/** What the geometry of old can say at most. */
const headCount = 16;
const sectorsPerTrack = 63;
const maxCylinderCount = 16_383;
/** What 28 bits of LBA reach, as word 61:60 say it. */
const maxSectorCount28 = 0x0fff_ffff;

/** The words that say how large the drive is: by cylinders, by 28 and by 48 bits of LBA. */
function putSize(words: DataView, sectorCount: number): void {
    const cylinderSectors = headCount * sectorsPerTrack;
    const cylinderCount = Math.min(Math.floor(sectorCount / cylinderSectors), maxCylinderCount);
    words.setUint16(2 * 1, cylinderCount, true);
    words.setUint16(2 * 54, cylinderCount, true);
    words.setUint32(2 * 57, cylinderCount * cylinderSectors, true);
    words.setUint32(2 * 60, Math.min(sectorCount, maxSectorCount28), true);
    words.setUint32(2 * 100, sectorCount % 2 ** 32, true);
    words.setUint32(2 * 102, Math.floor(sectorCount / 2 ** 32), true);
}

/** An ATA string: each word's high byte comes first. */
function putString(block: Uint8Array, word: number, wordCount: number, text: string): void {
    const padded = text.padEnd(2 * wordCount);
    assert(
        padded.length === 2 * wordCount && /^[ -~]*$/.test(padded),
        `a drive's '${text}' is at most ${2 * wordCount} printable ASCII characters`,
    );
    for (let index = 0; index < padded.length; index++) {
        block[2 * word + (index ^ 1)] = padded.charCodeAt(index);
    }
}

assert(sectorSize === 512, "word 106 says that sectors have 512 bytes");
