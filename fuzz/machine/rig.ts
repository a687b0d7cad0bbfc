/**
 * A machine under the fuzzer: does pokes, and holds the machine to what must be true after each.
 *
 * - Nothing is thrown, whatever the guest does.
 * - A register gives a number of its access's size.
 * - Work is bounded: see `limits`. Beyond a limit the machine is stopped in the middle of it, so
 *   that what would never end is found as well.
 * - Devices change memory only where the guest's structures say (`DmaWatch`).
 * - A state that was saved, or written out as bytes, comes back with the same hash.
 */
import { type ChoiceStream, SeededChoices } from "../../src/base/choices.ts";
import { Random } from "../../src/base/random.ts";
import { encodeState, StateFields, type StateRecord } from "../../src/base/state.ts";
import { eagerDestage, lazyDestage, randomDestage } from "../../src/disk/cache/destage-policy.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { AhciSanitizer } from "../../src/machine/ahci/sanitizer.ts";
import { Machine } from "../../src/machine/machine.ts";
import type { FaultRule } from "../../src/machine/sata/fault-rules.ts";
import { immediateTiming, randomTiming } from "../../src/machine/sata/timing.ts";
import { RandomSchedule } from "../../src/machine/schedule/random.ts";
import type { MachineState } from "../../src/machine/state/machine-state.ts";
import { decodeMachineState, encodeMachineState } from "../../src/machine/state/portable-state.ts";
import { Failure } from "../failure.ts";
import { DmaWatch, type WatchMark } from "./dma-watch.ts";
import { diskBytes, memoryBytes } from "./layout.ts";
import type { Poke } from "./poke.ts";
import { PokeKernel } from "./poke-kernel.ts";

/** The most that one poke may cause. A drive has 32 commands at most, and one that queues not. */
export const limits = {
    /** Times that alarms are set or ring. */
    alarms: 2000,
    choices: 20_000,
    commands: 100,
    /** Each command may move the whole disk once. */
    movedBytes: 40 * diskBytes,
    /** Of all pokes of a case together: each is told once. */
    notices: 1000,
} as const;

/** Operations that a program gets for a poke: that of the poke, a fault, its handler. */
const operationsPerPoke = 6;
/** Virtual time that they get, for a CPU may be asleep. */
const nsPerPoke = 2000;
/** The widest access, with what an interrupt's handler writes. */
const cpuBytes = 16;

const faultRules: readonly FaultRule[] = [
    { on: "read", effect: "media error", chance: [1, 12], times: "always" },
    { on: "write", effect: "media error", chance: [1, 12], times: "always" },
    { on: "flush", effect: "abort", chance: [1, 4], times: "always" },
    { on: "any", effect: "timeout", chance: [1, 30], times: "always" },
    { on: "read", effect: "corrupt read", chance: [1, 8], times: "always" },
];

/** How many CPUs the machine that a seed makes has. */
export function cpuCountOf(seed: number): number {
    return 1 + (seed % 3);
}

/** What is kept at a `save`. */
interface Kept {
    readonly state: MachineState;
    readonly hash: string;
    readonly sanitizer: StateRecord;
    readonly mark: WatchMark;
}

export class Rig {
    readonly machine: Machine;
    readonly cpuCount: number;
    readonly #kernel = new PokeKernel();
    readonly #watch: DmaWatch;
    /** In place of the machine's own, which would leave no room for the watch. */
    readonly #sanitizer: AhciSanitizer;
    /** A poke is being done, and what it causes is counted. */
    #isPoked = false;
    #counts = { alarms: 0, choices: 0 };
    #noticeCount = 0;
    #kept: Kept | undefined;

