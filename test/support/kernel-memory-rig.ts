/**
 * The kernel's memory without the rest of the kernel: CPUs with the direct map, a page allocator,
 * and what a test has each of them do. The machine is off when all are done.
 */

import type { FaultName } from "../../src/kernel/faults.ts";
import { LocalApic, Vector } from "../../src/kernel/hardware/local-apic.ts";
import type { AddressSpace } from "../../src/kernel/memory/address-space.ts";
import { PageAllocator } from "../../src/kernel/memory/page-allocator.ts";
import { onAttention } from "../../src/kernel/memory/translation-shootdown.ts";
import { Process } from "../../src/kernel/processes/process.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import { LockOrder } from "../../src/kernel/sync/lock-order.ts";
import { WaitQueue } from "../../src/kernel/sync/wait-queue.ts";
import { CpuState } from "../../src/kernel/tasks/cpu-state.ts";
import { Scheduler } from "../../src/kernel/tasks/scheduler.ts";
import { SlotTable } from "../../src/kernel/tasks/slot-table.ts";
import { Task } from "../../src/kernel/tasks/task.ts";
import { TimingWheel } from "../../src/kernel/tasks/timing-wheel.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import { type EntryPoints, Exception } from "../../src/machine/cpu/entry-points.ts";
import type { Program } from "../../src/machine/cpu/operation.ts";
import { PageWalker } from "../../src/machine/cpu/page-walk.ts";
import { Machine } from "../../src/machine/machine.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";

/** Physical addresses: the kernel's tables, and where the allocator's pages begin. */
const kernelPageTable = 0x6000;
const directMapTable = 0x7000;
export const firstPage = 0x10_0000;

export interface RigOptions {
    readonly cpuCount?: number;
    readonly schedule?: string;
    readonly seed?: number;
    /** Pages that there are. */
    readonly pageCount?: number;
    readonly faults?: readonly FaultName[];
}

/** What a CPU does. */
export type Body = (rig: MemoryRig, context: Context, cpuIndex: number) => Steps;

export class MemoryRig implements EntryPoints {
    readonly machine: Machine;
    readonly order: LockOrder;
    readonly pages: PageAllocator;
    readonly kernelPageTable = kernelPageTable;
    readonly localApic = new LocalApic();
    readonly cpus: CpuState[] = [];
    /** Empty, but for those that a test puts there. */
    readonly tasks = new SlotTable<Task | "reserved">(8);
    readonly faults: ReadonlySet<FaultName>;
    readonly scheduler: Scheduler;
    readonly #body: Body;
    readonly #cpuCount: number;
    #finishedCount = 0;

    constructor(options: RigOptions, body: Body) {
        const { cpuCount = 1, schedule = "round-robin", seed = 1, pageCount = 64 } = options;
        this.#cpuCount = cpuCount;
        this.#body = body;
        this.order = new LockOrder(cpuCount);
        this.faults = new Set(options.faults);
        const range = { start: firstPage, end: firstPage + pageCount * 4096 };
        this.pages = new PageAllocator(this.order, pageCount === 0 ? [] : [range]);
        this.scheduler = new Scheduler({
            order: this.order,
            wheel: new TimingWheel(this.order),
            localApic: this.localApic,
            faults: this.faults,
            kernelPageTable,
            *reap() {},
        });
        this.machine = new Machine({
            cpuCount,
            memoryBytes: 2 * 2 ** 20,
            choices: seed,
            schedule: parseSchedule(schedule),
        });
    }

    /** Runs all bodies to their ends. */
    run(): this {
        this.machine.powerOn(this);
        const reason = this.machine.run({ operations: 20_000_000 });
        if (reason !== "powered off") {
            throw new Error(`the rig's machine ended: ${reason}`);
        }
        return this;
    }

    /** A task of a process with an address space, as if it were in a system call on this CPU. */
    taskOn(context: Context, addressSpace: AddressSpace, pid = 2): Task {
        const childEvents = new WaitQueue(this.order, this.scheduler, "children");
        const process = new Process(pid, "program", childEvents);
        process.addressSpace = addressSpace;
        const cpu = this.cpus[context.cpuIndex];
        return new Task({ tid: pid, process, context, cpu, page: 0 }, addressSpace.rootTable);
    }

    /** Has this CPU go on with an address space's table. */
    *enter(context: Context, rootTable: number): Steps {
        this.cpus[context.cpuIndex].pageTable = rootTable;
        yield context.loadPageTable(rootTable);
    }

    /** Where the processor itself has an address, or -1 when a program's access would fault. */
    walk(rootTable: number, address: number, access: "read" | "write"): number {
        const walker = new PageWalker(this.machine.memory);
        return walker.walk(rootTable, address, access, true) ? walker.physicalAddress : -1;
    }

    *start(context: Context, vector: number): Program {
        if (vector < 0) {
            yield context.store(kernelPageTable + 256 * 8, 4, directMapTable + 3);
            for (const gigabyte of [0n, 1n, 2n, 3n]) {
                const entry = gigabyte * 0x4000_0000n + 0x83n;
                yield context.store64(directMapTable + Number(gigabyte) * 8, entry);
            }
        }
        yield context.loadPageTable(kernelPageTable);
        yield* this.localApic.start(context);
        const { cpuIndex } = context;
        this.cpus[cpuIndex] = new CpuState(cpuIndex, context, this.order, kernelPageTable);
        if (vector < 0 && this.#cpuCount > 1) {
            yield* this.localApic.startOthers(context, 4);
        }
        while (this.cpus.filter((cpu) => cpu !== undefined).length < this.#cpuCount) {
            yield context.pause();
        }
        yield context.enableInterrupts();
        yield* this.#body(this, context, cpuIndex);
        this.#finishedCount++;
        while (this.#finishedCount < this.#cpuCount) {
            yield context.pause();
        }
        yield context.output(0x604, 2, 0x2000);
        return 0;
    }

    *interrupt(context: Context, vector: number): Program {
        yield* this.localApic.endInterrupt(context);
        if (vector === Vector.attention) {
            yield* onAttention(this, context, this.cpus[context.cpuIndex]);
        }
        return 0;
    }

    *exception(context: Context, vector: number, _code: number, address: number): Program {
        if (vector !== Exception.pageFault || address < 0 || address >= 2 ** 47) {
            throw new Error(`exception ${vector} in the kernel, at ${address}`);
        }
        yield context.step();
        context.abandon(-14);
        return 0;
    }

    *systemCall(context: Context): Program {
        yield context.step();
        return -38;
    }
}

/** Runs a body on one CPU, and returns what it returns. */
export function runOnOne<Result>(
    options: RigOptions,
    body: (rig: MemoryRig, context: Context) => Steps<Result>,
): Result {
    const results: Result[] = [];
    new MemoryRig(options, function* (rig, context) {
        results.push(yield* body(rig, context));
    }).run();
    return results[0];
}
