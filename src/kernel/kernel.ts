/**
 * The reference kernel: its parts, and the four ways into it.
 *
 * A CPU enters by `start` (boot.ts), a program's system call, an exception or an interrupt. System
 * calls run with interrupts on and can be preempted wherever they hold no spinlock; interrupt
 * handlers run with interrupts off, on the stack of whatever they interrupted, and do not block.
 *
 * Before it returns to user mode, by whichever way, a thread looks whether its process is exiting,
 * with interrupts off. An `exit` that comes later sends an interrupt, which then waits until user
 * mode is reached, and looks again (processes/exit.ts).
 */
import { Context } from "../machine/cpu/context.ts";
import { type EntryPoints, Exception } from "../machine/cpu/entry-points.ts";
import type { Program } from "../machine/cpu/operation.ts";
import { bootFirstCpu, bootOtherCpu } from "./boot.ts";
import type { Faults } from "./faults.ts";
import { Console } from "./files/console.ts";
import { Keyboard } from "./files/keyboard.ts";
import { KernelLog } from "./files/log.ts";
import { MemoryFiles } from "./files/memory-files.ts";
import { OpenFiles } from "./files/open-file.ts";
import { Pipes } from "./files/pipe.ts";
import { Futexes } from "./futex/futex.ts";
import { LocalApic, Vector } from "./hardware/local-apic.ts";
import { maxProcesses, maxTasks, UserAddress } from "./interface/constants.ts";
import { ErrorCode } from "./interface/error-code.ts";
import type { ProgramImage } from "./interface/program-image.ts";
import { PageAllocator } from "./memory/page-allocator.ts";
import { allocatableRanges } from "./memory/physical-layout.ts";
import { SharedMemory } from "./memory/shared-memory.ts";
import { onAttention } from "./memory/translation-shootdown.ts";
import { KernelPanic, kernelAssert } from "./panic.ts";
import type { Command } from "./processes/exec.ts";
import { exitThread, reap } from "./processes/exit.ts";
import type { EndedProcess } from "./processes/init.ts";
import { Process } from "./processes/process.ts";
import { endForFault } from "./processes/user-fault.ts";
import type { Steps } from "./steps.ts";
import { detectDeadlock } from "./sync/deadlock.ts";
import { LockOrder } from "./sync/lock-order.ts";
import { SpinLock } from "./sync/spin-lock.ts";
import { WaitQueue } from "./sync/wait-queue.ts";
import { WaitQueueTest } from "./sync/wait-queue-test.ts";
import { CallArguments } from "./system-calls/arguments.ts";
import { systemCallTable } from "./system-calls/table.ts";
import type { CpuState } from "./tasks/cpu-state.ts";
import { Scheduler } from "./tasks/scheduler.ts";
import { SlotTable } from "./tasks/slot-table.ts";
import type { Task } from "./tasks/task.ts";
import { TimingWheel } from "./tasks/timing-wheel.ts";

export interface KernelOptions {
    /** As many as the machine has, from 1 to 16. */
    readonly cpuCount: number;
    /** The machine's memory. */
    readonly memoryBytes: number;
    readonly programs: readonly ProgramImage[];
    /** The memory file system's files at boot, by name; programs are among them. */
    readonly files: ReadonlyMap<string, Uint8Array>;
    /** What process 2 runs. */
    readonly command: Command;
    readonly faults?: Faults;
    /** Whether what waits say is outside (a key) may still come; if not, they are for ever. */
    readonly mayHearFromOutside?: () => boolean;
    /** Makes the contexts of tasks, for who wants to watch them. */
    readonly makeContext?: (name: string) => Context;
    /** The first program is about to begin. */
    readonly onProgramStart?: () => void;
}

/** Physical address of the table with the kernel's half of every address space. */
const kernelPageTable = 0x6000;

export class Kernel implements EntryPoints {
    readonly options: KernelOptions;
    readonly faults: Faults;
    readonly kernelPageTable = kernelPageTable;
    readonly programs: ReadonlyMap<string, ProgramImage>;

    readonly order: LockOrder;
    readonly localApic = new LocalApic();
    readonly wheel: TimingWheel;
    readonly scheduler: Scheduler;
    /** By index; a CPU is there when it has started. */
    readonly cpus: CpuState[] = [];

    /** By tid; `taskLock` guards it. A number that is taken for a task to be is "reserved". */
    readonly tasks = new SlotTable<Task | "reserved">(maxTasks);
    readonly taskLock: SpinLock;
    /**
     * The tasks of contexts: what a CPU finds beside the kernel stack that it enters on. A task is
     * there from before it first runs until it is freed, and nobody looks for it but its own CPU.
     */
    readonly taskOfContext = new Map<Context, Task>();

    /** By pid; `hierarchyLock` guards it, and who is whose child. */
    readonly processes = new SlotTable<Process>(maxProcesses);
    readonly hierarchyLock: SpinLock;
    /** Process 1, the kernel's own. */
    readonly init: Process;

    readonly pages: PageAllocator;
    readonly sharedMemory: SharedMemory;
    readonly futexes: Futexes;
    readonly log: KernelLog;
    readonly openFiles: OpenFiles;
    readonly pipes: Pipes;
    readonly console: Console;
    readonly keyboard: Keyboard;
    readonly files: MemoryFiles;
    readonly waitQueueTest: WaitQueueTest;

