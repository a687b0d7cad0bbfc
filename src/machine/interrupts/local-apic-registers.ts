/**
 * The local APIC's registers, as the Intel SDM, volume 3, chapter 11 has them. All are 32 bits
 * wide and stand 16 bytes apart, from where every processor sees its own local APIC.
 */
import { localVectorCount } from "./local-vector-table.ts";

/** Where a processor sees its local APIC, and the bytes that it takes there (11.4.1). */
export const localApicAddress = 0xfee0_0000;

/** Offsets (table 11-1). */
export const Register = {
    id: 0x020,
    version: 0x030,
    taskPriority: 0x080,
    arbitrationPriority: 0x090,
    processorPriority: 0x0a0,
    endOfInterrupt: 0x0b0,
    remoteRead: 0x0c0,
    logicalDestination: 0x0d0,
    destinationFormat: 0x0e0,
    spuriousVector: 0x0f0,
    /** ISR, TMR and IRR are eight registers each. */
    inService: 0x100,
    triggerMode: 0x180,
    requests: 0x200,
    requestsEnd: 0x280,
    errorStatus: 0x280,
    commandLow: 0x300,
    commandHigh: 0x310,
    localVectors: 0x320,
    lint0: 0x350,
    lint1: 0x360,
    localVectorsEnd: 0x320 + 16 * localVectorCount,
    initialCount: 0x380,
    currentCount: 0x390,
    divideConfiguration: 0x3e0,
} as const;

/** Version 0x14; the highest local vector is 5; EOI broadcasts cannot be suppressed (11.4.8). */
export const versionValue = 0x0005_0014;

/** SVR (11.9). Bits 7:0 are the spurious vector. */
export const SpuriousVector = {
    vector: 0xff,
    enabled: 0x100,
    writable: 0x1ff,
    initial: 0xff,
} as const;

/** Errors that can happen here (11.5.3). */
export const ApicError = {
    sendIllegalVector: 0x20,
    receiveIllegalVector: 0x40,
    illegalRegister: 0x80,
} as const;

/** The destination of messages to everyone. */
export const broadcastDestination = 0xff;

/** Vectors below this one are not for interrupts (11.5.2). */
export const firstLegalVector = 16;
