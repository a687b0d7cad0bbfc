/**
 * Where pokes come from: a driver that mostly knows what it does, and then goes wrong.
 *
 * Each turn is a small sequence that makes sense (start the port, issue a command, take an
 * interrupt, build page tables); now and then a number in it is another one, a step is missing,
 * or something comes from nowhere. All chance is the given generator's.
 */
import type { Random } from "../../src/base/random.ts";
import type { AccessSize } from "../../src/machine/device.ts";
import {
    ahciBase,
    buffers,
    commandList,
    commandTableBytes,
    commandTables,
    diskBytes,
    ioApicBase,
    localApicBase,
    memoryBytes,
    pageTables,
    portRegister,
    receivedFis,
    screen,
} from "./layout.ts";
import { cpuAsks, type Poke } from "./poke.ts";

const sizes: readonly AccessSize[] = [1, 2, 4];
const sectorCount = diskBytes / 512;

/** Ports that answer, and some next to them. */
const knownPorts = [
    ...[0x20, 0x21, 0x40, 0x41, 0x42, 0x43, 0x60, 0x61, 0x64, 0x70, 0x71, 0x92, 0xa0, 0xa1],
    ...[0x378, 0x379, 0x37a, 0x3c0, 0x3c8, 0x3d4, 0x3d5, 0x3da, 0x3df],
    ...[0x600, 0x602, 0x604, 0x605, 0x607, 0xcf8, 0xcf9, 0xcfc, 0xcfd, 0xcff],
];

/** Commands that the drive knows, those that move data more often; and any other. */
const ataCommands = [
    ...[0x25, 0x35, 0xc8, 0xca, 0x20, 0x30, 0x24, 0x34, 0x29, 0x39, 0xc4, 0xc5, 0x40, 0x42],
    ...[0xe7, 0xea, 0xec, 0xef, 0xe0, 0xe5, 0x06, 0x2f, 0x2f, 0x3d, 0x90, 0xc6, 0x00, 0xb0],
];

/** Entries of page tables: bits that matter, below the address and above it. */
const entryFlags = [0x07, 0x07, 0x07, 0x03, 0x05, 0x01, 0x87, 0x83, 0x00, 0x67, 0xe7];
const entryHighs = [0, 0, 0, 0, 0, 0x8000_0000, 0x0000_0001, 0x0000_0100, 0x000f_ff00];

export class PokeSource {
    readonly #random: Random;
    readonly #pokes: Poke[] = [];
    readonly #cpuCount: number;
    /** One number in so many is not what it should be. */
    readonly #soundness: number;
    #nextSlot = 0;

    constructor(random: Random, cpuCount: number) {
        this.#random = random;
        this.#cpuCount = cpuCount;
        this.#soundness = random.pick([1000, 300, 100, 30, 10]);
    }

    /** `count` pokes. */
    take(count: number): Poke[] {
        this.#startPort();
        while (this.#pokes.length < count) {
            this.#turn();
        }
        return this.#pokes.slice(0, count);
    }

