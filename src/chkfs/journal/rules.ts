/**
 * How a journal is read: soundly, or with the reference replayer's habits.
 *
 * The reference differs from the format's own arithmetic in four places (docs/DIFFERENCES.md).
 * Each is a switch here, so that a verdict of the reference can be reproduced exactly.
 */
export interface JournalRules {
    /** Order metablocks by `seq` modulo 2^16; the reference compares plain numbers. */
    readonly orderModulo: boolean;
    /** Read no reference past the 339th; the reference walks on into the following blocks. */
    readonly boundReferences: boolean;
    /** Decide what is overwritten from the journal alone; the reference trusts the disk's bit. */
    readonly ignoreOverwrittenBit: boolean;
    /** Refuse to replay over the superblock, swap or the journal; the reference does it. */
    readonly checkTargets: boolean;
}

export const soundRules: JournalRules = {
    orderModulo: true,
    boundReferences: true,
    ignoreOverwrittenBit: true,
    checkTargets: true,
};

export const referenceRules: JournalRules = {
    orderModulo: false,
    boundReferences: false,
    ignoreOverwrittenBit: false,
    checkTargets: false,
};
