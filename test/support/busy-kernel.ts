/**
 * A kernel that keeps every part of the machine busy at once: four CPUs with user programs behind
 * page tables, demand paging, system calls, a lock, interrupts from one CPU to the next, timers, a
 * keyboard, a console that scrolls, a log, and queued commands on the disk from all sides.
 *
 * It is no example. It is there so that a run passes through as much of the machine as possible,
 * and checks what it can see of itself.
 */
import { Context } from "../../src/machine/cpu/context.ts";
import type { EntryPoints } from "../../src/machine/cpu/entry-points.ts";
import type { Operation, Program } from "../../src/machine/cpu/operation.ts";

type Steps<Result = void> = Generator<Operation, Result, number>;

export const busyCpuCount = 4;
const roundCount = 10;
/** Queued commands that a CPU has outstanding at a time, of its own eight slots. */
const depth = 6;

const localApic = 0xfee0_0000;
const ioApic = 0xfec0_0000;
const ahci = 0xfebf_1000;
const port = { clb: 0x100, fb: 0x108, is: 0x110, ie: 0x114, cmd: 0x118, sact: 0x134, ci: 0x138 };

const commandList = 0x1_0000;
const commandTables = 0x1_1000;
const receivedFis = 0x1_0400;
const buffers = 0x10_0000;
/** Words that CPUs share: slots not yet complete, a lock, counters. */
const issuedSlots = 0x3_0000;
const lock = 0x3_0004;
const finishedCpus = 0x3_0008;
const messages = 0x3_000c;
const consoleRow = 0x3_0010;
/** Page tables: the root, and one for each part of the address space. */
const rootTable = 0x4_0000;
const lowTable = 0x4_1000;
const demandTable = 0x4_5000;
/** Where pages come as they are asked for, and the frames that they get. */
const demandRegion = 0x4000_0000;
const demandFrames = 0x20_0000;
const demandPages = 32;

const screen = 0xb_8000;
const rowWords = 40;

const vectors = { timer: 32, keyboard: 33, disk: 42, message: 48 };
const enterReleased = 0x9c;
const call = { print: 1, queue: 2, wait: 3, message: 4, exit: 5 };

export class BusyKernel implements EntryPoints {
    readonly ticks = [0, 0, 0, 0];
    readonly faults = [0, 0, 0, 0];
    readonly interruptCounts = new Map<number, number>();
    /** Bytes that came from the keyboard. */
    readonly scanCodes: number[] = [];
    /** What went wrong, as this kernel sees it. */
    readonly problems: string[] = [];

    *start(context: Context, vector: number): Program {
        const cpu = cpuOf(context);
        if (vector < 0) {
            yield* this.#buildTables(context);
            yield* this.#startDevices(context);
            yield context.store(localApic + 0x300, 4, 0xc_4500);
            yield context.store(localApic + 0x300, 4, 0xc_4608);
        }
        yield context.loadPageTable(rootTable);
        yield context.store(localApic + 0xf0, 4, 0x13f);
        yield context.store(localApic + 0x3e0, 4, 0x0b);
        yield context.store(localApic + 0x320, 4, 0x2_0000 + vectors.timer);
        yield context.store(localApic + 0x380, 4, 40_000 + 7_000 * cpu);
        const user = new Context(`user ${cpu}`);
        user.start(this.#user(user, cpu), { isUser: true, interruptsEnabled: true });
        yield context.switchTo(user);
        return 0;
    }

    *interrupt(context: Context, vector: number): Program {
        const cpu = cpuOf(context);
        this.interruptCounts.set(vector, (this.interruptCounts.get(vector) ?? 0) + 1);
        if (vector === vectors.timer) {
            this.ticks[cpu]++;
        } else if (vector === vectors.keyboard) {
            yield* this.#takeKeys(context);
        } else if (vector === vectors.disk) {
            yield context.store(ahci + port.is, 4, 0xffff_ffff);
            yield context.store(ahci + 0x08, 4, 0xffff_ffff);
            const issued = yield context.load(issuedSlots, 4);
            const done = issued & ~(yield context.load(ahci + port.sact, 4));
            yield context.fetchAnd(issuedSlots, 4, ~done);
        } else if (vector === vectors.message) {
            yield context.fetchAdd(messages, 4, 1);
        }
        yield context.store(localApic + 0xb0, 4, 0);
        return 0;
    }

    *exception(context: Context, vector: number, code: number, address: number): Program {
        const page = Math.floor((address - demandRegion) / 4096);
        if (vector !== 14 || page < 0 || page >= demandPages) {
            this.problems.push(`exception ${vector}, code ${code} at 0x${address.toString(16)}`);
            yield context.output(0x604, 2, 0x2000);
        }
        this.faults[cpuOf(context)]++;
        yield context.store64(demandTable + 8 * page, BigInt(demandFrames + 4096 * page + 7));
        return 0;
    }

    *systemCall(context: Context, number: number, given: readonly number[]): Program {
        const cpu = cpuOf(context);
        switch (number) {
            case call.print:
                yield* this.#print(context, `cpu ${cpu} round ${given[0]}`);
                return 0;
            case call.queue:
                yield* this.#queue(context, 8 * cpu + given[0], given[1], given[2] !== 0);
                return 0;
            case call.wait:
                while (((yield context.load(issuedSlots, 4)) & (0xff << (8 * cpu))) !== 0) {
                    yield context.enableInterrupts();
                    yield context.pause();
                    yield context.disableInterrupts();
                }
                return 0;
            case call.message:
                yield context.store(localApic + 0x310, 4, (given[0] % busyCpuCount) << 24);
                yield context.store(localApic + 0x300, 4, 0x4000 + vectors.message);
                return 0;
            default:
                return yield* this.#exit(context, cpu);
        }
    }

    *#takeKeys(context: Context): Steps {
        while (((yield context.input(0x64, 1)) & 1) !== 0) {
            this.scanCodes.push(yield context.input(0x60, 1));
        }
    }

