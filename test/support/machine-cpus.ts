/** CPUs on memory and a clock, without the rest of a machine. */
import { StateFields, type StateRecord } from "../../src/base/state.ts";
import { AddressSpace } from "../../src/machine/bus.ts";
import { Clock } from "../../src/machine/clock.ts";
import { Context } from "../../src/machine/cpu/context.ts";
import { Cpu } from "../../src/machine/cpu/cpu.ts";
import type { EntryPoints } from "../../src/machine/cpu/entry-points.ts";
import type { Program } from "../../src/machine/cpu/operation.ts";
import type { CpuTiming } from "../../src/machine/cpu/timing.ts";
import type { InterruptRequests } from "../../src/machine/cpu/wiring.ts";
import type { AccessSize, MachineNotice } from "../../src/machine/device.ts";
import { GuestMemory } from "../../src/machine/guest-memory.ts";
import { Interleaver } from "../../src/machine/schedule/interleaver.ts";
import { ScheduleRecorder } from "../../src/machine/schedule/recorded.ts";
import { RoundRobin } from "../../src/machine/schedule/round-robin.ts";
import type { Schedule } from "../../src/machine/schedule/schedule.ts";

/** An interrupt controller that a test drives: vectors come lowest first. */
export class TestInterrupts implements InterruptRequests {
    readonly vectors: number[] = [];
    nmiPending = false;

    get pendingVector(): number {
        return this.vectors[0] ?? -1;
    }

    request(vector: number): void {
        this.vectors.push(vector);
        this.vectors.sort((a, b) => a - b);
    }

    acknowledge(): number {
        return this.vectors.shift() ?? -1;
    }

    acknowledgeNmi(): void {
        this.nmiPending = false;
    }
}

/** What a device with registers saw. */
export interface RegisterAccess {
    readonly access: "read" | "write";
    readonly offset: number;
    readonly size: AccessSize;
    readonly value?: number;
}

/** Where the test device's registers are in physical memory, and among ports. */
export const registerBase = 0xf000_0000;
export const portBase = 0x500;

/** Reads as its offsets, byte by byte, and writes down what it is asked. */
class TestDevice {
    readonly accesses: RegisterAccess[] = [];
    onWrite: (offset: number, value: number) => void = () => undefined;

    read(offset: number, size: AccessSize): number {
        this.accesses.push({ access: "read", offset, size });
        let value = 0;
        for (let byte = size - 1; byte >= 0; byte--) {
            value = value * 256 + ((offset + byte) & 0xff);
        }
        return value;
    }

    write(offset: number, size: AccessSize, value: number): void {
        this.accesses.push({ access: "write", offset, size, value });
        this.onWrite(offset, value);
    }
}

export interface TestMachineOptions {
    readonly cpuCount?: number;
    readonly memoryBytes?: number;
    readonly timing?: CpuTiming;
    readonly schedule?: Schedule;
    /** A class in place of the interleaver, to see whether a test tells the two apart. */
    readonly twin?: typeof Interleaver;
}

/** Durations as docs/MACHINE.md has them. */
const testTiming: CpuTiming = {
    operationNs: 10,
    pauseNs: 390,
    copyBytesPerNs: 8,
    timestampPerNs: 1,
};

/** A program of so many steps, maybe none. */
export function* steps(context: Context, count: number): Program {
    for (let done = 0; done < count; done++) {
        yield context.step();
    }
}

/** A handler that returns at once. */
export const nothing = (context: Context): Program => steps(context, 0);

export class TestMachine {
    readonly clock = new Clock();
    readonly memory: GuestMemory;
    readonly notices: MachineNotice[] = [];
    readonly device = new TestDevice();
    readonly ports: AddressSpace;
    readonly registers: AddressSpace;
    readonly interrupts: TestInterrupts[];
    readonly cpus: Cpu[];
    readonly recorder = new ScheduleRecorder();
    readonly interleaver: Interleaver;
    readonly tripleFaults: number[] = [];

    constructor(options: TestMachineOptions = {}) {
        const { cpuCount = 1, memoryBytes = 2 ** 20, schedule = new RoundRobin() } = options;
        const { timing = testTiming } = options;
        const { clock, device } = this;
        const notice = (one: MachineNotice) => this.notices.push(one);
        const region = { what: "test device", lengthBytes: 0x1000, device };
        this.memory = new GuestMemory(memoryBytes);
        this.ports = new AddressSpace("port", [{ ...region, first: portBase }], notice);
        this.registers = new AddressSpace(
            "physical address",
            [{ ...region, first: registerBase }],
            notice,
        );
        const { memory, ports, registers } = this;
        this.interrupts = Array.from({ length: cpuCount }, () => new TestInterrupts());
        this.cpus = this.interrupts.map((interrupts, index) => {
            const space = { memory, ports, registers, clock, timing, interrupts };
            return new Cpu({
                ...space,
                index,
                onTripleFault: (cpu) => {
                    this.tripleFaults.push(cpu.index);
                    this.interleaver.end("triple fault");
                },
                onPause: () => this.interleaver.paused(),
            });
        });
        const { twin = Interleaver } = options;
        this.interleaver = new twin(this.cpus, clock, schedule, this.recorder);
    }

    /** Starts a CPU with `program` in kernel mode; its entry points are `handlers`. */
    start(
        program: (context: Context) => Program,
        handlers: Partial<EntryPoints> = {},
        cpuIndex = 0,
    ): void {
        const entryPoints: EntryPoints = {
            start: (context) => program(context),
            systemCall: nothing,
            exception: nothing,
            interrupt: nothing,
            ...handlers,
        };
        this.cpus[cpuIndex].startUp(-1, entryPoints);
    }

    /** As `start`, but the program runs in user mode, with interrupts on. */
    startUser(
        program: (context: Context) => Program,
        handlers: Partial<EntryPoints> = {},
        cpuIndex = 0,
    ): Context {
        const user = new Context("user");
        user.start(program(user), { isUser: true, interruptsEnabled: true });
        this.start(
            function* (context) {
                yield context.switchTo(user);
            },
            handlers,
            cpuIndex,
        );
        return user;
    }

    /** A saved state, for who loads it. */
    fieldsOf(record: StateRecord): StateFields {
        return new StateFields(record, "test");
    }

    /** Runs to the end: all CPUs asleep or off. */
    runToEnd(operations = 100_000): string {
        return this.interleaver.run({ operations });
    }
}

/** Writes a 64-bit page table entry. */
export function setEntry(memory: GuestMemory, address: number, entry: bigint): void {
    memory.view.setBigUint64(address, entry, true);
    memory.wrote(address, 8);
}

/** P, W and U. */
export const anyAccess = 7n;

/**
 * Tables at 0x10000 that map the first 2 MiB to themselves, in pages of 4 KiB for everybody, and
 * the kernel's half from -2^47 to the same. Returns CR3; `entryOf` says where a page's entry is.
 */
export function identityTables(memory: GuestMemory): number {
    setEntry(memory, 0x10000, 0x11000n | anyAccess);
    setEntry(memory, 0x10000 + 8 * 256, 0x11000n | anyAccess);
    setEntry(memory, 0x11000, 0x12000n | anyAccess);
    setEntry(memory, 0x12000, 0x13000n | anyAccess);
    for (let page = 0; page < 256; page++) {
        setEntry(memory, entryOf(page * 4096), BigInt(page * 4096) | anyAccess);
    }
    return 0x10000;
}

/** Where `identityTables` has the entry of an address below 2 MiB. */
export function entryOf(address: number): number {
    return 0x13000 + 8 * Math.floor(address / 4096);
}
