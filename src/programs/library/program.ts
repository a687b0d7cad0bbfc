/**
 * Makes a program's image of its functions.
 *
 *     export const hello = program("hello", function* (user) {
 *         yield* user.print("hello, world\n");
 *     });
 *
 * What `process_main` returns is the process's exit status, 0 if nothing; what a thread's function
 * returns is the thread's.
 */
import type { ProgramImage, UserFunction } from "../../kernel/interface/program-image.ts";
import type { Steps } from "./steps.ts";
import { type ProgramText, type ThreadFunction, User } from "./user.ts";

export type MainFunction = (user: User) => Steps<number> | Steps;

export interface ProgramOptions {
    /** Bytes of globals, from `UserAddress.data` on. */
    readonly dataBytes?: number;
    /** Functions that `clone` starts. */
    readonly threads?: readonly ThreadFunction[];
}

export function program(
    name: string,
    main: MainFunction,
    { dataBytes = 0, threads = [] }: ProgramOptions = {},
): ProgramImage {
    const text: ProgramText = { name, dataBytes, threads };
    const threadFunctions = threads.map((thread) => threadFunction(text, thread));
    return { name, dataBytes, functions: [mainFunction(text, main), ...threadFunctions] };
}

function mainFunction(text: ProgramText, main: MainFunction): UserFunction {
    return function* (context, registers) {
        const user = new User(context, registers, text);
        yield* user.exit((yield* main(user)) ?? 0);
    };
}

function threadFunction(text: ProgramText, thread: ThreadFunction): UserFunction {
    return function* (context, registers) {
        const user = new User(context, registers, text);
        yield* user.texit((yield* thread(user, registers.argument)) ?? 0);
    };
}
