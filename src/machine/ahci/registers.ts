/**
 * The AHCI register map, as data: offsets, bits, and what can be written.
 *
 * Sections are those of "Serial ATA Advanced Host Controller Interface", revision 1.3.1.
 */

/** Command slots of a port (CAP.NCS is one less). */
export const slotCount = 32;
/** Ports that exist, from 0 on. The map has room for 32. */
export const portCount = 6;
/** Where port 0's registers begin, and bytes from one port's to the next (3.3). */
export const firstPortOffset = 0x100;
export const portSizeBytes = 0x80;

/** Generic host control (3.1), by offset. */
export const HostRegister = {
    /** Capabilities (3.1.1). */
    CAP: 0x00,
    /** Global host control (3.1.2). */
    GHC: 0x04,
    /** Interrupt status: a bit a port (3.1.3). */
    IS: 0x08,
    /** Ports implemented: a bit a port (3.1.4). */
    PI: 0x0c,
    /** Version (3.1.5). */
    VS: 0x10,
    /** Command completion coalescing (3.1.6, 3.1.7); CAP.CCCS says that there is none. */
    CCC_CTL: 0x14,
    CCC_PORTS: 0x18,
    /** Enclosure management (3.1.8, 3.1.9); CAP.EMS says that there is none. */
    EM_LOC: 0x1c,
    EM_CTL: 0x20,
    /** Extended capabilities (3.1.10). */
    CAP2: 0x24,
    /** Handoff from the firmware (3.1.11); CAP2.BOH says that there is none. */
    BOHC: 0x28,
} as const;

/** GHC (3.1.2). */
export const Ghc = {
    /** AE: the controller is used as AHCI. CAP.SAM is set, so it always is. */
    ahciEnable: 0x8000_0000,
    /** IE: the controller may raise its interrupt. */
    interruptEnable: 0x2,
    /** HR: resets the controller; reads 0 when that is done. */
    reset: 0x1,
} as const;

/**
 * What the controller can do, as QEMU's q35 says: 64-bit addresses (S64A), queued commands (SNCQ),
 * first-generation speed (ISS 1), AHCI only (SAM), 32 slots (NCS 31), 6 ports (NP 5).
 */
export const capabilities = 0xc014_1f05;
/** PI: ports 0 to 5. */
export const portsImplemented = 2 ** portCount - 1;
/** AHCI 1.0, as QEMU says. */
export const ahciVersion = 0x0001_0000;

/** A port's registers (3.3), by offset from the port's first. */
export const PortRegister = {
    /** Command list base, low and high half; 1 KiB aligned (3.3.1, 3.3.2). */
    PxCLB: 0x00,
    PxCLBU: 0x04,
    /** Received-FIS area, low and high half; 256-byte aligned (3.3.3, 3.3.4). */
    PxFB: 0x08,
    PxFBU: 0x0c,
    /** Interrupt status (3.3.5). */
    PxIS: 0x10,
    /** Interrupt enable, the same bits (3.3.6). */
    PxIE: 0x14,
    /** Command and status (3.3.7). */
    PxCMD: 0x18,
    /** Task file: error in bits 15:8, status in bits 7:0 (3.3.8). */
    PxTFD: 0x20,
    /** Signature of the drive: LBA high, mid, low, sector count (3.3.9). */
    PxSIG: 0x24,
    /** SStatus: IPM in bits 11:8, SPD in 7:4, DET in 3:0 (3.3.10). */
    PxSSTS: 0x28,
    /** SControl: the same fields, as orders (3.3.11). */
    PxSCTL: 0x2c,
    /** SError: what happened on the link (3.3.12). */
    PxSERR: 0x30,
    /** Queued commands that are outstanding, a bit a tag (3.3.13). */
    PxSACT: 0x34,
    /** Commands that are issued, a bit a slot (3.3.14). */
    PxCI: 0x38,
    /** Notification (3.3.15), FIS-based switching (3.3.16), device sleep (3.3.17): none. */
    PxSNTF: 0x3c,
    PxFBS: 0x40,
    PxDEVSLP: 0x44,
} as const;

