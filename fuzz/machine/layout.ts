/** Where the fuzzer's driver keeps things in guest memory, and the addresses that it knows. */

/** Small, so that all of it is looked at often. */
export const memoryBytes = 2 ** 21;
export const diskBytes = 2 ** 18;

export const ahciBase = 0xfebf_1000;
export const ioApicBase = 0xfec0_0000;
export const localApicBase = 0xfee0_0000;

/** Port 0's registers, from `ahciBase` on (AHCI 1.3.1, 3.3). */
export const portRegister = {
    PxCLB: 0x100,
    PxCLBU: 0x104,
    PxFB: 0x108,
    PxFBU: 0x10c,
    PxIS: 0x110,
    PxIE: 0x114,
    PxCMD: 0x118,
    PxTFD: 0x120,
    PxSIG: 0x124,
    PxSSTS: 0x128,
    PxSCTL: 0x12c,
    PxSERR: 0x130,
    PxSACT: 0x134,
    PxCI: 0x138,
} as const;

export const commandList = 0x1_0000;
export const receivedFis = 0x1_0400;
export const commandTables = 0x1_1000;
export const commandTableBytes = 0x400;
export const buffers = 0x10_0000;
export const screen = 0xb_8000;
/** Page tables: root, then a table for each level and a second last one. */
export const pageTables = 0x4_0000;
