/** How fast the machine is: its CPUs, its disk, its states, and the import of write logs. */
import { SeededChoices } from "../src/base/choices.ts";
import { type DestagePolicy, lazyDestage } from "../src/disk/cache/destage-policy.ts";
import { importLog } from "../src/disk/log/import-log.ts";
import { LogReader, readLogHeader } from "../src/disk/log/log-reader.ts";
import { LogWriter, logSuperblock } from "../src/disk/log/log-writer.ts";
import { MemoryStore } from "../src/disk/memory-store.ts";
import { AhciController } from "../src/machine/ahci/controller.ts";
import { Clock } from "../src/machine/clock.ts";
import { Context } from "../src/machine/cpu/context.ts";
import type { EntryPoints } from "../src/machine/cpu/entry-points.ts";
import type { Program } from "../src/machine/cpu/operation.ts";
import { GuestMemory } from "../src/machine/guest-memory.ts";
import { Machine, type MachineOptions } from "../src/machine/machine.ts";
import { Drive } from "../src/machine/sata/drive.ts";
import { RandomSchedule } from "../src/machine/schedule/random.ts";
import { RoundRobin } from "../src/machine/schedule/round-robin.ts";
import type { Schedule } from "../src/machine/schedule/schedule.ts";
import { perSecond } from "./in-process.ts";
import type { Benchmark, Measurement } from "./measurement.ts";

const atLeast = (value: number) => ({ kind: "target", value, isMoreBetter: true }) as const;
const atMost = (value: number) => ({ kind: "target", value, isMoreBetter: false }) as const;

/** Two CPUs that do nothing but load and store, each in memory of its own. */
class LoadStoreKernel implements EntryPoints {
    *start(context: Context, vector: number): Program {
        if (vector < 0) {
            yield context.store(0xfee0_0300, 4, 0xc_4500);
            yield context.store(0xfee0_0300, 4, 0xc_4608);
        }
        const base = vector < 0 ? 0x10_0000 : 0x20_0000;
        for (let sum = 0; ; ) {
            for (let word = 0; word < 4096; word++) {
                sum += yield context.load(base + 4 * word, 4);
                yield context.store(base + 4 * word, 4, sum);
            }
        }
    }

    // biome-ignore-start lint/correctness/useYield: nothing of this happens.
    *systemCall(_context: Context): Program {
        return 0;
    }

    *exception(): Program {
        return 0;
    }

    *interrupt(): Program {
        return 0;
    }
    // biome-ignore-end lint/correctness/useYield: nothing of this happens.
}

async function operations(
    what: string,
    schedule: (choices: SeededChoices) => Schedule,
): Promise<Measurement> {
    const choices = new SeededChoices(1);
    const machine = new Machine({ cpuCount: 2, choices, schedule: () => schedule(choices) });
    machine.powerOn(new LoadStoreKernel());
    const count = 1_000_000;
    const value = (await perSecond(() => machine.run({ operations: count }))) * (count / 1e6);
    return { name: "machine-cpu", what, value, unit: "M/s", against: atLeast(20) };
}

/** A user program that loads and stores, and begins anew before too much of it is recorded. */
class UserKernel extends LoadStoreKernel {
    readonly #isRecorded: boolean;

    constructor(isRecorded: boolean) {
        super();
        this.#isRecorded = isRecorded;
    }

    override *start(context: Context): Program {
        const user = new Context("user");
        if (this.#isRecorded) {
            user.startUser(loadsAndStores, { interruptsEnabled: true });
        } else {
            user.start(loadsAndStores(user), { isUser: true, interruptsEnabled: true });
        }
        yield context.switchTo(user);
    }

    override *systemCall(context: Context): Program {
        if (this.#isRecorded) {
            context.replaceUser(loadsAndStores);
        } else {
            const mode = { isUser: true, interruptsEnabled: true };
            context.replace(loadsAndStores(context), mode);
        }
        yield context.step();
        return 0;
    }
}

function* loadsAndStores(context: Context): Program {
    const base = 0x10_0000;
    let sum = 0;
    for (let turn = 0; turn < 250; turn++) {
        for (let word = 0; word < 4096; word++) {
            sum = (sum + (yield context.load(base + 4 * word, 4))) & 0xffff;
            yield context.store(base + 4 * word, 4, sum);
        }
    }
    yield context.systemCall(0);
}

async function userOperations(what: string, isRecorded: boolean): Promise<Measurement> {
    const machine = new Machine({ choices: 1 });
    machine.powerOn(new UserKernel(isRecorded));
    const count = 1_000_000;
    const value = (await perSecond(() => machine.run({ operations: count }))) * (count / 1e6);
    return { name: "machine-cpu", what, value, unit: "M/s", against: atLeast(20) };
}

