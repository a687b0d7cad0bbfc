/**
 * The program that a case runs: it does what its scripts say.
 *
 * `process_main` of the first process does script 0; after execv it does the one for that. Threads
 * are started in scripts of higher numbers only, and the last one starts nothing, so all comes to
 * an end. Whatever is done meanwhile, and wherever threads are, a process does not outlive its
 * watchdog: a thread that waits for a while and then calls exit. So there is always somebody who
 * will wake up, and a deadlock is the kernel's.
 *
 * What is not as it must be is reported by sys_panic, with the number of what it is.
 */
import type { ProgramImage } from "../../src/kernel/interface/program-image.ts";
import { SystemCall } from "../../src/kernel/interface/system-call.ts";
import { Context } from "../../src/machine/cpu/context.ts";
import { program } from "../../src/programs/library/program.ts";
import type { Steps } from "../../src/programs/library/steps.ts";
import type { User } from "../../src/programs/library/user.ts";
import type { AccessKind, Action, Handle, Life, Operand, PrivilegedKind } from "./action.ts";
import {
    argvAddress,
    bufferPages,
    canaryPage,
    dataBytes,
    nameAddress,
    names,
    ownPage,
    pageBytes,
    watchdogFunction,
} from "./layout.ts";
import { meet, waker } from "./meeting.ts";

export const programName = "hostile";
/** The first process has so many arguments, and no other. */
export const firstArgumentCount = 3;
/** The script that a process begins with after execv, and the last one. */
export const execScript = 3;
export const leafScript = 4;
export const scriptCount = 5;

/** What a program can report, by number. */
export const reports = [
    "the canary is another's or damaged",
    "what must fault did not",
    "a new page is not zeros",
    "a page of a thread's own was written by another",
    "a wakeup was lost",
] as const;

export interface Scripts {
    readonly scripts: readonly (readonly Action[])[];
    /** Of the first process, and of one that execv began. */
    readonly life: Life;
}

export function hostileProgram({ scripts, life }: Scripts): ProgramImage {
    const threads = scripts.map(
        (actions) =>
            function* (user: User): Steps<number> {
                return yield* new Thread(user).run(actions);
            },
    );
    return program(
        programName,
        function* (user) {
            yield* writeNames(user);
            const isFirst = user.registers.argument === firstArgumentCount;
            const thread = new Thread(user);
            yield* thread.beginProcess(life);
            return yield* thread.run(scripts[isFirst ? 0 : execScript]);
        },
        { dataBytes, threads: [watchdog, waker, ...threads] },
    );
}

/** Steps, and then sleeps, for what its argument says, and ends the process. */
function* watchdog(user: User, argument: number): Steps {
    const { stepCount, milliseconds } = lifeOf(argument);
    for (let step = 0; step < stepCount; step++) {
        yield user.context.step();
    }
    if (milliseconds > 0) {
        yield* user.msleep(milliseconds);
    }
    yield* user.exit(0);
}

const lifeBase = 2 ** 16;

function argumentOf({ stepCount, milliseconds }: Life): number {
    return milliseconds * lifeBase + stepCount;
}

function lifeOf(argument: number): Life {
    return { stepCount: argument % lifeBase, milliseconds: Math.floor(argument / lifeBase) };
}

function* writeNames(user: User): Steps {
    for (const name of names) {
        yield* user.storeBytes(nameAddress(name), `${name}\0`);
    }
    for (const [index, name] of (["hostile", "a"] as const).entries()) {
        yield user.context.store64(argvAddress + 8 * index, BigInt(nameAddress(name)));
    }
}

/** Offsets of the words of a page that are looked at. */
const markedOffsets = [0, 2048, pageBytes - 4];

/** A thread, with what it remembers. It is played back by forks, as all of a program is. */
class Thread {
    readonly #user: User;
    #pid = 0;
    #tid = 0;
    readonly #handles = new Map<Handle, number>();

    constructor(user: User) {
        this.#user = user;
    }

    *run(actions: readonly Action[]): Steps<number> {
        yield* this.#learnNumbers();
        for (const action of actions) {
            yield* this.#do(action);
        }
        return 0;
    }

    /** Of a process with one thread: marks the canary's page, and starts the watchdog. */
    *beginProcess(life: Life): Steps {
        const user = this.#user;
        yield* this.#learnNumbers();
        for (const offset of markedOffsets) {
            yield user.store(canaryPage + offset, this.#canary(offset));
        }
        const stackTop = bufferPages + pageBytes;
        const tid = yield* user.cloneAt(watchdogFunction, argumentOf(life), stackTop);
        if (tid < 0) {
            // Without it, nothing would end what may block.
            yield* user.exit(0);
        }
    }

    *#learnNumbers(): Steps {
        this.#pid = yield* this.#user.getpid();
        this.#tid = yield* this.#user.gettid();
    }

