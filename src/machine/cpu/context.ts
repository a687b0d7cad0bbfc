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

export class Context extends Operands {
    /** Who it is, for people: a task's name. */
    readonly name: string;
    /** The program on top, which runs, is last. */
    readonly frames: Frame[] = [];
    /** The CPU that it is on. */
    cpu: Cpu | undefined;
    /** The kernel function at work, where the kernel says so; the disk's trace records it. */
    origin: string | undefined;
    /** Whom `switchTo` asked for. */
    target: Context | undefined;

    constructor(name: string) {
        super();
        this.name = name;
    }

    /** Puts the context's own program at the bottom. A context is started once. */
    start(program: Program, mode: { isUser: boolean; interruptsEnabled: boolean }): void {
        assert(this.frames.length === 0, `context ${this.name} is started once`);
        this.frames.push(new Frame(program, "start", mode.isUser, mode.interruptsEnabled));
    }

    /** Puts a handler of the kernel on top, with interrupts off. */
    enter(handler: Program, cause: FrameCause): void {
        this.frames[this.frames.length - 1].savedWide = this.wide;
        this.frames.push(new Frame(handler, cause, false, false));
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
        return OperationCode.switchTo;
    }
}

/** `const value = yield* load64(context, address)`: a 64-bit load whose result is typed. */
export function* load64(context: Context, address: number): Generator<Operation, bigint, number> {
    yield context.load64(address);
    return context.wide;
}