/** Pages copied from one place to another, each by one operation. */
async function copies(): Promise<Measurement> {
    const machine = new Machine({ choices: 1 });
    const kernel = new LoadStoreKernel();
    kernel.start = function* (context) {
        for (let page = 0; ; page = (page + 1) % 256) {
            yield context.copy(0x20_0000 + 4096 * page, 0x10_0000 + 4096 * page, 4096);
        }
    };
    machine.powerOn(kernel);
    const count = 10_000;
    const rate = await perSecond(() => machine.run({ operations: count }));
    const value = (rate * count * 4096) / 1e9;
    return { name: "machine-cpu", what: "copying pages", value, unit: "GB/s" };
}

const cpu: Benchmark = {
    name: "machine-cpu",
    async run() {
        return [
            await operations("loads and stores of 2 CPUs in turn", () => new RoundRobin()),
            await operations(
                "loads and stores of 2 CPUs, random schedule",
                (choices) => new RandomSchedule(choices),
            ),
            await userOperations("loads and stores of a user program", false),
            await userOperations("the same, recorded for forks", true),
            await copies(),
        ];
    },
};

const ahciBase = 0xfebf_1000;
const commandList = 0x10_0000;
const tables = 0x10_1000;
const buffers = 0x20_0000;
const diskBytes = 4 * 2 ** 20;

/** What a driver sees of a machine or of a part of it. */
interface Host {
    readonly memory: GuestMemory;
    readonly clock: Clock;
    /** Registers of the controller. */
    read(offset: number): number;
    write(offset: number, value: number): void;
}

function startPort({ write }: Host): void {
    const registers = [
        ...[0x118, 0x6, 0x100, commandList, 0x104, 0, 0x108, commandList + 0x400, 0x10c, 0],
        ...[0x130, 0xffff_ffff, 0x110, 0xffff_ffff, 0x114, 0x7d80_003f, 4, 0x8000_0002],
        ...[0x118, 0x17],
    ];
    for (let index = 0; index < registers.length; index += 2) {
        write(registers[index], registers[index + 1]);
    }
}

/** Queues 32 commands of 4 KiB, every other one a write, and waits for their ends. */
function queueAll({ memory: { view }, clock, read, write }: Host, round: number): void {
    for (let slot = 0; slot < 32; slot++) {
        const isWrite = slot % 2 === 0;
        const header = commandList + 32 * slot;
        const table = tables + 256 * slot;
        const lba = 8 * ((round * 37 + slot * 5) % (diskBytes / 4096));
        view.setUint32(header, (1 << 16) | (isWrite ? 0x40 : 0) | 5, true);
        view.setUint32(header + 8, table, true);
        view.setUint32(table, 0x0800_8027 | ((isWrite ? 0x61 : 0x60) << 16), true);
        view.setUint32(table + 4, 0x4000_0000 | lba, true);
        view.setUint32(table + 8, 0, true);
        view.setUint32(table + 12, slot << 3, true);
        view.setUint32(table + 0x80, buffers + 4096 * slot, true);
        view.setUint32(table + 0x8c, 4095, true);
    }
    write(0x134, 0xffff_ffff);
    write(0x138, 0xffff_ffff);
    while (clock.nextAlarmNs !== Number.POSITIVE_INFINITY) {
        clock.advanceTo(clock.nextAlarmNs);
    }
    if (read(0x134) !== 0 || read(0x138) !== 0 || (read(0x120) & 1) !== 0) {
        throw new Error("all commands end well");
    }
    write(0x110, 0xffff_ffff);
    write(0x08, 0xffff_ffff);
}

/** Commands of a trace: of more than these a machine would need more memory than a benchmark. */
const batchRounds = 100;

async function commands(what: string, host: Host, restart: () => void): Promise<Measurement> {
    const value = await perSecond(() => {
        restart();
        startPort(host);
        for (let round = 0; round < batchRounds; round++) {
            queueAll(host, round);
        }
    });
    return {
        name: "machine-ahci",
        what,
        value: (value * batchRounds * 32) / 1000,
        unit: "k/s",
        against: atLeast(300),
    };
}