    /** @param seed makes the machine: how many CPUs, what drive, which faults. */
    constructor(seed: number) {
        const random = new Random(seed);
        this.cpuCount = cpuCountOf(seed);
        let watch: DmaWatch | undefined;
        let sanitizer: AhciSanitizer | undefined;
        this.machine = new Machine({
            cpuCount: this.cpuCount,
            memoryBytes,
            disk: new MemoryStore(new Uint8Array(diskBytes).fill(0x5a)),
            choices: this.#metered(new SeededChoices(seed)),
            schedule: (choices) => new RandomSchedule(choices),
            driveTiming: random.pick([
                immediateTiming,
                randomTiming({ maxNs: 50_000 }),
                randomTiming({ maxNs: 20_000, stepNs: 5000 }),
            ]),
            destage: {
                ...random.pick([lazyDestage, eagerDestage, randomDestage]),
                powerLoss: random.pick(["requests", "sectors", "trash", "collateral"] as const),
                capacityBytes: random.pick([2 ** 23, 2 ** 15]),
            },
            diskFaults: random.pick([[], [], faultRules]),
            advertisesFua: random.chance(1, 2),
            observer: {
                onDoorbell: (port, register, bits, before) =>
                    sanitizer?.onDoorbell(port, register, bits, before),
                onCommandFetched: (port, command) => {
                    watch?.commandFetched(command);
                    sanitizer?.onCommandFetched(port, command);
                },
                onCommandRefused: (port, slot, reason) =>
                    sanitizer?.onCommandRefused(port, slot, reason),
                onTransferStart: (port, slot, direction, offset, byteLength) => {
                    watch?.transferStarts(slot, direction);
                    sanitizer?.onTransferStart(port, slot, direction, offset, byteLength);
                },
                onTransfer: (port, slot, direction, offset, byteLength) => {
                    watch?.transferred(slot, direction, byteLength);
                    sanitizer?.onTransfer(port, slot, direction, offset, byteLength);
                },
                onCompletionPosted: (port, slots) => sanitizer?.onCompletionPosted(port, slots),
                onCompletionRead: (port, slots) => sanitizer?.onCompletionRead(port, slots),
                onPortStopped: (port) => sanitizer?.onPortStopped(port),
            },
            onNotice: () => {
                this.#noticeCount++;
            },
        });
        this.#meterAlarms();
        this.machine.powerOn(this.#kernel);
        // From here on only what changes is dirty.
        this.machine.save();
        watch = new DmaWatch(this.machine.memory, (address) => this.#diskRegister(address));
        this.#watch = watch;
        const { memory, clock } = this.machine;
        sanitizer = new AhciSanitizer({ memory, clock, report: () => {} });
        this.#sanitizer = sanitizer;
    }

    /** Does a poke. Throws `Failure`, or whatever the machine threw. */
    do(poke: Poke): void {
        this.#counts = { alarms: 0, choices: 0 };
        this.#isPoked = true;
        this.#watch.begin();
        this.#apply(poke);
        this.#isPoked = false;
        this.#watch.end(poke.do === "cpu" ? cpuBytes : undefined);
        this.#check("commands", this.#watch.fetchedCommands);
        this.#check("movedBytes", this.#watch.movedBytes);
        this.#check("notices", this.#noticeCount);
    }

    /** A register of the disk controller, also while PCI hides it, which it then does again. */
    #diskRegister(address: number): number {
        const { ports, registers } = this.machine;
        const value = registers[0].read(address, 4);
        if (value !== 0xffff_ffff) {
            return value;
        }
        const selected = ports.read(0xcf8, 4);
        ports.write(0xcf8, 4, 0x8000_fa04);
        const command = ports.read(0xcfc, 2);
        ports.write(0xcfc, 2, command | 2);
        const shown = registers[0].read(address, 4);
        ports.write(0xcfc, 2, command);
        ports.write(0xcf8, 4, selected);
        return shown;
    }

    /** Becomes what another rig with the same seed was, by the bytes of its state. */
    become(bytes: Uint8Array): void {
        this.machine.load(decodeMachineState(bytes));
        this.#watch.became();
    }

    /** What must be true at the end of a case. */
    finish(): void {
        this.#watch.compareAll();
        this.#copy();
        for (const { device, message } of this.machine.notices) {
            if (device === "" || !/^[^\n]+$/.test(message)) {
                throw new Failure("differs", `a notice that is no line: ${device}: ${message}`);
            }
        }
    }

    #apply(poke: Poke): void {
        const { machine } = this;
        switch (poke.do) {
            case "in":
                this.#expectSized(machine.ports.read(poke.port, poke.size), poke.size);
                break;
            case "out":
                machine.ports.write(poke.port, poke.size, poke.value);
                break;
            case "read": {
                const registers = machine.registers[poke.cpu % this.cpuCount];
                this.#expectSized(registers.read(poke.address, poke.size), poke.size);
                break;
            }
            case "write":
                machine.registers[poke.cpu % this.cpuCount].write(
                    poke.address,
                    poke.size,
                    poke.value,
                );
                break;
            case "words":
                this.#store(poke.address, poke.words);
                break;
            case "cpu":
                this.#kernel.asked = poke;
                machine.run({
                    operations: operationsPerPoke,
                    untilNs: machine.clock.nowNs + nsPerPoke,
                });
                this.#kernel.asked = undefined;
                break;
            case "advance":
                machine.clock.advanceTo(machine.clock.nowNs + poke.ns);
                break;
            case "leap":
                if (machine.clock.nextAlarmNs < Number.POSITIVE_INFINITY) {
                    machine.clock.advanceTo(machine.clock.nextAlarmNs);
                }
                break;
            case "type":
                machine.keyboard.keyboard.type(poke.text);
                break;
            case "save":
                this.#kept = {
                    state: machine.save(),
                    hash: machine.stateHash(),
                    sanitizer: this.#sanitizer.save(),
                    mark: this.#watch.mark(),
                };
                break;
            case "load":
                this.#load();
                break;
            case "copy":
                this.#copy();
                break;
            case "cycle":
                machine.losePower();
                this.#sanitizer.reset();
                machine.powerOn(this.#kernel);
                machine.save();
                this.#watch.became();
                break;
        }
    }