    /** A user program: memory that comes on demand, and rounds of writes that it reads back. */
    *#user(context: Context, cpu: number): Program {
        for (let round = 0; round < roundCount; round++) {
            for (let index = 0; index < 40; index++) {
                const page = (index * 7 + cpu * 3 + round) % (demandPages - 1);
                const address = demandRegion + 4096 * page + 64 * cpu;
                yield context.store(address, 4, index);
                yield context.fetchAdd(demandRegion + 4096 * page + 2048, 4, 1);
                // Half of it lies in the next page.
                yield context.load64(demandRegion + 4096 * page + 4092);
            }
            for (const isWrite of [1, 0]) {
                for (let slot = 0; slot < depth; slot++) {
                    const lba = 8 * (cpu * depth * 2 + (round % 2) * depth + slot);
                    yield context.systemCall(call.queue, slot, lba, isWrite);
                }
                yield context.systemCall(call.message, cpu + 1);
                yield context.systemCall(call.wait);
            }
            yield* this.#compare(context, cpu, round);
            yield context.systemCall(call.print, round);
        }
        yield context.systemCall(call.exit);
        return 0;
    }

    /** What was read must be what was written a moment ago. */
    *#compare(context: Context, cpu: number, round: number): Steps {
        for (let slot = 0; slot < depth; slot++) {
            const buffer = buffers + 0x1000 * (8 * cpu + slot);
            const lba = 8 * (cpu * depth * 2 + (round % 2) * depth + slot);
            for (const offset of [0, 1020, 1024, 4092]) {
                const word = yield context.load(buffer + offset, 4);
                if (word !== wordAt(lba, offset)) {
                    this.problems.push(`sector ${lba}, byte ${offset} reads as ${word}`);
                }
            }
        }
    }

    *#queue(context: Context, slot: number, lba: number, isWrite: boolean): Steps {
        const header = commandList + 32 * slot;
        const table = commandTables + 0x100 * slot;
        const buffer = buffers + 0x1000 * slot;
        const command = isWrite ? 0x61 : 0x60;
        for (const offset of [0, 1020, 1024, 4092]) {
            yield context.store(buffer + offset, 4, isWrite ? wordAt(lba, offset) : 0);
        }
        yield context.store(header, 4, (2 << 16) | (isWrite ? 0x40 : 0) | 5);
        yield context.store64(header + 8, BigInt(table));
        yield context.store(table, 4, 0x0800_8027 | (command << 16));
        yield context.store(
            table + 4,
            4,
            (isWrite && slot % 3 === 0 ? 0xc000_0000 : 0x4000_0000) | lba,
        );
        yield context.store64(table + 8, BigInt(slot << 3) << 32n);
        for (const [index, start, length] of [
            [0, 0, 1024],
            [1, 1024, 3072],
        ]) {
            yield context.store64(table + 0x80 + 16 * index, BigInt(buffer + start));
            yield context.store(table + 0x8c + 16 * index, 4, length - 1);
        }
        // Told as issued after its tag is active, so that it is not taken for done before.
        yield context.store(ahci + port.sact, 4, 2 ** slot);
        yield context.fetchOr(issuedSlots, 4, 2 ** slot);
        yield context.store(ahci + port.ci, 4, 2 ** slot);
    }

    *#print(context: Context, text: string): Steps {
        while ((yield context.compareExchange(lock, 4, 0, 1)) !== 0) {
            yield context.pause();
        }
        let row = yield context.load(consoleRow, 4);
        if (row === 25) {
            for (let word = 0; word < 24 * rowWords; word++) {
                const cells = yield context.load(screen + 4 * (word + rowWords), 4);
                yield context.store(screen + 4 * word, 4, cells);
            }
            row = 24;
        }
        for (let column = 0; column < 80; column++) {
            const cell = 0x0700 | (text.charCodeAt(column) || 0x20);
            yield context.store(screen + 160 * row + 2 * column, 2, cell);
        }
        yield context.store(consoleRow, 4, row + 1);
        for (const character of `${text}\n`) {
            yield context.output(0x378, 1, character.charCodeAt(0));
            yield context.output(0x37a, 1, 0x0d);
            yield context.output(0x37a, 1, 0x0c);
        }
        yield context.store(lock, 4, 0);
    }

    /** CPU 0 switches the machine off when all CPUs are done, and the host has typed a line. */
    *#exit(context: Context, cpu: number): Steps<number> {
        yield context.fetchAdd(finishedCpus, 4, 1);
        for (;;) {
            const finished = yield context.load(finishedCpus, 4);
            if (cpu === 0 && finished === busyCpuCount && this.scanCodes.at(-1) === enterReleased) {
                yield context.output(0x604, 2, 0x2000);
            }
            yield context.enableInterruptsAndHalt();
            yield context.disableInterrupts();
        }
    }

    /** Low memory and the devices as large pages, and an empty table for what comes on demand. */
    *#buildTables(context: Context): Steps {
        const tables = [0x4_2000, 0x4_4000, 0, 0x4_3000];
        yield context.store64(rootTable, BigInt(lowTable + 7));
        for (const [gibibyte, table] of tables.entries()) {
            yield context.store64(lowTable + 8 * gibibyte, BigInt(table === 0 ? 0 : table + 7));
        }
        for (const frame of [0, 0x20_0000]) {
            yield context.store64(tables[0] + frame / 2 ** 18, BigInt(frame + 0x87));
        }
        for (const frame of [0xfea0_0000, 0xfec0_0000, 0xfee0_0000]) {
            const index = Math.floor(frame / 2 ** 21) % 512;
            yield context.store64(tables[3] + 8 * index, BigInt(frame + 0x83));
        }
        yield context.store64(tables[1], BigInt(demandTable + 7));
    }

    *#startDevices(context: Context): Steps {
        yield context.output(0xcf8, 4, 0x8000_fa04);
        yield context.output(0xcfc, 4, 0x0007);
        yield context.store(ahci + port.cmd, 4, 0x6);
        yield context.store64(ahci + port.clb, BigInt(commandList));
        yield context.store64(ahci + port.fb, BigInt(receivedFis));
        yield context.store(ahci + port.is, 4, 0xffff_ffff);
        yield context.store(ahci + port.ie, 4, 0x7d80_0019);
        yield context.store(ahci + 0x04, 4, 0x8000_0002);
        yield context.store(ahci + port.cmd, 4, 0x17);
        // The keyboard's pin to CPU 1, the disk's to CPU 3.
        for (const [pin, vector, cpu] of [
            [1, vectors.keyboard, 1],
            [10, vectors.disk, 3],
        ]) {
            yield context.store(ioApic, 4, 0x11 + 2 * pin);
            yield context.store(ioApic + 0x10, 4, cpu << 24);
            yield context.store(ioApic, 4, 0x10 + 2 * pin);
            yield context.store(ioApic + 0x10, 4, vector);
        }
        // What was typed before gave no interrupt.
        yield* this.#takeKeys(context);
    }
}

function cpuOf(context: Context): number {
    return context.cpu?.index ?? 0;
}

/** What a block written to `lba` holds at an offset. */
function wordAt(lba: number, offset: number): number {
    return Math.imul(lba * 4096 + offset + 1, 0x9e37_79b1) >>> 0;
}