    #turn(): void {
        const turns: readonly (readonly [weight: number, turn: () => void])[] = [
            [24, () => this.#queueCommand()],
            [8, () => this.#plainCommand()],
            [16, () => this.#serve()],
            [20, () => this.#passTime()],
            [5, () => this.#recover()],
            [6, () => this.#startPort()],
            [4, () => this.#anyAhci()],
            [8, () => this.#anyLocalApic()],
            [5, () => this.#anyIoApic()],
            [6, () => this.#anyPort()],
            [4, () => this.#useKeyboard()],
            [4, () => this.#useConsole()],
            [3, () => this.#usePci()],
            [5, () => this.#buildTables()],
            [12, () => this.#useCpu()],
            [4, () => this.#anyMemory()],
            [3, () => this.#anything()],
            [1, () => this.#changeState()],
        ];
        let left = this.#random.below(turns.reduce((sum, [weight]) => sum + weight, 0));
        for (const [weight, turn] of turns) {
            if (left < weight) {
                turn();
                return;
            }
            left -= weight;
        }
    }

    // ---------------------------------------------------------------- the disk

    #startPort(): void {
        const list = this.#mostly(commandList, () => this.#address());
        const fis = this.#mostly(receivedFis, () => this.#address());
        this.#add({ do: "out", port: 0xcf8, size: 4, value: 0x8000_fa04 });
        this.#add({ do: "out", port: 0xcfc, size: 4, value: this.#mostly(7, () => 3) });
        this.#port(
            "PxCMD",
            this.#mostly(6, () => this.#word()),
        );
        this.#port("PxCLB", list % 2 ** 32);
        this.#port(
            "PxCLBU",
            this.#mostly(0, () => this.#word()),
        );
        this.#port("PxFB", fis % 2 ** 32);
        this.#port("PxFBU", 0);
        this.#port("PxSERR", 0xffff_ffff);
        this.#port("PxIS", 0xffff_ffff);
        this.#port(
            "PxIE",
            this.#mostly(0x7d80_003f, () => this.#word()),
        );
        this.#write(
            ahciBase + 4,
            this.#mostly(0x8000_0002, () => this.#word()),
        );
        this.#port(
            "PxCMD",
            this.#mostly(0x17, () => this.#word()),
        );
    }

    #queueCommand(): void {
        const slot = this.#freeSlot();
        const isWrite = this.#random.chance(1, 2);
        const tag = this.#mostly(slot, () => this.#random.below(32));
        const sectors = this.#sectors();
        const fua = isWrite && this.#random.chance(1, 5) ? 0x80 : 0;
        this.#command(slot, {
            command: isWrite ? 0x61 : 0x60,
            isWrite,
            features: sectors,
            count: tag << 3,
            lba: this.#lba(sectors),
            device: 0x40 | fua,
            byteCount: 512 * sectors,
        });
        this.#port(
            "PxSACT",
            this.#mostly(2 ** tag, () => 0),
        );
        this.#port(
            "PxCI",
            this.#mostly(2 ** slot, () => this.#word()),
        );
    }

    #plainCommand(): void {
        // One that does not queue comes when the queue is empty, as a driver would have it.
        for (let left = this.#mostly(8, () => 0); left > 0; left--) {
            this.#add({ do: "leap" });
        }
        const slot = this.#freeSlot();
        const command = this.#mostly(this.#random.pick(ataCommands), () => this.#random.below(256));
        const sectors = this.#sectors();
        if (command === 6) {
            this.#words(buffers + 0x4000 * slot, this.#trimList());
        }
        const features = { 239: [0x02, 0x82, 0x03, 0xaa, 0x55], 6: [1] }[command] ?? [0];
        this.#command(slot, {
            command,
            isWrite: [0x30, 0x34, 0x35, 0x39, 0x3d, 0xc5, 0xca, 0x06].includes(command),
            features: this.#random.pick(features),
            count: command === 0x2f || command === 6 ? 1 : sectors,
            lba: command === 0x2f ? this.#random.pick([0x10, 0]) : this.#lba(sectors),
            device: this.#mostly(0x40, () => this.#random.below(256)),
            byteCount: 512 * sectors,
        });
        this.#port(
            "PxCI",
            this.#mostly(2 ** slot, () => this.#word()),
        );
    }

    /** Slots in turn: one is most likely free again when its turn comes. */
    #freeSlot(): number {
        this.#nextSlot = (this.#nextSlot + 1) % 32;
        return this.#mostly(this.#nextSlot, () => this.#random.below(32));
    }

    /** A command's header, FIS and list; each may be not what it should be. */
    #command(
        slot: number,
        what: {
            readonly command: number;
            readonly isWrite: boolean;
            readonly features: number;
            readonly count: number;
            readonly lba: number;
            readonly device: number;
            readonly byteCount: number;
        },
    ): void {
        const table = commandTables + commandTableBytes * slot;
        const entries = this.#entries(slot, what.byteCount);
        const entryCount = this.#mostly(entries.length / 4, () =>
            this.#random.pick([0, 1, 100, 0xffff]),
        );
        const flags = this.#mostly(5 | (what.isWrite ? 0x40 : 0), () => this.#random.below(65_536));
        this.#words(commandList + 32 * slot, [
            (flags | (entryCount << 16)) >>> 0,
            0,
            this.#mostly(table, () => this.#address() % 2 ** 32),
            this.#mostly(0, () => this.#word()),
        ]);
        const { command, features, lba, device, count } = what;
        const start = this.#mostly(0x8027, () => this.#random.below(65_536));
        this.#words(table, [
            (start | (command << 16) | ((features & 0xff) << 24)) >>> 0,
            (lba % 2 ** 24) + device * 2 ** 24,
            Math.floor(lba / 2 ** 24) + (features >>> 8) * 2 ** 24,
            this.#mostly(count, () => this.#word()),
            0,
        ]);
        if (entries.length > 0) {
            this.#words(table + 0x80, entries);
        }
    }

    /** A scatter-gather list: pieces that add up to what is moved, or nearly. */
    #entries(slot: number, byteCount: number): number[] {
        const words: number[] = [];
        let address = buffers + 0x4000 * slot;
        for (let left = byteCount; left > 0 && words.length < 24; ) {
            const isLast = words.length === 20 || this.#random.chance(1, 2);
            const length = isLast
                ? left
                : 2 * this.#random.between(1, Math.max(1, Math.floor(left / 4)));
            const here = this.#mostly(address, () => this.#address());
            const interrupt = this.#random.chance(1, 6) ? 0x8000_0000 : 0;
            const stored = this.#mostly(length - 1, () => this.#random.below(2 ** 22));
            words.push(
                here % 2 ** 32,
                this.#mostly(0, () => this.#word()),
                0,
            );
            words.push((stored | interrupt) >>> 0);
            address += length + 2 * this.#random.below(16);
            left -= length;
        }
        return words;
    }

    /** A sector of ranges: the first sector of each, and how many. */
    #trimList(): number[] {
        return Array.from({ length: 64 }, (_, index) => {
            const sectors = index < 3 ? this.#sectors() : 0;
            return [this.#lba(sectors), sectors * 2 ** 16];
        }).flat();
    }

    /** What an interrupt handler does, more or less. */
    #serve(): void {
        this.#read(ahciBase + 8);
        this.#read(ahciBase + portRegister.PxIS);
        if (this.#random.chance(4, 5)) {
            this.#port("PxIS", 0xffff_ffff);
            this.#write(ahciBase + 8, 0xffff_ffff);
        }
        this.#read(ahciBase + this.#random.pick([portRegister.PxSACT, portRegister.PxCI]));
        this.#read(ahciBase + portRegister.PxTFD);
        this.#write(localApicBase + 0xb0, 0);
    }

    #recover(): void {
        const way = this.#random.below(4);
        if (way === 0) {
            this.#port("PxSCTL", this.#random.pick([1, 4]));
            this.#port("PxSCTL", 0);
        } else if (way === 1) {
            this.#write(ahciBase + 4, 0x8000_0001);
        } else if (way === 2) {
            // A software reset: SRST set, then clear.
            for (const control of [4, 0]) {
                this.#words(commandList, [0x5 | (this.#random.chance(1, 2) ? 0x400 : 0), 0]);
                this.#words(commandTables, [0x0027, 0, 0, control * 2 ** 24]);
                this.#port("PxCI", 1);
            }
        } else {
            this.#port("PxCMD", 0x16);
        }
        this.#port(
            "PxSERR",
            this.#mostly(0xffff_ffff, () => 0),
        );
        this.#port("PxIS", 0xffff_ffff);
        this.#port("PxCMD", 0x17);
    }

    #passTime(): void {
        if (this.#random.chance(3, 4)) {
            for (let left = this.#random.between(1, 4); left > 0; left--) {
                this.#add({ do: "leap" });
            }
        } else {
            const ns = this.#random.below(this.#random.pick([100, 20_000, 200_000, 3_000_000]));
            this.#add({ do: "advance", ns });
        }
    }

    // ---------------------------------------------------------------- other devices

    #anyAhci(): void {
        const known = this.#random.pick(Object.values(portRegister));
        const port = this.#mostly(0, () => this.#random.below(8));
        const offset = this.#random.pick([
            known + 0x80 * port,
            known + 0x80 * port,
            4 * this.#random.below(12),
            this.#random.below(0x1000),
        ]);
        if (this.#random.chance(1, 4)) {
            this.#access(ahciBase + offset);
        } else {
            this.#read(ahciBase + offset);
        }
    }

    #anyLocalApic(): void {
        const cpu = this.#random.below(this.#cpuCount);
        const offset = this.#random.pick([
            0x20, 0x80, 0xb0, 0xd0, 0xe0, 0xf0, 0x280, 0x300, 0x310, 0x320, 0x350, 0x360, 0x370,
            0x380, 0x390, 0x3e0,
        ]);
        const any = this.#random.pick([offset, offset, offset, this.#random.below(0x1000)]);
        if (offset === 0x300 && this.#random.chance(1, 2)) {
            const command = this.#random.pick([0xc_4500, 0xc_4608, 0x4_4030, 0xc_4031, 0x0_4400]);
            this.#write(localApicBase + 0x310, this.#random.below(4) * 2 ** 24, cpu);
            this.#write(localApicBase + 0x300, command, cpu);
        } else {
            this.#access(localApicBase + any, cpu);
        }
    }

    #anyIoApic(): void {
        this.#write(
            ioApicBase,
            this.#mostly(this.#random.below(0x40), () => this.#word()),
        );
        this.#access(ioApicBase + 0x10);
        if (this.#random.chance(1, 4)) {
            this.#access(ioApicBase + this.#random.below(0x100));
        }
    }

    #anyPort(): void {
        const port = this.#random.pick(knownPorts) + this.#mostly(0, () => this.#random.below(4));
        const size = this.#random.pick(sizes);
        if (this.#random.chance(1, 2)) {
            this.#add({ do: "in", port, size });
        } else {
            this.#add({ do: "out", port, size, value: this.#sized(size) });
        }
    }

    #useKeyboard(): void {
        if (this.#random.chance(1, 3)) {
            const text = this.#random.pick(["ls\n", "A", "echo Hi >f\n", "\n\n\n", "x~!"]);
            this.#add({ do: "type", text });
        } else if (this.#random.chance(1, 2)) {
            this.#add({ do: "in", port: 0x64, size: 1 });
            this.#add({ do: "in", port: 0x60, size: 1 });
        } else {
            const commands = [0x20, 0x60, 0xa7, 0xaa, 0xab, 0xad, 0xae, 0xd0, 0xd1, 0xd2, 0xd4];
            const value = this.#mostly(this.#random.pick(commands), () => this.#random.below(256));
            this.#add({ do: "out", port: 0x64, size: 1, value });
            this.#add({ do: "out", port: 0x60, size: 1, value: this.#random.below(256) });
        }
    }

    #useConsole(): void {
        const row = this.#random.below(26);
        const cells = Array.from({ length: this.#random.between(1, 40) }, () => this.#word());
        this.#words(screen + 160 * row, cells);
        if (this.#random.chance(1, 2)) {
            this.#add({ do: "out", port: 0x3d4, size: 1, value: this.#random.below(32) });
            this.#add({ do: "out", port: 0x3d5, size: 1, value: this.#random.below(256) });
        }
    }

    #usePci(): void {
        const place = this.#random.pick([0xf8, 0xfa, 0xfb, 0x00, 0x10, this.#random.below(256)]);
        const register = this.#random.pick([0, 4, 8, 0x10, 0x24, 0x3c, this.#random.below(256)]);
        const value = (0x8000_0000 | (place << 8) | (register & 0xfc)) >>> 0;
        this.#add({ do: "out", port: 0xcf8, size: 4, value });
        const port = 0xcfc + this.#random.below(4);
        const size = this.#random.pick(sizes);
        if (this.#random.chance(1, 2)) {
            this.#add({ do: "in", port, size });
        } else {
            this.#add({ do: "out", port, size, value: this.#sized(size) });
        }
    }

    // ---------------------------------------------------------------- CPUs and memory

    /** Four levels that map low memory and the devices, with entries that do something else. */
    #buildTables(): void {
        for (let level = 0; level < 4; level++) {
            const words: number[] = [];
            for (let index = 0; index < 4; index++) {
                const frame =
                    level === 3
                        ? this.#mostly(0x1000 * index, () => this.#address())
                        : pageTables + 0x1000 * (level + 1);
                const flags = this.#mostly(0x07, () => this.#random.pick(entryFlags));
                words.push(((frame & ~0xfff) | flags) >>> 0);
                words.push(this.#mostly(0, () => this.#random.pick(entryHighs)));
            }
            this.#words(pageTables + 0x1000 * level, words);
        }
        this.#cpu(
            "loadPageTable",
            this.#mostly(pageTables, () => this.#address()),
        );
    }

    #useCpu(): void {
        const ask = this.#random.pick(cpuAsks);
        const address =
            ask === "input" || ask === "output"
                ? this.#random.pick(knownPorts)
                : this.#random.pick([
                      this.#random.below(0x4000),
                      4094,
                      this.#address(),
                      ahciBase + this.#random.pick(Object.values(portRegister)),
                      localApicBase + 0x20,
                      -1 - this.#random.below(0x2_0000),
                      2 ** 47 - this.#random.below(16),
                      this.#random.below(2 ** 32) * 2 ** 12,
                  ]);
        this.#cpu(ask, address);
    }

    #cpu(ask: (typeof cpuAsks)[number], address: number): void {
        const size = this.#random.pick(sizes);
        this.#add({ do: "cpu", ask, address, size, value: this.#word() });
    }

    #anyMemory(): void {
        const address = 4 * Math.floor((this.#address() % memoryBytes) / 4);
        this.#words(address, [this.#word(), this.#word()]);
    }

    #anything(): void {
        const size = this.#random.pick(sizes);
        if (this.#random.chance(1, 2)) {
            const port = this.#random.below(0x1_0000);
            this.#add({ do: "out", port, size, value: this.#sized(size) });
        } else {
            const address = this.#random.below(2 ** 32);
            this.#add({ do: "read", cpu: 0, address, size });
            this.#add({ do: "write", cpu: 0, address, size, value: this.#sized(size) });
        }
    }

    #changeState(): void {
        const what = this.#random.pick(["save", "save", "load", "load", "copy", "cycle"] as const);
        this.#add({ do: what });
    }

    // ---------------------------------------------------------------- numbers

    #add(poke: Poke): void {
        this.#pokes.push(poke);
    }

    #port(register: keyof typeof portRegister, value: number): void {
        this.#write(ahciBase + portRegister[register], value);
    }

    #read(address: number): void {
        this.#add({ do: "read", cpu: 0, address, size: 4 });
    }

    #write(address: number, value: number, cpu = 0): void {
        this.#add({ do: "write", cpu, address, size: 4, value });
    }

    /** A read or a write of any size, mostly of 32 bits. */
    #access(address: number, cpu = 0): void {
        const size = this.#mostly<AccessSize>(4, () => this.#random.pick(sizes));
        if (this.#random.chance(1, 3)) {
            this.#add({ do: "read", cpu, address, size });
        } else {
            this.#add({ do: "write", cpu, address, size, value: this.#sized(size) });
        }
    }

    #words(address: number, words: readonly number[]): void {
        this.#add({ do: "words", address, words: words.map((word) => word >>> 0) });
    }

    /** The right thing, or now and then another. */
    #mostly<T>(right: T, other: () => T): T {
        return this.#random.chance(1, this.#soundness) ? other() : right;
    }

    #word(): number {
        return this.#random.pick([
            0,
            1,
            0xffff_ffff,
            2 ** this.#random.below(32),
            this.#random.below(256),
            this.#random.uint32(),
        ]);
    }

    #sized(size: AccessSize): number {
        return this.#word() % 2 ** (8 * size);
    }

    /** Addresses at which something can go wrong. */
    #address(): number {
        return this.#random.pick([
            0,
            commandList,
            receivedFis,
            commandTables,
            pageTables,
            screen,
            buffers + 2 * this.#random.below(0x1000),
            memoryBytes - 2 * this.#random.below(0x200),
            memoryBytes,
            ahciBase,
            localApicBase,
            2 ** 32 - 2 * this.#random.below(0x100),
            this.#random.below(memoryBytes),
            this.#random.below(2 ** 32),
        ]);
    }

    #sectors(): number {
        return this.#random.pick([1, 1, 2, 8, 8, 16, this.#random.between(1, 64), 0]);
    }

    #lba(sectors: number): number {
        const last = Math.max(0, sectorCount - sectors);
        return this.#mostly(this.#random.below(last + 1), () =>
            this.#random.pick([sectorCount, sectorCount - 1, 2 ** 28 - 1, 2 ** 48 - 1]),
        );
    }
}