/** A controller with a drive, and nobody who writes down what they do. */
function controllerHost(): Host {
    const clock = new Clock();
    const memory = new GuestMemory(2 ** 22);
    const drive = new Drive({
        medium: new MemoryStore(new Uint8Array(diskBytes)),
        clock,
        choices: new SeededChoices(1),
        destage: { ...lazyDestage, capacityBytes: 2 * diskBytes } satisfies DestagePolicy,
        notices: () => {},
    });
    const controller = new AhciController({
        memory,
        drives: new Map([[0, drive]]),
        interruptLine: { set: () => {} },
        notice: () => {},
        isBusMaster: () => true,
    });
    return {
        memory,
        clock,
        read: (offset) => controller.read(offset, 4),
        write: (offset, value) => controller.write(offset, 4, value),
    };
}

/** The controller of a whole machine, to be switched on before each batch. */
async function machineCommands(what: string, more: Partial<MachineOptions>): Promise<Measurement> {
    const disk = new MemoryStore(new Uint8Array(diskBytes));
    const machine = new Machine({ choices: 1, memoryBytes: 2 ** 22, disk, ...more });
    const { memory, clock } = machine;
    const [registers] = machine.registers;
    const host: Host = {
        memory,
        clock,
        read: (offset) => registers.read(ahciBase + offset, 4),
        write: (offset, value) => registers.write(ahciBase + offset, 4, value),
    };
    return commands(what, host, () => machine.powerOn(new LoadStoreKernel()));
}

const ahci: Benchmark = {
    name: "machine-ahci",
    async run() {
        const what = "AHCI commands of 4 KiB, 32 queued";
        return [
            await commands(what, controllerHost(), () => {}),
            await machineCommands(`${what}, with a trace`, { observer: {} }),
            await machineCommands(`${what}, with a trace and the sanitiser`, {}),
        ];
    },
};

const dirtyPages = 1000;

/** Changes 1,000 pages of memory, spread over all of it. */
function touchPages({ memory }: Machine): void {
    for (let page = 0; page < dirtyPages; page++) {
        const address = 4096 * (256 + 7 * page) + 8;
        memory.bytes[address]++;
        memory.wrote(address, 1);
    }
}

const state: Benchmark = {
    name: "machine-state",
    async run() {
        const disk = new MemoryStore(new Uint8Array(diskBytes));
        const machine = new Machine({ cpuCount: 2, choices: 1, disk });
        machine.powerOn(new LoadStoreKernel());
        machine.run({ operations: 1000 });
        touchPages(machine);
        const before = machine.save();
        const saves = await perSecond(() => {
            touchPages(machine);
            machine.save();
        });
        machine.load(before);
        const loads = await perSecond(() => {
            touchPages(machine);
            machine.load(before);
        });
        const hashes = await perSecond(() => machine.stateHash());
        const row = (what: string, rate: number) => ({
            name: "machine-state",
            what,
            value: 1000 / rate,
            unit: "ms",
        });
        const pages = `${dirtyPages} dirty pages of memory`;
        return [
            { ...row(`saving a machine, ${pages}`, saves), against: atMost(1) },
            { ...row(`going back to a state, ${pages}`, loads), against: atMost(1) },
            row("hash of a state that has not changed", hashes),
        ];
    },
};

/** A log of `count` writes of 4 KiB, with a flush after each 16. */
function logOf(count: number): MemoryStore {
    const sectorSizeBytes = 512;
    const chunks: Uint8Array[] = [];
    const writer = new LogWriter((bytes) => chunks.push(bytes.slice()), sectorSizeBytes);
    const data = new Uint8Array(4096).fill(0x5a);
    for (let index = 0; index < count; index++) {
        writer.entry({ flags: 0, byteOffset: 4096 * (index % 1024), byteLength: 4096, data });
        if (index % 16 === 15) {
            writer.entry({ flags: 1, byteOffset: 0, byteLength: 0 });
        }
    }
    return new MemoryStore(
        Buffer.concat([logSuperblock(sectorSizeBytes, writer.entryCount), ...chunks]),
    );
}

const log: Benchmark = {
    name: "machine-log",
    async run() {
        const file = logOf(16_000);
        const header = readLogHeader(file);
        if (typeof header === "string") {
            throw new Error(header);
        }
        const rate = await perSecond(() => {
            const trace = importLog(file, header, new LogReader(file, header), { kind: "dm" });
            // Data is read when it is asked for.
            const bytes = trace.commands.reduce((sum, { after }) => sum + (after?.length ?? 0), 0);
            if (bytes !== 16_000 * 4096) {
                throw new Error("the log has all its writes");
            }
        });
        const value = (rate * file.sizeBytes) / 1e6;
        const what = "import of a write log, with its data";
        return [{ name: "machine-log", what, value, unit: "MB/s", against: atLeast(300) }];
    },
};

export const machine: readonly Benchmark[] = [cpu, ahci, state, log];
