/**
 * The local APIC, as the kernel uses it: its timer, the end of an interrupt, and interrupts to
 * other CPUs (Intel SDM, volume 3, chapter 11). Each CPU sees its own at the same address.
 */
import type { Context } from "../../machine/cpu/context.ts";
import { ticksPerSecond } from "../interface/constants.ts";
import { directMap } from "../memory/direct-map.ts";
import type { Steps } from "../steps.ts";

const base = 0xfee0_0000;

/** Offsets of registers. */
const Register = {
    endOfInterrupt: 0xb0,
    spuriousVector: 0xf0,
    interruptCommandLow: 0x300,
    interruptCommandHigh: 0x310,
    timerVector: 0x320,
    timerInitialCount: 0x380,
    timerDivide: 0x3e0,
} as const;

/** Vectors of interrupts, Chickadee's where it has one. */
export const Vector = {
    timer: 32,
    keyboard: 33,
    disk: 42,
    /** One CPU has something to do for another: look at your queue and your flags. */
    attention: 48,
    spurious: 63,
} as const;

/** What the timer counts, with a divisor of 1. */
const timerHz = 1_000_000_000;
/** In the timer's vector register. */
const periodic = 0x2_0000;
/** In the interrupt command register: to all but the sender. */
const allButSelf = 0xc_0000;
const assertLevel = 0x4000;
const initMode = 0x500;
const startUpMode = 0x600;

export class LocalApic {
    /** Enables the CPU's own, with its timer at 100 Hz. */
    *start(context: Context): Steps {
        yield* write(context, Register.spuriousVector, 0x100 + Vector.spurious);
        yield* write(context, Register.timerDivide, 0x0b);
        yield* write(context, Register.timerVector, periodic + Vector.timer);
        yield* write(context, Register.timerInitialCount, timerHz / ticksPerSecond);
    }

    /** INIT and start-up to all other CPUs, at a page below 1 MiB. */
    *startOthers(context: Context, pageNo: number): Steps {
        yield* write(context, Register.interruptCommandLow, allButSelf + assertLevel + initMode);
        const startUp = allButSelf + assertLevel + startUpMode + pageNo;
        yield* write(context, Register.interruptCommandLow, startUp);
    }

    /**
     * Interrupts another CPU. Interrupts are off here: the command has two registers, and a
     * handler that used them between would change where this one goes.
     */
    *interruptCpu(context: Context, cpuIndex: number): Steps {
        const hadInterrupts = context.interruptsEnabled;
        if (hadInterrupts) {
            yield context.disableInterrupts();
        }
        yield* write(context, Register.interruptCommandHigh, cpuIndex * 2 ** 24);
        yield* write(context, Register.interruptCommandLow, assertLevel + Vector.attention);
        if (hadInterrupts) {
            yield context.enableInterrupts();
        }
    }

    *endInterrupt(context: Context): Steps {
        yield* write(context, Register.endOfInterrupt, 0);
    }
}

function* write(context: Context, register: number, value: number): Steps {
    yield context.store(directMap(base) + register, 4, value);
}
