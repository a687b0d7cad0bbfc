/**
 * A CPU: carries out the operations of the context that it is on.
 *
 * It runs in bursts. Within a burst nothing from outside can happen: no alarm rings, no other CPU
 * runs, no interrupt arrives. So interrupts are looked for once, before a burst, and everything
 * that could cause one (a device register, a change of the interrupt flag, a return from the
 * kernel) ends it. The loop is in burst.ts; here is what an operation may do to the CPU.
 *
 * A handler's return is an operation too, as `iretq` is an instruction. So a burst retires at least
 * one operation, time moves whatever a kernel does, and nothing goes on without end for nothing.
 *
 * Invariants, asserted: a context is on one CPU at most, a CPU that runs is on a context, and no
 * operation begins when an alarm is due.
 */
import { assert } from "../../base/assert.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import type { AccessSize, Stateful } from "../device.ts";
import { Burst } from "./burst.ts";
import { Context } from "./context.ts";
import { type EntryPoints, Exception } from "./entry-points.ts";
import type { Frame, FrameCause } from "./frame.ts";
import { InterruptGate } from "./interrupt-gate.ts";
import { lowBits } from "./memory-operation.ts";
import { MemoryPort } from "./memory-port.ts";
import { isPrivileged, type Operation, OperationCode, type Program } from "./operation.ts";
import type { CpuWiring } from "./wiring.ts";

export type CpuActivity =
    /** Parked until a start-up interrupt; all but the first at power-on. */
    | "waiting"
    | "running"
    /** HLT: waits for an interrupt. */
    | "halted"
    /** Its first program returned; nothing but INIT wakes it. */
    | "off";

const activities: readonly CpuActivity[] = ["waiting", "running", "halted", "off"];

/** Handlers inside handlers, beyond which a kernel does nothing but fault. */
const maxFrameCount = 64;

/** Ports have 16 bits, which is what DX holds. */
const lastPort = 0xffff;

export class Cpu implements Stateful {
    readonly name: string;
    readonly index: number;
    readonly #wiring: CpuWiring;
    readonly #memoryPort: MemoryPort;
    readonly #gate: InterruptGate;
    readonly #burst: Burst;
    #entryPoints: EntryPoints | undefined;
    #activity: CpuActivity = "waiting";
    #context: Context | undefined;

