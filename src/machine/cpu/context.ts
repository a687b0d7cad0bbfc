/**
 * A context: one thread of control, with the stack of programs that it is inside of.
 *
 * At the bottom stands the program that was started; a system call, an exception or an interrupt
 * puts the kernel's handler on top, and when that returns the program below goes on, as with
 * `iretq`. A context that is not on a CPU keeps all of this, so a kernel blocks a task by
 * switching its CPU to another context, and goes on with it later, on any CPU.
 *
 * All programs of a context ask for operations by its methods, which are those of `Operands`.
 */
import { assert } from "../../base/assert.ts";
import type { Cpu } from "./cpu.ts";
import { Frame, type FrameCause } from "./frame.ts";
import { Operands } from "./operands.ts";
import { type Operation, OperationCode, type Program } from "./operation.ts";
import { defaultRecordLimit, ProgramRecord } from "./program-record.ts";

/** In what mode a context's own program begins. */
export interface ProgramMode {
    readonly isUser: boolean;
    readonly interruptsEnabled: boolean;
}

/** Makes a program that asks the given context for its operations. */
export type ProgramMaker = (context: Context) => Program;

/** How a user program begins that may be forked. */
export interface UserProgramMode {
    readonly interruptsEnabled: boolean;
    /** Results of operations that are recorded for forks, beyond which there are none. */
    readonly recordLimit?: number;
}

export class Context extends Operands {
    /** Who it is, for people: a task's name. */
    readonly name: string;
    /** The program on top, which runs, is last. */
    readonly frames: Frame[] = [];
    /** The CPU that it is on. */
    cpu: Cpu | undefined;
    /** The kernel function at work, where the kernel says so; the disk's trace records it. */
    origin: string | undefined;
    /** What the next operation is about, where the kernel says so: a lock, a queue, a cell. */
    subject: string | undefined;
    /** Whom `switchTo` asked for. */
    target: Context | undefined;

    constructor(name: string) {
        super();
        this.name = name;
    }

    /** Puts the context's own program at the bottom. A context is started once. */
    start(program: Program, mode: ProgramMode): void {
        assert(this.frames.length === 0, `context ${this.name} is started once`);
        this.frames.push(bottomFrame(program, mode));
    }

    /**
     * Puts another program in place of the one at the bottom, which is never heard of again; for a
     * handler of the kernel, whose return then begins the new one. That is how execv does it.
     */
    replace(program: Program, mode: ProgramMode): void {
        assert(this.frames.length > 1, `context ${this.name} is replaced from within the kernel`);
        this.frames[0] = bottomFrame(program, mode);
    }

    /**
     * Puts a user program at the bottom that can be forked: it is recorded, and keeps the rules in
     * the head of program-record.ts. `make` is called when it first runs.
     */
    startUser(make: ProgramMaker, mode: UserProgramMode): void {
        assert(this.frames.length === 0, `context ${this.name} is started once`);
        this.frames.push(this.#recordedFrame(make, mode));
    }

    /** As `replace`, with a user program that can be forked, and with interrupts on. */
    replaceUser(make: ProgramMaker, mode: UserProgramMode = { interruptsEnabled: true }): void {
        assert(this.frames.length > 1, `context ${this.name} is replaced from within the kernel`);
        this.frames[0] = this.#recordedFrame(make, mode);
    }

    /** Whether the user program at the bottom was recorded, and all that it did. */
    get canFork(): boolean {
        const record = this.frames.at(0)?.record;
        return record !== undefined && !record.isDropped;
    }

    /**
     * Starts this context as a fork of `parent`, which is in a system call of its user program:
     * with a user program in the same state, whose system call returns `result`. What handlers of
     * the kernel are on top of the parent's has no copy.
     */
    startFork(parent: Context, result: number): void {
        assert(this.frames.length === 0, `context ${this.name} is started once`);
        const [bottom, handler] = parent.frames;
        const record = bottom?.record;
        assert(
            record !== undefined && handler?.cause === "system call",
            `context ${parent.name} is forked in a system call of a recorded user program`,
        );
        const copy = record.copy();
        const frame = new Frame(
            () => copy.playBack(this, bottom.operation),
            "start",
            bottom.isUser,
            bottom.interruptsEnabled,
            copy,
        );
        this.frames.push(frame);
        frame.begin();
        assert(this.wide === bottom.savedWide, "a fork has its parent's last 64-bit result");
        frame.operation = bottom.operation;
        frame.result = result;
    }

    /**
     * For the handler of an exception: the operation that faulted is not done again when the
     * handler returns; its `yield` gives `result`, and `wide` stays. A negative number is told from
     * whatever a load could have given, so a kernel that reads by a user's pointer can look for it.
     */
    abandon(result: number): void {
        const below = this.frames.at(-2);
        const isFaulted = this.#top.cause === "exception" && below?.pending !== undefined;
        assert(isFaulted, `context ${this.name} abandons an operation in the handler of its fault`);
        below.pending = undefined;
        below.result = result;
    }

    /** RFLAGS.IF of the program on top. */
    get interruptsEnabled(): boolean {
        return this.#top.interruptsEnabled;
    }

    /** For a handler: whether what it is on top of, and returns to, is user mode. */
    get cameFromUser(): boolean {
        return this.frames.at(-2)?.isUser ?? false;
    }

    /** Index of the CPU that it is on, as a program that runs is; after a switch, maybe another. */
    get cpuIndex(): number {
        assert(this.cpu !== undefined, `context ${this.name} is on a CPU`);
        return this.cpu.index;
    }

    /** Puts a handler of the kernel on top, with interrupts off; `entry` makes its program. */
    enter(entry: () => Program, cause: FrameCause): void {
        this.#top.savedWide = this.wide;
        this.frames.push(new Frame(entry, cause, false, false));
    }

    /**
     * The program on top returned `value`; what is below goes on. Returns the frame left.
     */
    leave(value: number): Frame {
        const left = this.frames.pop();
        assert(left !== undefined, `context ${this.name} has a program that returns`);
        const below = this.frames.at(-1);
        if (below !== undefined) {
            this.wide = below.savedWide;
            if (left.cause === "system call") {
                below.result = value;
            }
        }
        return left;
    }

    /**
     * Puts another context on this CPU. This one goes on, from here, when some CPU is switched to
     * it.
     */
    switchTo(target: Context): Operation {
        assert(target !== this, "a CPU is switched to another context");
        this.target = target;
        return this.ask(OperationCode.switchTo);
    }

    #recordedFrame(make: ProgramMaker, mode: UserProgramMode): Frame {
        const record = new ProgramRecord(make, mode.recordLimit ?? defaultRecordLimit);
        const entry = () => make(this);
        return new Frame(entry, "start", true, mode.interruptsEnabled, record);
    }

    get #top(): Frame {
        const top = this.frames.at(-1);
        assert(top !== undefined, `context ${this.name} has a program`);
        return top;
    }
}

function bottomFrame(program: Program, mode: ProgramMode): Frame {
    return new Frame(() => program, "start", mode.isUser, mode.interruptsEnabled);
}

/** `const value = yield* load64(context, address)`: a 64-bit load whose result is typed. */
export function* load64(context: Context, address: number): Generator<Operation, bigint, number> {
    yield context.load64(address);
    return context.wide;
}
