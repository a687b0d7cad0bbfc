/**
 * Translation shootdown: making sure that no CPU reaches a page by an entry that is gone.
 *
 * A CPU keeps translations until it loads a page table. So a CPU may reach a page of a process
 * only if it has had that process's table loaded since before the entry was taken out. Protocol of
 * who took one out, and wants to free the page:
 *
 *  1. The entry is taken out, and the lock of the page table let go.
 *  2. This CPU loads its table again.
 *  3. Every other CPU that has the same table loaded is asked: one is added to its
 *     `flushRequestCount`, and it is sent an attention interrupt.
 *  4. Wait, with interrupts on and no spinlock held, until each has answered: its `flushCount` has
 *     reached what its count of requests was in step 3. Then the page is nobody's, and its place in
 *     the table is free.
 *
 * Protocol of the CPU that is asked, in the interrupt's handler, with interrupts off: note how many
 * requests there are, load the page table again, and only then say that so many are answered.
 *
 * Why it is right under every interleaving:
 *
 *  - A CPU that has another table at the look of step 3 dropped what it had when it loaded that. If
 *    it comes to the process later, the entry is gone already. `CpuState.pageTable` and the load
 *    that it speaks of are one step, so the look is never wrong. An idle CPU has the kernel's
 *    table.
 *  - A CPU that switches to another process, or sees its thread exit, after the look, takes the
 *    interrupt all the same, and answers. It is off for the time of a critical section only.
 *  - Two shootdowns at once each wait for a count of their own. An answer counts only requests that
 *    were noted before the load, and each of those had its entry taken out before. Each waits with
 *    interrupts on, so that it answers the other.
 *  - A request that comes after the note has an interrupt of its own: the first one was ended at
 *    the local APIC before the handler came here.
 *  - An access to memory is one operation, with its translation; between two the cache is looked
 *    into again. So nobody is in the middle of one when it answers.
 */
import type { Context } from "../../machine/cpu/context.ts";
import type { Kernel } from "../kernel.ts";
import { kernelAssert } from "../panic.ts";
import type { Steps } from "../steps.ts";
import type { CpuState } from "../tasks/cpu-state.ts";

/**
 * Waits until no CPU has translations of the table that were made before the call. The caller runs
 * with that table; a preemption meanwhile does no harm, for a task stays on its CPU.
 */
export function* shootDown(
    kernel: Pick<Kernel, "cpus" | "localApic" | "order">,
    context: Context,
    rootTable: number,
): Steps {
    kernelAssert(
        context.interruptsEnabled && kernel.order.heldBy(context.cpuIndex).length === 0,
        "a shootdown is waited for with interrupts on and no spinlock held",
    );
    yield* reload(kernel, context, rootTable);
    const awaited: { readonly cpu: CpuState; readonly count: number }[] = [];
    for (const cpu of kernel.cpus) {
        // The step stands for the look at the CPU's table and the atomic addition.
        context.subject = `page table of CPU ${cpu.index}`;
        yield context.step();
        if (cpu.index !== context.cpuIndex && cpu.pageTable === rootTable) {
            cpu.flushRequestCount++;
            awaited.push({ cpu, count: cpu.flushRequestCount });
            yield* kernel.localApic.interruptCpu(context, cpu.index);
        }
    }
    for (const { cpu, count } of awaited) {
        while (cpu.flushCount < count) {
            context.subject = `page table of CPU ${cpu.index}`;
            yield context.pause();
        }
    }
}

/** The part of the attention interrupt's handler: answers all requests so far. */
export function* onAttention(kernel: Pick<Kernel, "cpus">, context: Context, cpu: CpuState): Steps {
    kernelAssert(
        kernel.cpus[context.cpuIndex] === cpu && !context.interruptsEnabled,
        "a CPU answers for itself, with interrupts off",
    );
    const { flushRequestCount } = cpu;
    if (cpu.flushCount < flushRequestCount) {
        yield context.loadPageTable(cpu.pageTable);
        cpu.flushCount = flushRequestCount;
    }
}

/** Drops this CPU's translations, if it has any of the table. */
function* reload(kernel: Pick<Kernel, "cpus">, context: Context, rootTable: number): Steps {
    yield context.disableInterrupts();
    if (kernel.cpus[context.cpuIndex].pageTable === rootTable) {
        yield context.loadPageTable(rootTable);
    }
    yield context.enableInterrupts();
}
