/** The kernel, with every system call held to what it may result in. */
import { ErrorCode, errorName } from "../../src/kernel/interface/error-code.ts";
import { SystemCall } from "../../src/kernel/interface/system-call.ts";
import { Kernel, type KernelOptions } from "../../src/kernel/kernel.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import type { Program } from "../../src/machine/cpu/operation.ts";
import { callName } from "./action.ts";
import { reports } from "./hostile-program.ts";
import { KernelFailure } from "./kernel-failure.ts";

/** Results that a call may have. */
interface Contract {
    /** The lowest and the highest that are not errors. */
    readonly least: number;
    readonly most: number;
    readonly errors: readonly number[];
}

const {
    invalid,
    noMemory,
    tryAgain,
    badDescriptor,
    badAddress,
    noEntry,
    nameTooLong,
    noSpace,
    fileTooBig,
} = ErrorCode;

function contract(least: number, most: number, ...errors: readonly number[]): Contract {
    return { least, most, errors };
}

/** A pipe's two descriptors as one number. */
const mostPipe = 31 + 31 * 2 ** 32;
const addressEnd = 2 ** 47;
const transferErrors = [badDescriptor, badAddress] as const;
const nameErrors = [badAddress, nameTooLong] as const;

/** By number. E_INTR but for sleep is for processes that exit, and never seen by them. */
const contracts: ReadonlyMap<number, Contract> = new Map([
    [SystemCall.getpid, contract(2, 15)],
    [SystemCall.gettid, contract(2, 15)],
    [SystemCall.getppid, contract(1, 15)],
    [SystemCall.yield, contract(0, 0)],
    [SystemCall.pause, contract(0, 0)],
    [SystemCall.consoletype, contract(0, 0, invalid)],
    [SystemCall.pageAlloc, contract(0, 0, invalid, noMemory)],
    [SystemCall.fork, contract(2, 15, tryAgain, noMemory)],
    [SystemCall.read, contract(0, 2 ** 20, ...transferErrors)],
    [
        SystemCall.write,
        contract(0, 2 ** 20, ...transferErrors, ErrorCode.brokenPipe, noSpace, fileTooBig),
    ],
    [SystemCall.close, contract(0, 0, badDescriptor)],
    [SystemCall.dup2, contract(0, 31, badDescriptor)],
    [
        SystemCall.pipe,
        contract(
            0,
            mostPipe,
            ...[noMemory, ErrorCode.tooManyOpenFiles, ErrorCode.tooManyDescriptors],
        ),
    ],
    [
        SystemCall.execv,
        contract(
            0,
            0,
            ...[...nameErrors, ErrorCode.tooLong, noEntry, ErrorCode.notExecutable],
            ...[noMemory, tryAgain],
        ),
    ],
    [
        SystemCall.open,
        contract(
            0,
            31,
            ...[...nameErrors, noEntry, noSpace],
            ...[ErrorCode.tooManyDescriptors, ErrorCode.tooManyOpenFiles],
        ),
    ],
    [SystemCall.unlink, contract(0, 0, ...nameErrors, noEntry)],
    [SystemCall.readdiskfile, contract(0, -1, ErrorCode.inputOutput)],
    [SystemCall.sync, contract(0, 0)],
    [
        SystemCall.lseek,
        contract(0, Number.MAX_SAFE_INTEGER, badDescriptor, ErrorCode.cannotSeek, invalid),
    ],
    [SystemCall.ftruncate, contract(0, 0, badDescriptor, invalid, fileTooBig, noSpace)],
    [SystemCall.rename, contract(0, 0, ...nameErrors, noEntry, invalid)],
    [SystemCall.clone, contract(2, 15, badAddress, tryAgain, noMemory)],
    [SystemCall.ktest, contract(0, 1000, invalid, tryAgain, noMemory)],
    [SystemCall.mapConsole, contract(0, 0, invalid, noMemory)],
    [SystemCall.nastyalloc, contract(0, 0, noMemory)],
    [SystemCall.kalloc, contract(1, 511, noMemory)],
    [SystemCall.kfree, contract(0, 0, invalid)],
    [SystemCall.msleep, contract(0, 0, ErrorCode.interrupted)],
    [SystemCall.waitpid, contract(2, 15, badAddress, ErrorCode.noChild, tryAgain)],
    [SystemCall.futex, contract(0, 15, invalid, badAddress, tryAgain, ErrorCode.timeOut)],
    [SystemCall.shmget, contract(1, 2 ** 20, invalid, noMemory, noSpace)],
    [
        SystemCall.shmat,
        contract(0x10_0000, addressEnd, invalid, noMemory, ErrorCode.tooManyDescriptors),
    ],
    [SystemCall.shmdt, contract(0, 0, invalid)],
    [SystemCall.getusage, contract(0, 0, badAddress)],
    [SystemCall.listFiles, contract(0, 2 ** 16, badAddress)],
]);

/** Of numbers that no call has; and of calls that do not return. */
const noCall = contract(0, -1, ErrorCode.noSuchCall);
const noReturn = contract(0, -1);
const neverReturn: readonly number[] = [SystemCall.exit, SystemCall.texit, SystemCall.halt];

/** How often calls came to what, by `open E_NOENT` or `open`. */
export type CallCounts = Record<string, number>;

export class WatchedKernel extends Kernel {
    readonly #counts: CallCounts;

    constructor(options: KernelOptions, counts: CallCounts) {
        super(options);
        this.#counts = counts;
    }

    override *systemCall(context: Context, number: number, values: readonly number[]): Program {
        if (number === SystemCall.panic) {
            const what = reports[values[0]] ?? "a program found something wrong";
            throw new KernelFailure("memory", `${context.name}: ${what}`);
        }
        const result = (yield* super.systemCall(context, number, values)) ?? 0;
        const outcome = result < 0 ? ` ${errorName(result)}` : "";
        const key = `${contracts.has(number) ? callName(number) : "other"}${outcome}`;
        this.#counts[key] = (this.#counts[key] ?? 0) + 1;
        checkResult(number, result);
        return result;
    }
}

function checkResult(number: number, result: number): void {
    const known = contracts.get(number);
    const { least, most, errors } = known ?? (neverReturn.includes(number) ? noReturn : noCall);
    const isRight = Number.isSafeInteger(result) && result >= least && result <= most;
    if (!isRight && !errors.includes(result)) {
        throw new KernelFailure("result", `${callName(number)} resulted in ${result}`);
    }
}