    *#do(action: Action): Steps {
        const { context } = this.#user;
        switch (action.do) {
            case "call":
                for (let time = 0; time < (action.times ?? 1); time++) {
                    yield* this.#call(action.call, action.operands);
                }
                break;
            case "access":
                yield* access(this.#user, action.kind, this.#value(action.address), action.value);
                break;
            case "trespass":
                yield* access(this.#user, action.kind, action.address, 0);
                yield* this.#report(1);
                break;
            case "privileged":
                yield* privileged(this.#user, action.kind);
                yield* this.#report(1);
                break;
            case "check canary":
                yield* this.#checkCanary();
                break;
            case "own page":
                yield* this.#useOwnPage(action.stepCount);
                break;
            case "meet":
                if (yield* meet(this.#user, this.#tid, action)) {
                    yield* this.#report(4);
                }
                break;
            case "linger":
                for (let step = 0; step < action.stepCount; step++) {
                    yield action.pauses ? context.pause() : context.step();
                }
                break;
            case "fork":
                yield* this.#fork(action);
                break;
        }
    }

    *#call(number: number, operands: readonly Operand[]): Steps {
        const values = operands.map((operand) => this.#value(operand));
        const result = yield this.#user.call(number, ...values);
        if (result < 0) {
            return;
        }
        if (number === SystemCall.pipe) {
            this.#handles.set("pipe to read", result % 2 ** 32);
            this.#handles.set("pipe to write", Math.floor(result / 2 ** 32));
            return;
        }
        const handle = handleOf.get(number);
        if (handle !== undefined) {
            this.#handles.set(handle, result);
        }
    }

    *#fork({ life, becomes }: Action & { do: "fork" }): Steps {
        const user = this.#user;
        const result = yield* user.fork();
        if (result > 0) {
            this.#handles.set("child", result);
        }
        if (result !== 0) {
            return;
        }
        if (becomes === undefined) {
            yield* this.beginProcess(life);
        } else {
            const { path, argumentCount } = becomes;
            yield user.call(SystemCall.execv, path, argvAddress, argumentCount);
            yield* user.exit(0);
        }
    }

    *#checkCanary(): Steps {
        for (const offset of markedOffsets) {
            if ((yield this.#user.load(canaryPage + offset)) !== this.#canary(offset)) {
                yield* this.#report(0);
            }
        }
    }

    *#useOwnPage(stepCount: number): Steps {
        const user = this.#user;
        const page = ownPage(this.#tid);
        if ((yield* user.pageAlloc(page)) !== 0) {
            return;
        }
        for (const offset of markedOffsets) {
            if ((yield user.load(page + offset)) !== 0) {
                yield* this.#report(2);
            }
            yield user.store(page + offset, this.#canary(offset));
        }
        for (let step = 0; step < stepCount; step++) {
            yield user.context.step();
        }
        for (const offset of markedOffsets) {
            if ((yield user.load(page + offset)) !== this.#canary(offset)) {
                yield* this.#report(3);
            }
        }
    }

    *#report(report: number): Steps<never> {
        for (;;) {
            yield this.#user.call(SystemCall.panic, report);
        }
    }

    /** What a marked word holds: another number in each process, and at each place. */
    #canary(offset: number): number {
        return 0xca00_0000 + this.#pid * 0x1_0000 + offset;
    }

    #value(operand: Operand): number {
        return typeof operand === "number"
            ? operand
            : (this.#handles.get(operand.handle) ?? 0) + operand.plus;
    }
}

const handleOf: ReadonlyMap<number, Handle> = new Map([
    [SystemCall.open, "descriptor"],
    [SystemCall.dup2, "descriptor"],
    [SystemCall.shmget, "segment"],
    [SystemCall.shmat, "attached"],
    [SystemCall.kalloc, "kept page"],
    [SystemCall.clone, "thread"],
]);

function* access({ context }: User, kind: AccessKind, address: number, value: number): Steps {
    switch (kind) {
        case "load":
            yield context.load(address, 4);
            break;
        case "store":
            yield context.store(address, 4, value);
            break;
        case "load64":
            yield context.load64(address);
            break;
        case "store64":
            yield context.store64(address, BigInt(value));
            break;
        case "exchange":
            yield context.exchange(address, 4, value);
            break;
        case "compareExchange":
            yield context.compareExchange(address, 4, 0, value);
            break;
        case "fetchAdd":
            yield context.fetchAdd(address, 4, value);
            break;
        case "copy":
            yield context.copy(bufferPages, address, 8);
            break;
        case "fill":
            yield context.fill(address, 8, value);
            break;
    }
}

/** A user's context has no such operations by its type; a program in assembly has all of them. */
function* privileged({ context }: User, kind: PrivilegedKind): Steps {
    if (!(context instanceof Context)) {
        return;
    }
    switch (kind) {
        case "halt":
            yield context.halt();
            break;
        case "disableInterrupts":
            yield context.disableInterrupts();
            break;
        case "loadPageTable":
            yield context.loadPageTable(0x6000);
            break;
        case "invalidatePage":
            yield context.invalidatePage(bufferPages);
            break;
        case "input":
            yield context.input(0x64, 1);
            break;
        case "output":
            yield context.output(0x604, 2, 0x2000);
            break;
    }
}
