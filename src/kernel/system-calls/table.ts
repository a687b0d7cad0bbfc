/** The table of system calls: which number is carried out by what. */
import { fileCalls } from "./file-calls.ts";
import { futexCalls } from "./futex-calls.ts";
import type { SystemCallHandler } from "./handler.ts";
import { kernelTestCalls } from "./kernel-test-calls.ts";
import { memoryCalls } from "./memory-calls.ts";
import { processCalls } from "./process-calls.ts";
import { threadCalls } from "./thread-calls.ts";

/** By number; a number that is not here is E_NOSYS. */
export const systemCallTable: ReadonlyMap<number, SystemCallHandler> = new Map([
    ...processCalls,
    ...threadCalls,
    ...memoryCalls,
    ...futexCalls,
    ...fileCalls,
    ...kernelTestCalls,
]);
