/**
 * A kernel in less than 150 lines, as docs/MACHINE.md explains it: it starts the second CPU, ticks
 * by the local timers, writes a block to the disk and reads it back, waiting for interrupts.
 *
 * The disk interrupts CPU 1, which clears the cause and wakes CPU 0 with an interrupt of its own.
 */
import type { Context } from "../../src/machine/cpu/context.ts";
import type { EntryPoints } from "../../src/machine/cpu/entry-points.ts";
import type { Operation, Program } from "../../src/machine/cpu/operation.ts";

/** Part of a program: what `yield*` carries out. */
type Steps<Result = void> = Generator<Operation, Result, number>;

const localApic = 0xfee0_0000;
const ioApic = 0xfec0_0000;
const timerVector = 32;
const diskVector = 42;
const wakeVector = 48;
/** Where in memory the disk's structures and two buffers are, and the number of completions. */
const commandList = 0x1_0000;
const receivedFis = 0x1_0400;
const commandTable = 0x1_0500;
const writtenBuffer = 0x2_0000;
const readBuffer = 0x2_1000;
const completions = 0x3_0000;
/** Offsets of port 0's registers in the AHCI controller's. */
const port = { clb: 0x100, fb: 0x108, is: 0x110, ie: 0x114, cmd: 0x118, sact: 0x134, ci: 0x138 };

const blockWords = 1024;
const readQueued = 0x60;
const writeQueued = 0x61;

export class ExampleKernel implements EntryPoints {
    /** Timer interrupts taken, by CPU. */
    readonly ticks = [0, 0];
    /** Words of the block that came back as they were written. */
    rightWords = 0;
    #ahci = 0;

    *start(context: Context, vector: number): Program {
        yield* this.#startTimer(context);
        if (vector < 0) {
            yield context.store(localApic + 0x300, 4, 0xc_4500); // INIT, all but self
            yield context.store(localApic + 0x300, 4, 0xc_4604); // start-up, at page 4
            yield* this.#startDisk(context);
            yield* this.#testDisk(context);
            while (this.ticks[0] < 3) {
                yield context.enableInterruptsAndHalt();
            }
            yield context.output(0x604, 2, 0x2000); // power off
        }
        for (;;) {
            yield context.enableInterruptsAndHalt();
        }
    }

    *interrupt(context: Context, vector: number): Program {
        if (vector === timerVector) {
            this.ticks[context.cpu?.index ?? 0]++;
        } else if (vector === diskVector) {
            yield context.store(this.#ahci + port.is, 4, 0xffff_ffff);
            yield context.store(this.#ahci + 0x08, 4, 0xffff_ffff);
            if ((yield context.load(this.#ahci + port.sact, 4)) === 0) {
                yield context.fetchAdd(completions, 4, 1);
                yield context.store(localApic + 0x300, 4, 0xc_4000 + wakeVector);
            }
        }
        yield context.store(localApic + 0xb0, 4, 0); // end of interrupt
        return 0;
    }

    // biome-ignore-start lint/correctness/useYield: these two have nothing to ask of the CPU.
    *systemCall(): Program {
        return -38; // E_NOSYS: it has no programs
    }

    *exception(_context: Context, vector: number, _code: number, address: number): Program {
        throw new Error(`exception ${vector} at 0x${address.toString(16)}`);
    }
    // biome-ignore-end lint/correctness/useYield: the others do.

    /** Periodic, 100 Hz by the APIC's clock of 1 GHz. */
    *#startTimer(context: Context): Steps {
        yield context.store(localApic + 0xf0, 4, 0x13f); // enable
        yield context.store(localApic + 0x3e0, 4, 0x0b); // divide by 1
        yield context.store(localApic + 0x320, 4, 0x2_0000 + timerVector);
        yield context.store(localApic + 0x380, 4, 10_000_000);
    }

    *#startDisk(context: Context): Steps {
        yield context.output(0xcf8, 4, 0x8000_fa24); // 00:1f.2, BAR5
        this.#ahci = yield context.input(0xcfc, 4);
        yield context.output(0xcf8, 4, 0x8000_fa04);
        yield context.output(0xcfc, 4, 0x0007); // I/O, memory, bus master
        const at = (register: number) => this.#ahci + register;
        yield context.store(at(port.cmd), 4, (yield context.load(at(port.cmd), 4)) & ~0x11);
        while (((yield context.load(at(port.cmd), 4)) & 0xc000) !== 0) {
            yield context.pause();
        }
        yield context.store64(at(port.clb), BigInt(commandList));
        yield context.store64(at(port.fb), BigInt(receivedFis));
        yield context.store(at(port.is), 4, 0xffff_ffff);
        yield context.store(at(port.ie), 4, 0x7d80_0019);
        yield context.store(at(0x04), 4, 0x8000_0002); // AE, IE
        yield context.store(at(port.cmd), 4, 0x0000_0017); // POD, SUD, FRE, ST
        // Pin 10 of the I/O APIC: the disk's vector, to CPU 1.
        yield context.store(ioApic, 4, 0x10 + 2 * 10 + 1);
        yield context.store(ioApic + 0x10, 4, 1 << 24);
        yield context.store(ioApic, 4, 0x10 + 2 * 10);
        yield context.store(ioApic + 0x10, 4, diskVector);
    }

    *#testDisk(context: Context): Steps {
        for (let word = 0; word < blockWords; word++) {
            yield context.store(writtenBuffer + 4 * word, 4, Math.imul(word, 0x9e37_79b1));
        }
        yield* this.#transfer(context, writeQueued, writtenBuffer, 1);
        yield* this.#transfer(context, readQueued, readBuffer, 2);
        for (let word = 0; word < blockWords; word++) {
            const written = yield context.load(writtenBuffer + 4 * word, 4);
            const read = yield context.load(readBuffer + 4 * word, 4);
            this.rightWords += written === read ? 1 : 0;
        }
    }

    /** Queues a command for the eight sectors of block 5, and sleeps until it is complete. */
    *#transfer(context: Context, command: number, buffer: number, count: number): Steps {
        const isWrite = command === writeQueued ? 0x40 : 0;
        yield context.store(commandList, 4, (1 << 16) | isWrite | 5); // one buffer, 5 dwords
        yield context.store64(commandList + 8, BigInt(commandTable));
        yield context.store(commandTable, 4, 0x0800_8027 | (command << 16));
        yield context.store(commandTable + 4, 4, 0x4000_0000 | (5 * 8));
        yield context.store64(commandTable + 8, 0n); // tag 0
        yield context.store64(commandTable + 0x80, BigInt(buffer));
        yield context.store(commandTable + 0x8c, 4, 4096 - 1);
        yield context.store(this.#ahci + port.sact, 4, 1);
        yield context.store(this.#ahci + port.ci, 4, 1);
        while ((yield context.load(completions, 4)) < count) {
            yield context.enableInterruptsAndHalt();
            yield context.disableInterrupts();
        }
    }
}