/** Bits of PxCLB and PxFB that are wired to 0. */
export const commandListAlignBytes = 1024;
export const fisAreaAlignBytes = 256;

/** PxIS and PxIE (3.3.5, 3.3.6). */
export const PortInterrupt = {
    /** TFES: the drive reported an error. Stops the port. */
    taskFileError: 0x4000_0000,
    /** HBFS: an address outside memory. Stops the port. */
    hostBusFatal: 0x2000_0000,
    /** HBDS: memory gave damaged data; this memory never does. Stops the port. */
    hostBusData: 0x1000_0000,
    /** IFS: a frame that the drive cannot take. Stops the port. */
    interfaceFatal: 0x0800_0000,
    /** INFS: the link went wrong and recovered; this link never does. */
    interfaceNonFatal: 0x0400_0000,
    /** OFS: a command moves more than its scatter-gather list describes. */
    overflow: 0x0100_0000,
    /** PRCS, a view of PxSERR.DIAG.N. */
    phyReadyChange: 0x0040_0000,
    /** PCS, a view of PxSERR.DIAG.X. */
    portConnectChange: 0x40,
    /** DPS: an entry of a list whose I bit is set was moved whole. */
    descriptorProcessed: 0x20,
    /** UFS, a view of PxSERR.DIAG.F; this drive sends no unknown FIS. */
    unknownFis: 0x10,
    /** SDBS: a Set Device Bits FIS with I set came. */
    setDeviceBits: 0x08,
    /** DSS: a DMA Setup FIS with I set came; this drive sets no I there. */
    dmaSetup: 0x04,
    /** PSS: a PIO Setup FIS with I set came. */
    pioSetup: 0x02,
    /** DHRS: a Register FIS with I set came. */
    deviceToHost: 0x01,
} as const;

/** PxIS bits that writing 1 clears; the others there are views of PxSERR. */
export const portInterruptClearable = 0xfd80_00af;
/** PxIE bits that can be set: all that PxIS has. */
export const portInterruptEnables = 0xfdc0_00ff;

/** PxCMD (3.3.7). Of its other bits none does anything here; they read 0. */
export const PortCommand = {
    /** DLAE, ATAPI: for an activity light. Kept. */
    activityLight: 0x0300_0000,
    /** CR: the command list runs; follows ST. */
    listRunning: 0x8000,
    /** FR: FISes are received; follows FRE. */
    fisRunning: 0x4000,
    /** CCS in bits 12:8: the slot that was issued last. */
    currentSlotShift: 8,
    /** FRE: receive FISes. */
    fisReceiveEnable: 0x10,
    /** POD and SUD: always 1, for CAP.SSS and PxCMD.CPD say that they cannot be switched. */
    powerOn: 0x04,
    spinUp: 0x02,
    /** ST: process the command list. */
    start: 0x01,
} as const;

/** PxSERR (3.3.12): the events that this link knows. */
export const SataError = {
    /** ERR.P: a frame was against the protocol. */
    protocol: 0x0400,
    /** DIAG.N: the link went up or down. */
    phyReadyChange: 0x0001_0000,
    /** DIAG.H: the drive did not take a frame. */
    handshake: 0x0040_0000,
    /** DIAG.F: a FIS of unknown type came. */
    unknownFis: 0x0200_0000,
    /** DIAG.X: a drive announced itself (COMINIT). */
    exchanged: 0x0400_0000,
} as const;

/** PxSSTS (3.3.10). */
export const SataStatus = {
    /** No drive, or the link is in reset. */
    absent: 0x000,
    /** Active, first generation, drive present and link up. */
    active: 0x113,
    /** The port was switched off by PxSCTL. */
    offline: 0x004,
} as const;

/** PxSCTL.DET (3.3.11): orders to the link. PMP and SPM do not exist without CAP.SPM. */
export const SataControl = {
    writable: 0xfff,
    detectMask: 0xf,
    /** Go on resetting the link (COMRESET). */
    comreset: 0x1,
    /** Switch the port off. */
    disable: 0x4,
} as const;

/** PxTFD and PxSIG when no drive has spoken yet (3.3.8, 3.3.9). */
export const noTaskFile = 0x7f;
export const noSignature = 0xffff_ffff;
