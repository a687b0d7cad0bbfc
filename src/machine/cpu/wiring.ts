/** What a CPU is connected to. */
import type { AddressSpace } from "../bus.ts";
import type { Clock } from "../clock.ts";
import type { GuestMemory } from "../guest-memory.ts";
import type { Context } from "./context.ts";
import type { Cpu } from "./cpu.ts";
import type { CpuTiming } from "./timing.ts";

/** What a local APIC offers its CPU. */
export interface InterruptRequests {
    /** The vector that would be taken now, or -1. */
    readonly pendingVector: number;
    readonly nmiPending: boolean;
    /** The CPU takes `pendingVector`, which is returned. */
    acknowledge(): number;
    acknowledgeNmi(): void;
}

export interface CpuWiring {
    readonly index: number;
    readonly memory: GuestMemory;
    /** Memory-mapped registers, with this CPU's own local APIC. */
    readonly registers: AddressSpace;
    readonly ports: AddressSpace;
    readonly clock: Clock;
    readonly interrupts: InterruptRequests;
    readonly timing: CpuTiming;
    /** Handlers faulted inside handlers without end; the real one resets the machine. */
    onTripleFault(cpu: Cpu): void;
    /** The program on this CPU said PAUSE. */
    onPause(cpu: Cpu): void;
    /** Makes the context in which the CPU starts, in place of a plain one. */
    readonly makeContext?: ((name: string) => Context) | undefined;
}
