/**
 * Error numbers of system calls, Chickadee's (lib.hh): what a call returns instead of a result.
 *
 * A result is an error when it lies from -100 to -1. Two are not Chickadee's: it has no name for
 * a time limit that passed, and none for a segment that is gone; they have Linux's numbers.
 */

export const ErrorCode = {
    permission: -1,
    noEntry: -2,
    noSuchProcess: -3,
    interrupted: -4,
    inputOutput: -5,
    tooLong: -7,
    notExecutable: -8,
    badDescriptor: -9,
    noChild: -10,
    tryAgain: -11,
    noMemory: -12,
    badAddress: -14,
    invalid: -22,
    tooManyOpenFiles: -23,
    tooManyDescriptors: -24,
    fileTooBig: -27,
    noSpace: -28,
    cannotSeek: -29,
    brokenPipe: -32,
    outOfRange: -34,
    nameTooLong: -36,
    noSuchCall: -38,
    /** A wait's time is over. */
    timeOut: -62,
} as const;

export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

/** Whether a system call's result is an error. */
export function isError(result: number): result is ErrorCode {
    return result >= -100 && result < 0;
}

/** As C code has it: `E_AGAIN`. Numbers that have no name stay numbers. */
export function errorName(code: number): string {
    return errorNames.get(code) ?? `error ${code}`;
}

const errorNames: ReadonlyMap<number, string> = new Map([
    [ErrorCode.permission, "E_PERM"],
    [ErrorCode.noEntry, "E_NOENT"],
    [ErrorCode.noSuchProcess, "E_SRCH"],
    [ErrorCode.interrupted, "E_INTR"],
    [ErrorCode.inputOutput, "E_IO"],
    [ErrorCode.tooLong, "E_2BIG"],
    [ErrorCode.notExecutable, "E_NOEXEC"],
    [ErrorCode.badDescriptor, "E_BADF"],
    [ErrorCode.noChild, "E_CHILD"],
    [ErrorCode.tryAgain, "E_AGAIN"],
    [ErrorCode.noMemory, "E_NOMEM"],
    [ErrorCode.badAddress, "E_FAULT"],
    [ErrorCode.invalid, "E_INVAL"],
    [ErrorCode.tooManyOpenFiles, "E_NFILE"],
    [ErrorCode.tooManyDescriptors, "E_MFILE"],
    [ErrorCode.fileTooBig, "E_FBIG"],
    [ErrorCode.noSpace, "E_NOSPC"],
    [ErrorCode.cannotSeek, "E_SPIPE"],
    [ErrorCode.brokenPipe, "E_PIPE"],
    [ErrorCode.outOfRange, "E_RANGE"],
    [ErrorCode.nameTooLong, "E_NAMETOOLONG"],
    [ErrorCode.noSuchCall, "E_NOSYS"],
    [ErrorCode.timeOut, "E_TIME"],
]);
