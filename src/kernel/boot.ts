/**
 * How the kernel begins: on the first CPU with nothing, on the others with what the first made.
 *
 * The first CPU makes the kernel's page table while paging is off: an upper half that is the
 * direct map, in 1 GiB pages. Then it starts the other CPUs and waits for them; each loads that
 * table, starts its timer, and goes to its scheduler, which idles. Last, init is made, the
 * first task; from then on there is only scheduling.
 */
import type { Context } from "../machine/cpu/context.ts";
import type { Kernel } from "./kernel.ts";
import { initProgram } from "./processes/init.ts";
import { startKernelTask } from "./processes/kernel-task.ts";
import type { Steps } from "./steps.ts";
import { CpuState } from "./tasks/cpu-state.ts";

/** Physical address of the table below the root that the direct map is in. */
const directMapTable = 0x7000;
/** Index in the root table of the upper half's first entry. */
const upperHalf = 256;
/** The direct map's gigabytes: memory, and the registers below 4 GiB. */
const gigabyteCount = 4;
const entryBytes = 8;
/** Bits of page table entries: present, writable; and a page where a table could be. */
const presentWritable = 0x3;
const largePage = 0x80;
/** Where other CPUs would find their first instructions, as Chickadee's do. */
const startUpPage = 4;

/** The CPU that is switched on. Returns with interrupts off, and init ready to run. */
export function* bootFirstCpu(kernel: Kernel, context: Context): Steps<CpuState> {
    yield* makeKernelPageTable(kernel, context);
    const cpu = yield* startCpu(kernel, context);
    yield* kernel.console.clear(context);
    const { cpuCount } = kernel.options;
    if (cpuCount > 1) {
        yield* kernel.localApic.startOthers(context, startUpPage);
    }
    while (kernel.cpus.filter((one) => one !== undefined).length < cpuCount) {
        yield context.pause();
    }
    yield* kernel.log.line(context, `Chickadee: ${cpuCount} CPUs, ${kernel.pages.freeCount} pages`);
    yield* kernel.keyboard.start(context);
    yield* startKernelTask(kernel, context, "init", initProgram);
    return cpu;
}

/** A CPU that was started by the first. */
export function* bootOtherCpu(kernel: Kernel, context: Context): Steps<CpuState> {
    return yield* startCpu(kernel, context);
}

function* startCpu(kernel: Kernel, context: Context): Steps<CpuState> {
    yield context.loadPageTable(kernel.kernelPageTable);
    yield* kernel.localApic.start(context);
    const { cpuIndex } = context;
    const cpu = new CpuState(cpuIndex, context, kernel.order, kernel.kernelPageTable);
    kernel.cpus[cpuIndex] = cpu;
    return cpu;
}

/** Writes the root table and the direct map's, both at fixed places; memory is zeros. */
function* makeKernelPageTable(kernel: Kernel, context: Context): Steps {
    const rootEntry = kernel.kernelPageTable + upperHalf * entryBytes;
    yield context.store(rootEntry, 4, directMapTable + presentWritable);
    for (let gigabyte = 0; gigabyte < gigabyteCount; gigabyte++) {
        const entry = BigInt(gigabyte) * 0x4000_0000n + BigInt(presentWritable + largePage);
        yield context.store64(directMapTable + gigabyte * entryBytes, entry);
    }
}