    #store(address: number, words: readonly number[]): void {
        const { memory } = this.machine;
        for (const [index, word] of words.entries()) {
            const at = address + 4 * index;
            if (memory.contains(at, 4)) {
                memory.view.setUint32(at, word, true);
                memory.wrote(at, 4);
                this.#watch.guestWrote(at, 4);
            }
        }
    }

    #load(): void {
        if (this.#kept !== undefined) {
            this.machine.load(this.#kept.state);
            this.#expectHash(this.#kept.hash, "a state that was loaded");
            this.#sanitizer.load(new StateFields(this.#kept.sanitizer, "sanitizer"));
            this.#watch.became(this.#kept.mark);
        }
    }

    #copy(): void {
        const hash = this.machine.stateHash();
        this.machine.load(decodeMachineState(encodeMachineState(this.machine.save())));
        this.#expectHash(hash, "a state that was written out");
        const before = this.#sanitizer.save();
        this.#sanitizer.load(new StateFields(before, "sanitizer"));
        if (Buffer.compare(encodeState(before), encodeState(this.#sanitizer.save())) !== 0) {
            throw new Failure("differs", "the sanitiser is not what was saved");
        }
    }

    #expectHash(hash: string, what: string): void {
        if (this.machine.stateHash() !== hash) {
            throw new Failure("differs", `${what} has another hash`);
        }
    }

    #expectSized(value: number, size: number): void {
        if (!Number.isInteger(value) || value < 0 || value >= 2 ** (8 * size)) {
            throw new Failure("range", `a register of ${size} bytes reads as ${value}`);
        }
    }

    #check(what: keyof typeof limits, count: number): void {
        if (count > limits[what]) {
            throw new Failure("work", `${count} ${what}, more than ${limits[what]}`);
        }
    }

    /** One more of what would otherwise go on without end. */
    #count(what: "alarms" | "choices"): void {
        if (this.#isPoked) {
            this.#counts[what]++;
            this.#check(what, this.#counts[what]);
        }
    }

    #meterAlarms(): void {
        const { clock } = this.machine;
        const changed = clock.alarmsChanged.bind(clock);
        clock.alarmsChanged = () => {
            this.#count("alarms");
            changed();
        };
    }

    #metered(choices: ChoiceStream): ChoiceStream {
        return {
            choose: (optionCount) => {
                this.#count("choices");
                return choices.choose(optionCount);
            },
            save: () => choices.save(),
            load: (state: StateFields) => choices.load(state),
        };
    }
}
