/** Bytes that a disk writes whole or not at all, whatever happens (ATA: one logical sector). */
export const sectorSize = 512;