    constructor(wiring: CpuWiring) {
        this.#wiring = wiring;
        this.index = wiring.index;
        this.name = `cpu${wiring.index}`;
        this.#memoryPort = new MemoryPort(wiring.memory, wiring.registers);
        this.#gate = new InterruptGate(wiring.interrupts);
        this.#burst = new Burst(wiring, this.#memoryPort, (context, frame, operation) =>
            this.#carryOut(context, frame, operation),
        );
    }

    get activity(): CpuActivity {
        return this.#activity;
    }

    /** The context that it is on, if any. */
    get context(): Context | undefined {
        return this.#context;
    }

    /** Operations retired since power-on; one in which a program threw is among them. */
    get retired(): number {
        return this.#burst.retired;
    }

    /** CR2: the address of the last page fault. */
    get faultAddress(): number {
        return this.#memoryPort.faultAddress;
    }

    /** CR3, or -1 while paging is off. */
    get pageTable(): number {
        return this.#memoryPort.pageTable;
    }

    /** Whether it would do anything if it were given a burst. */
    get isRunnable(): boolean {
        const context = this.#context;
        if (context === undefined || this.#activity !== "halted") {
            return context !== undefined && this.#activity === "running";
        }
        return this.#gate.isKnockedAt(context.frames[context.frames.length - 1]);
    }

    /** As at power-on: parked. */
    reset(): void {
        this.init();
        this.#burst.retired = 0;
    }

    /**
     * INIT: whatever it did is dropped, and it waits for a start-up interrupt. (A real first CPU
     * would begin at the reset vector; there is no firmware here to begin with.)
     */
    init(): void {
        this.#leaveContext();
        this.#activity = "waiting";
        this.#gate.reset();
        this.#memoryPort.reset();
    }

    /** Start-up interrupt (or, with vector -1, power-on). A CPU that does not wait ignores it. */
    startUp(vector: number, entryPoints: EntryPoints): void {
        if (this.#activity !== "waiting") {
            return;
        }
        this.#entryPoints = entryPoints;
        const contextName = `${this.name} start`;
        const context = this.#wiring.makeContext?.(contextName) ?? new Context(contextName);
        const mode = { isUser: false, interruptsEnabled: false };
        context.cpu = this;
        context.start(entryPoints.start(context, vector), mode);
        this.#context = context;
        this.#activity = "running";
    }

    /**
     * Runs up to `operationLimit` operations, none of which begins at or after `untilNs` or when an
     * alarm is due, and moves the clock, which may ring alarms at the end.
     *
     * Returns how many were retired, at least one; none when it is not runnable, or when an
     * interrupt was one handler too many. One that faults is retired with every attempt. When a
     * program throws, that comes out of here, and `retired` says how many there were.
     *
     * @param operationLimit at least 1.
     * @param untilNs later than now.
     */
    run(operationLimit: number, untilNs: number): number {
        const { clock } = this.#wiring;
        assert(
            operationLimit >= 1 && clock.nowNs < untilNs && clock.nowNs < clock.nextAlarmNs,
            "an operation begins when no alarm is due",
        );
        this.#takeInterrupts();
        const context = this.#context;
        if (context === undefined || this.#activity !== "running") {
            return 0;
        }
        const retiredBefore = this.retired;
        // STI's shadow covers one operation.
        const limit = this.#gate.liftShadow() ? 1 : operationLimit;
        this.#burst.run(context, limit, Math.min(untilNs, clock.nextAlarmNs));
        return this.retired - retiredBefore;
    }

    /** All that its future depends on but programs, which are JavaScript's own and not saved. */
    save(): StateRecord {
        return {
            version: 1,
            activity: this.#activity,
            retired: this.#burst.retired,
            gate: this.#gate.save(),
            memoryPort: this.#memoryPort.save(),
        };
    }

    /** Becomes what was saved. The context that it is on stays; without one it does nothing. */
    load(state: StateFields): void {
        state.expectVersion(1);
        const name = state.text("activity");
        const activity = activities.find((known) => known === name);
        if (activity === undefined) {
            throw new UserError(`saved state of ${this.name}: no CPU does "${name}"`);
        }
        this.#activity = activity;
        this.#burst.retired = state.integer("retired", 0, Number.MAX_SAFE_INTEGER);
        this.#gate.load(state.record("gate"));
        this.#memoryPort.load(state.record("memoryPort"));
    }

    /** Takes what interrupts now. A timer may be due at once when its interrupt is taken. */
    #takeInterrupts(): void {
        const { clock } = this.#wiring;
        this.#takeInterrupt();
        while (clock.nextAlarmNs <= clock.nowNs) {
            clock.advanceTo(clock.nowNs);
            this.#takeInterrupt();
        }
    }

    #takeInterrupt(): void {
        const context = this.#context;
        if (context === undefined) {
            return;
        }
        const vector = this.#gate.take(context.frames[context.frames.length - 1]);
        if (vector >= 0) {
            this.#activity = "running";
            const kernel = this.#kernel();
            this.#enterKernel(context, "interrupt", () => kernel.interrupt(context, vector));
        }
    }

    /** Carries out any operation, but for its usual time. */
    #carryOut(context: Context, frame: Frame, operation: Operation): void {
        if (frame.isUser && isPrivileged(operation)) {
            this.#fault(context, frame, operation, Exception.generalProtection);
            return;
        }
        const burst = this.#burst;
        if (operation < OperationCode.input) {
            const port = this.#memoryPort;
            if (port.carryOut(context, operation, frame.isUser)) {
                burst.result = port.result;
                burst.isOver = port.touchedDevice;
            } else {
                this.#fault(context, frame, operation, port.faultVector, port.faultCode);
            }
            return;
        }
        if (operation === OperationCode.copy || operation === OperationCode.fill) {
            this.#carryOutBulk(context, frame, operation);
            return;
        }
        // All of these may change what interrupts this CPU, or which program it runs.
        burst.isOver = true;
        const { ports, clock, timing } = this.#wiring;
        switch (operation) {
            case OperationCode.input + 1:
            case OperationCode.input + 2:
            case OperationCode.input + 4:
                burst.result = ports.read(context.address & lastPort, sizeOf(operation));
                break;
            case OperationCode.output + 1:
            case OperationCode.output + 2:
            case OperationCode.output + 4:
                ports.write(
                    context.address & lastPort,
                    sizeOf(operation),
                    lowBits(context.value, sizeOf(operation)),
                );
                break;
            case OperationCode.pause:
                burst.extraNs = timing.pauseNs;
                this.#wiring.onPause(this);
                break;
            case OperationCode.halt:
                this.#activity = "halted";
                break;
            case OperationCode.enableAndHalt:
                frame.interruptsEnabled = true;
                this.#activity = "halted";
                break;
            case OperationCode.disableInterrupts:
                frame.interruptsEnabled = false;
                break;
            case OperationCode.enableInterrupts:
                if (!frame.interruptsEnabled) {
                    this.#gate.castShadow();
                }
                frame.interruptsEnabled = true;
                break;
            case OperationCode.loadPageTable:
                if (!this.#memoryPort.loadPageTable(context.address)) {
                    this.#fault(context, frame, operation, Exception.generalProtection);
                }
                break;
            case OperationCode.invalidatePage:
                this.#memoryPort.invalidatePage(context.address);
                break;
            case OperationCode.readTimestamp:
                burst.result = Math.floor(clock.nowNs * timing.timestampPerNs);
                break;
            case OperationCode.systemCall:
                this.#systemCall(context);
                break;
            case OperationCode.switchTo:
                this.#switchTo(context);
                break;
            case OperationCode.endOfProgram:
                this.#endOfProgram(context, frame);
                break;
            default:
                assert(false, `context ${context.name} asks for an operation of Context`);
        }
    }

    #carryOutBulk(context: Context, frame: Frame, operation: Operation): void {
        const burst = this.#burst;
        const port = this.#memoryPort;
        if (port.carryOutBulk(context, operation === OperationCode.copy, frame.isUser)) {
            burst.result = port.result;
            burst.isOver = port.touchedDevice;
            burst.extraNs = Math.floor(port.result / this.#wiring.timing.copyBytesPerNs);
        } else {
            this.#fault(context, frame, operation, port.faultVector, port.faultCode);
        }
    }

    /** What a program's return does: a user's has run off its end, a handler's is IRET. */
    #endOfProgram(context: Context, frame: Frame): void {
        if (frame.isUser) {
            const operation = OperationCode.endOfProgram;
            this.#fault(context, frame, operation, Exception.invalidOpcode);
            return;
        }
        const { cause } = context.leave(context.value);
        if (cause === "start") {
            this.#leaveContext();
            this.#activity = "off";
        } else if (cause !== "system call") {
            this.#gate.handlerReturned();
        }
    }

    #systemCall(context: Context): void {
        const { value: number, callArguments } = context;
        const kernel = this.#kernel();
        this.#enterKernel(context, "system call", () =>
            kernel.systemCall(context, number, callArguments),
        );
    }

    #switchTo(context: Context): void {
        const { target } = context;
        assert(target !== undefined, "a switch has a target");
        context.target = undefined;
        this.#leaveContext();
        this.#enterContext(target);
    }

    #fault(
        context: Context,
        frame: Frame,
        operation: Operation,
        vector: number,
        errorCode = 0,
    ): void {
        this.#burst.isOver = true;
        frame.pending = context.capture(operation);
        const address = vector === Exception.pageFault ? this.faultAddress : 0;
        const kernel = this.#kernel();
        this.#enterKernel(context, "exception", () =>
            kernel.exception(context, vector, errorCode, address),
        );
    }

    /** Puts a handler of the kernel on top of the context; `entry` is asked for its program. */
    #enterKernel(context: Context, cause: FrameCause, entry: () => Program): void {
        context.enter(entry, cause);
        if (context.frames.length > maxFrameCount) {
            this.#leaveContext();
            this.#activity = "off";
            this.#wiring.onTripleFault(this);
        }
    }

    #enterContext(context: Context): void {
        assert(context.cpu === undefined, `context ${context.name} is on one CPU at most`);
        assert(context.frames.length > 0, `context ${context.name} has a program to run`);
        context.cpu = this;
        this.#context = context;
    }

    #leaveContext(): void {
        if (this.#context !== undefined) {
            this.#context.cpu = undefined;
            this.#context = undefined;
        }
    }

    #kernel(): EntryPoints {
        assert(this.#entryPoints !== undefined, "a CPU that runs was started by a kernel");
        return this.#entryPoints;
    }
}

/** The size of a port operation. */
function sizeOf(operation: Operation): AccessSize {
    return (operation & 0x0f) as AccessSize;
}
