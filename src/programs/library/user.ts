/**
 * What a program has: its memory, system calls (the classes below this one), words for people,
 * and checks.
 *
 * It is made anew whenever a program begins, and again when a fork plays it back; it keeps nothing
 * but what follows from the operations' results.
 */
import { functionSpacing, UserAddress } from "../../kernel/interface/constants.ts";
import { errorName, isError } from "../../kernel/interface/error-code.ts";
import type { EntryRegisters, UserContext } from "../../kernel/interface/program-image.ts";
import { SystemCall } from "../../kernel/interface/system-call.ts";
import type { Steps } from "./steps.ts";
import { SystemCalls } from "./system-calls.ts";

/** A function that a thread can begin in; what it returns is given to `texit`, 0 for nothing. */
export type ThreadFunction = (user: User, argument: number) => Steps<number> | Steps;

/** What a program is to all of its threads. */
export interface ProgramText {
    readonly name: string;
    readonly dataBytes: number;
    /** In the order of their addresses, after `process_main`. */
    readonly threads: readonly ThreadFunction[];
}

export const pageBytes = 4096;

/** The screen's rows, cells of a row, and the bytes of a cell: a character and its colours. */
const rowCount = 25;
const columnCount = 80;
const cellBytes = 2;
/** Colours of cells: grey on black, and bright green on black. */
const plainColor = 0x0700;
export const successColor = 0x0a00;

export class User extends SystemCalls {
    readonly #text: ProgramText;

    constructor(context: UserContext, registers: EntryRegisters, text: ProgramText) {
        super(context, registers);
        this.#text = text;
    }

    /** The program's name. */
    get name(): string {
        return this.#text.name;
    }

    /** The first page after the program's data, which its stack is far above. */
    get heap(): number {
        return UserAddress.data + Math.ceil(this.#text.dataBytes / pageBytes) * pageBytes;
    }

    /** The first thread's `argv`, read from memory. */
    *argv(): Steps<readonly string[]> {
        const { argument: argc, secondArgument: argv } = this.registers;
        const strings: string[] = [];
        for (let index = 0; index < argc; index++) {
            const address = yield* this.loadLong(argv + 8 * index);
            strings.push(yield* this.loadString(address));
        }
        return strings;
    }

    /** Starts a thread in a function of this program. Returns its tid. */
    *clone(thread: ThreadFunction, argument: number, stackTop: number): Steps<number> {
        const index = this.#text.threads.indexOf(thread) + 1;
        const address = UserAddress.text + index * functionSpacing;
        return yield* this.cloneAt(address, argument, stackTop);
    }

    /** Writes to standard output, in one call. */
    *print(text: string): Steps {
        yield* this.writeText(1, text);
    }

    /** A line of `print`, in the colour of success. */
    *printSuccess(text: string): Steps {
        yield* this.print(`\x1b[92m${text}\x1b[0m\n`);
    }

    /** Writes into the screen's cells by itself, as `console_printf` of a program does. */
    *consolePrint(row: number, column: number, text: string, color = plainColor): Steps {
        const first = UserAddress.console + cellBytes * (row * columnCount + column);
        for (let index = 0; index < text.length; index++) {
            const cell = color | text.charCodeAt(index);
            yield this.context.store(first + cellBytes * index, 2, cell);
        }
    }

    /** Says what is wrong, on the screen's last row if nowhere else, and ends the run as failed. */
    *fail(message: string): Steps<never> {
        const text = `${this.name}: ${message}`;
        if (isError(yield* this.writeText(2, `${text}\n`))) {
            yield* this.consolePrint(rowCount - 1, 0, text.slice(0, columnCount));
        }
        for (;;) {
            yield this.call(SystemCall.panic, 0);
        }
    }

    /** Fails unless `actual` is `expected`; `what` says of what. */
    *check<Value extends number | string>(actual: Value, expected: Value, what: string): Steps {
        if (actual !== expected) {
            const values = `expected ${valueText(expected)}, got ${valueText(actual)}`;
            yield* this.fail(`${what}: ${values}`);
        }
    }

    /** Fails unless `condition` holds; `what` says what it is. */
    *assert(condition: boolean, what: string): Steps {
        if (!condition) {
            yield* this.fail(`not so: ${what}`);
        }
    }

    /** Fails if `result` is an error; returns it. */
    *succeed(result: number, what: string): Steps<number> {
        if (isError(result)) {
            yield* this.fail(`${what}: ${valueText(result)}`);
        }
        return result;
    }
}

function valueText(value: number | string): string {
    if (typeof value === "string") {
        return JSON.stringify(value);
    }
    return isError(value) ? `${value} (${errorName(value)})` : `${value}`;
}