    /** Processes that init has reaped, in that order; the first program is among them. */
    readonly endedProcesses: EndedProcess[] = [];

    constructor(options: KernelOptions) {
        this.options = options;
        this.faults = options.faults ?? new Set();
        this.programs = new Map(options.programs.map((program) => [program.name, program]));
        this.order = new LockOrder(options.cpuCount);
        const { order } = this;
        this.wheel = new TimingWheel(order);
        this.scheduler = new Scheduler({
            order,
            wheel: this.wheel,
            localApic: this.localApic,
            faults: this.faults,
            kernelPageTable,
            reap: (context, task) => reap(this, context, task),
        });
        this.taskLock = new SpinLock(order, "task table");
        this.hierarchyLock = new SpinLock(order, "process hierarchy");
        this.init = new Process(1, "init", new WaitQueue(order, this.scheduler, "process 1"));
        this.processes.set(1, this.init);
        this.files = new MemoryFiles(this, options.files);
        this.pages = new PageAllocator(
            order,
            allocatableRanges(this.files.imageEnd, options.memoryBytes),
        );
        this.sharedMemory = new SharedMemory(this);
        this.futexes = new Futexes(this);
        this.log = new KernelLog(this);
        this.openFiles = new OpenFiles(this);
        this.pipes = new Pipes(this);
        this.console = new Console(this);
        this.keyboard = new Keyboard(this);
        this.waitQueueTest = new WaitQueueTest(this);
    }

    /** A CPU begins; it never returns from here. */
    *start(context: Context, vector: number): Program {
        const cpu =
            vector < 0 ? yield* bootFirstCpu(this, context) : yield* bootOtherCpu(this, context);
        return yield* this.scheduler.run(context, cpu);
    }

    *systemCall(context: Context, number: number, values: readonly number[]): Program {
        const task = this.taskOf(context);
        const handler = systemCallTable.get(number);
        yield context.enableInterrupts();
        const result =
            handler === undefined
                ? ErrorCode.noSuchCall
                : yield* handler(this, task, new CallArguments(values));
        yield context.disableInterrupts();
        yield* this.#beforeUserMode(task);
        return result;
    }

    *exception(context: Context, vector: number, errorCode: number, address: number): Program {
        if (context.cameFromUser) {
            yield* endForFault(this, this.taskOf(context), { vector, errorCode, address });
        } else if (vector === Exception.pageFault && address >= 0 && address < UserAddress.end) {
            // The kernel used a user's pointer: its operation gives E_FAULT.
            context.abandon(ErrorCode.badAddress);
        } else {
            throw new KernelPanic(
                `${context.name}, CPU ${context.cpuIndex}: exception ${vector} in the kernel, ` +
                    `address 0x${address.toString(16)}`,
            );
        }
        return 0;
    }

    *interrupt(context: Context, vector: number): Program {
        const cpu = this.cpus[context.cpuIndex];
        cpu.interruptDepth++;
        switch (vector) {
            case Vector.timer:
                yield* this.localApic.endInterrupt(context);
                if (cpu.index === 0) {
                    yield* this.#tick(context);
                }
                break;
            case Vector.keyboard:
                yield* this.keyboard.interrupt(context);
                yield* this.localApic.endInterrupt(context);
                break;
            case Vector.attention:
                yield* this.localApic.endInterrupt(context);
                yield* onAttention(this, context, cpu);
                break;
            case Vector.spurious:
                break;
            default:
                throw new KernelPanic(`unexpected interrupt ${vector} on CPU ${cpu.index}`);
        }
        cpu.interruptDepth--;
        const task = this.taskOfContext.get(context);
        if (task !== undefined) {
            if (vector === Vector.timer) {
                yield* this.scheduler.yieldCpu(task);
            }
            if (context.cameFromUser) {
                yield* this.#beforeUserMode(task);
            }
        }
        return 0;
    }

    /** The task whose context it is. */
    taskOf(context: Context): Task {
        const task = this.taskOfContext.get(context);
        kernelAssert(task !== undefined, `context ${context.name} is a task's`);
        return task;
    }

    /** The CPU of a new task. */
    cpuFor(tid: number): CpuState {
        return this.cpus[tid % this.cpus.length];
    }

    makeContext(name: string): Context {
        return this.options.makeContext?.(name) ?? new Context(name);
    }

    /** Switches the machine off, which takes effect at once. */
    *powerOff(context: Context): Steps {
        yield context.output(0x604, 2, 0x2000);
    }

    /** The last look before user mode; interrupts are off. */
    *#beforeUserMode(task: Task): Steps {
        kernelAssert(!task.context.interruptsEnabled, "the last look is with interrupts off");
        if (task.isExiting) {
            yield task.context.enableInterrupts();
            yield* exitThread(this, task, task.process.exitStatus);
        }
    }

    *#tick(context: Context): Steps {
        const due = yield* this.wheel.tick(context);
        for (const task of due) {
            yield* this.scheduler.wake(context, task);
        }
        detectDeadlock(this);
    }
}
