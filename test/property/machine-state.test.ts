/**
 * Saved states: a machine goes back and goes on as if nothing had been, and hashes are equal
 * exactly when states are.
 *
 * Machines are driven by pokes of their registers and by the clock. Programs are JavaScript's own
 * and in no state, so a history that is to be gone back into has none.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Rig } from "../../fuzz/machine/rig.ts";
import { decodeState, encodeState, type StateRecord } from "../../src/base/state.ts";
import { UserError } from "../../src/base/user-error.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { Machine } from "../../src/machine/machine.ts";
import type { MachineState } from "../../src/machine/state/machine-state.ts";
import { decodeMachineState, encodeMachineState } from "../../src/machine/state/portable-state.ts";
import {
    busyRig,
    deviceHistory,
    doAll,
    endingOf,
    leavesOf,
    otherValues,
    type StatePath,
    valueAt,
    withValue,
} from "../support/machine-histories.ts";

const seeds = Array.from({ length: 20 }, (_, index) => 100 + index);

/** Loads a state; returns whether the machine takes it. */
function takes(machine: Machine, state: MachineState): boolean {
    try {
        machine.load(state);
        return true;
    } catch (error) {
        if (error instanceof UserError) {
            return false;
        }
        throw error;
    }
}

/** The commands that a state's drive has. */
function commandsOf({ devices }: MachineState): readonly StateRecord[] {
    return valueAt(devices, ["drive", "outstanding", "commands"]) as readonly StateRecord[];
}

/** A state with another value at a place in its devices or choices. */
function altered(
    state: MachineState,
    path: StatePath,
    value: Parameters<typeof withValue>[2],
): MachineState {
    const { devices, choices } = state;
    return { ...state, ...(withValue({ devices, choices }, path, value) as StateRecord) };
}

describe("a machine that goes back", () => {
    it.each(seeds)("goes on as it did the first time, after history %i", (seed) => {
        const { machineSeed, pokes } = deviceHistory(seed);
        const middle = pokes.length >> 1;
        const rig = new Rig(machineSeed);
        doAll(rig, pokes.slice(0, middle));
        rig.do({ do: "save" });
        doAll(rig, pokes.slice(middle));
        const ending = endingOf(rig);
        for (let time = 0; time < 2; time++) {
            rig.do({ do: "load" });
            doAll(rig, pokes.slice(middle));
            expect(endingOf(rig)).toEqual(ending);
        }
        const straight = new Rig(machineSeed);
        doAll(straight, pokes);
        expect(endingOf(straight)).toEqual(ending);
    });

    it("comes back from each of several futures to any other", () => {
        const { machineSeed, pokes } = deviceHistory(7);
        const rig = new Rig(machineSeed);
        doAll(rig, pokes.slice(0, 200));
        rig.do({ do: "save" });
        const futures = [1, 2, 3, 4].map((seed) => deviceHistory(seed).pokes.slice(0, 150));
        const go = (index: number) => {
            rig.do({ do: "load" });
            doAll(rig, futures[index]);
            return endingOf(rig);
        };
        const endings = [0, 1, 2, 3].map(go);
        expect(new Set(endings.map(({ hash }) => hash)).size).toBe(4);
        for (const index of [2, 0, 3, 3, 1, 0]) {
            expect(go(index)).toEqual(endings[index]);
        }
    });

    it("goes on in another machine, by way of bytes, as in the first", () => {
        for (const seed of seeds.slice(0, 8)) {
            const { machineSeed, pokes } = deviceHistory(seed);
            const middle = pokes.length >> 1;
            const rig = new Rig(machineSeed);
            doAll(rig, pokes.slice(0, middle));
            const other = new Rig(machineSeed);
            doAll(other, pokes.slice(middle, middle + 50));
            other.become(encodeMachineState(rig.machine.save()));
            expect(endingOf(other)).toEqual(endingOf(rig));
            doAll(rig, pokes.slice(middle));
            doAll(other, pokes.slice(middle));
            expect(endingOf(other)).toEqual(endingOf(rig));
        }
    });
});

describe("the hash of a state", () => {
    it("changes with every field, unless the machine refuses the change", () => {
        const ignored = new Set<string>();
        let refusedCount = 0;
        let takenCount = 0;
        for (const seed of seeds.slice(0, 6)) {
            const { machine } = busyRig(seed);
            const state = machine.save();
            const hash = machine.stateHash();
            const { devices, choices } = state;
            for (const path of leavesOf({ devices, choices })) {
                const others = [...otherValues(valueAt({ devices, choices }, path)), undefined];
                for (const other of others) {
                    const isTaken = takes(machine, altered(state, path, other));
                    const isSame = machine.stateHash() === hash;
                    refusedCount += isTaken ? 0 : 1;
                    takenCount += isTaken ? 1 : 0;
                    if (isTaken === isSame) {
                        const verdict = isTaken ? "is taken and ignored" : "is refused halfway";
                        ignored.add(`${path.join(".")}: ${String(other)} ${verdict}`);
                    }
                    if (isTaken) {
                        machine.load(state);
                    }
                }
            }
            expect(machine.stateHash()).toBe(hash);
        }
        expect([...ignored]).toEqual([]);
        expect(refusedCount).toBeGreaterThan(1000);
        expect(takenCount).toBeGreaterThan(1000);
    });
});

describe("two hashes", () => {
    const { machine } = busyRig(3);
    const state = machine.save();
    const hash = machine.stateHash();
    const hashOf = (other: MachineState) => {
        machine.load(other);
        const otherHash = machine.stateHash();
        machine.load(state);
        return otherHash;
    };

    it("differ with every byte of memory", () => {
        const pages = [0, 1, 16, 0x40, 0xb8, 0x100, machine.memory.pageCount - 1];
        const hashes = pages.flatMap((pageNo) =>
            [0, 1, 2047, 4095].map((offset) => {
                const memory = [...state.memory];
                const page = memory[pageNo]?.slice() ?? new Uint8Array(4096);
                page[offset] ^= 1;
                memory[pageNo] = page;
                return hashOf({ ...state, memory });
            }),
        );
        expect(new Set([hash, ...hashes]).size).toBe(1 + hashes.length);
    });

    it("differ with every byte of the disk", () => {
        const hashes = [0, 1, 63].flatMap((pageNo) =>
            [0, 511, 512, 4095].map((offset) => {
                const page = new Uint8Array(4096);
                machine.medium.read(4096 * pageNo, page);
                page[offset] ^= 1;
                return hashOf({ ...state, disk: new Map(state.disk).set(pageNo, page) });
            }),
        );
        expect(new Set([hash, ...hashes]).size).toBe(1 + hashes.length);
    });

    it("are equal when a page of the disk was written with what its base has", () => {
        const disk = new Map(state.disk);
        const untouched = Array.from({ length: 64 }, (_, pageNo) => pageNo).filter(
            (pageNo) => !disk.has(pageNo),
        );
        expect(untouched.length).toBeGreaterThan(0);
        disk.set(untouched[0], new Uint8Array(4096).fill(0x5a));
        expect(hashOf({ ...state, disk })).toBe(hash);
    });

    it("are equal when memory was written and became what it was", () => {
        const { memory } = machine;
        for (const address of [0, 0x3_0000, 0x10_0000]) {
            const old = memory.bytes[address];
            memory.bytes[address] = old ^ 0xff;
            memory.wrote(address, 1);
            expect(machine.stateHash()).not.toBe(hash);
            memory.bytes[address] = old;
            memory.wrote(address, 1);
            expect(machine.stateHash()).toBe(hash);
        }
    });

    it("are equal however often a state was saved, loaded and asked for", () => {
        for (let time = 0; time < 3; time++) {
            machine.save();
            machine.load(machine.save());
            machine.stateHash();
            expect(machine.stateHash()).toBe(hash);
        }
    });

    it("differ between memories and disks of other sizes", () => {
        const hashes = [2 ** 20, 2 ** 21].flatMap((memoryBytes) =>
            [2 ** 18, 2 ** 19].map((diskSize) => {
                const disk = new MemoryStore(new Uint8Array(diskSize));
                const other = new Machine({ memoryBytes, disk, choices: 1 });
                return other.stateHash();
            }),
        );
        expect(new Set(hashes).size).toBe(4);
    });

    it("differ by an alarm that waits, and by a choice that was made", () => {
        const { devices, choices } = state;
        const alarms = valueAt(devices, ["clock", "alarms"]) as StateRecord;
        const nowNs = valueAt(devices, ["clock", "nowNs"]) as number;
        const later = altered(state, ["devices", "clock", "alarms"], {
            ...alarms,
            keyboard: nowNs + 12_345,
        });
        const words = [...(choices.words as number[])];
        words[2] ^= 1;
        const chosen = altered(
            state,
            ["choices", "words"],
            words.map((word) => word >>> 0),
        );
        expect(new Set([hash, hashOf(later), hashOf(chosen)]).size).toBe(3);
    });
});

describe("a state that a machine cannot have", () => {
    const { machine } = busyRig(4);
    const state = machine.save();
    const hash = machine.stateHash();
    const refusal = (other: MachineState) => {
        let message = "nothing was refused";
        try {
            machine.load(other);
        } catch (error) {
            message = error instanceof UserError ? error.message : String(error);
        }
        expect(machine.stateHash()).toBe(hash);
        return message;
    };

    it("is refused for its version, wherever that stands, and leaves the machine alone", () => {
        const { devices, choices } = state;
        const versions = leavesOf({ devices, choices }).filter((path) => path.at(-1) === "version");
        expect(versions.length).toBeGreaterThan(20);
        for (const path of versions) {
            expect(refusal(altered(state, path, 99))).toMatch(
                /^saved state of [a-z0-9. [\]-]+ has version 99; this program knows version [12]$/i,
            );
        }
    });

    it("is refused for a device that it lacks", () => {
        for (const name of Object.keys(state.devices)) {
            expect(refusal(altered(state, ["devices", name], undefined))).toBe(
                `saved state of machine: field ${name} is not a record`,
            );
        }
    });

    it("is refused for a drive whose commands nobody else knows of", () => {
        const { machineSeed, pokes } = deviceHistory(4);
        const rig = new Rig(machineSeed);
        // Issues commands until one is outstanding.
        for (const poke of pokes) {
            rig.do(poke);
            if (commandsOf(rig.machine.save()).length > 0) {
                break;
            }
        }
        const outstanding = rig.machine.save();
        expect(commandsOf(outstanding).length).toBeGreaterThan(0);
        const path = ["devices", "drive", "outstanding", "commands", 0, "traceId"];
        expect(() => rig.machine.load(altered(outstanding, path, 1_000_000))).toThrow(
            new UserError(
                "saved state of machine: its drive has a command that its controller or its " +
                    "trace has not",
            ),
        );
    });

    it("is refused for its memory or its disk", () => {
        expect(refusal({ ...state, memory: state.memory.slice(16) })).toBe(
            "saved state of a machine with 2031616 bytes of memory, and this one has 2097152",
        );
        expect(refusal({ ...state, disk: undefined })).toBe(
            "saved state of a machine without a disk, and this one has one",
        );
        const disk = new Map(state.disk).set(64, new Uint8Array(4096));
        expect(refusal({ ...state, disk })).toBe(
            "saved state of a larger disk: it has page 64, and this one has 64 pages",
        );
        const bare = new Machine({ choices: 1, memoryBytes: 2 ** 21 });
        expect(() => bare.load(state)).toThrow(
            new UserError("saved state of a machine with a disk, and this one has none"),
        );
    });
});

describe("a state as bytes", () => {
    const { machineSeed } = deviceHistory(5);
    const rig = new Rig(machineSeed);
    doAll(rig, deviceHistory(5).pokes);
    const { machine } = rig;
    const bytes = encodeMachineState(machine.save());
    const hash = machine.stateHash();

    it("is the same state in another machine with the same options", () => {
        const { machine: other } = new Rig(machineSeed);
        other.load(decodeMachineState(bytes));
        expect(other.stateHash()).toBe(hash);
        expect(other.diskTrace()).toEqual(machine.diskTrace());
        expect(Buffer.compare(encodeMachineState(other.save()), bytes)).toBe(0);
    });

    it("is nothing else by mistake", () => {
        const refusal = (value: Uint8Array) => {
            try {
                decodeMachineState(value);
                return "nothing was refused";
            } catch (error) {
                return error instanceof UserError ? error.message : String(error);
            }
        };
        expect(refusal(encodeState(7))).toBe("not a machine's state: it is no record");
        expect(refusal(encodeState([]))).toBe("not a machine's state: it is no record");
        expect(refusal(encodeState({ kind: "other" }))).toBe(
            `not a machine's state: its kind is not "chickadee machine"`,
        );
        expect(refusal(encodeState({ kind: "chickadee machine", version: 2 }))).toBe(
            "saved state of a machine has version 2; this program knows version 1",
        );
        expect(refusal(new Uint8Array(0))).toBe("not a saved state: it is cut short, at byte 0");
    });

    it("gives an error for the user, or a state that can be gone on from, whatever it is", () => {
        const { machine: victim } = new Rig(machineSeed);
        victim.load(decodeMachineState(bytes));
        let refusedCount = 0;
        let takenCount = 0;
        const attempt = (hostile: Uint8Array) => {
            try {
                victim.load(decodeMachineState(hostile));
            } catch (error) {
                expect(error).toBeInstanceOf(UserError);
                expect(victim.stateHash()).toBe(hash);
                refusedCount++;
                return;
            }
            takenCount++;
            victim.stateHash();
            const { clock } = victim;
            for (let leap = 0; leap < 4 && clock.nextAlarmNs < Number.POSITIVE_INFINITY; leap++) {
                clock.advanceTo(clock.nextAlarmNs);
            }
            victim.load(decodeMachineState(bytes));
        };
        const damages = fc.array(
            fc.record({
                at: fc.nat({ max: bytes.length - 1 }),
                value: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat({ max: 255 })),
            }),
            { minLength: 1, maxLength: 3 },
        );
        const length = fc.option(fc.nat({ max: bytes.length }), { freq: 8, nil: bytes.length });
        fc.assert(
            fc.property(damages, length, (changes, end) => {
                const hostile = bytes.slice();
                for (const { at, value } of changes) {
                    hostile[at] = value;
                }
                attempt(hostile.subarray(0, end));
            }),
            { seed: 20_261, numRuns: 500 },
        );
        // Damage of a value that is well-formed.
        const whole = decodeState(bytes);
        const paths = leavesOf(whole);
        fc.assert(
            fc.property(fc.nat({ max: paths.length - 1 }), fc.nat(), (index, which) => {
                const others = [
                    ...otherValues(valueAt(whole, paths[index])),
                    ...[undefined, -1, 2 ** 53, Number.POSITIVE_INFINITY, "", [], {}],
                ];
                const other = others[which % others.length];
                attempt(encodeState(withValue(whole, paths[index], other)));
            }),
            { seed: 20_261, numRuns: 1000 },
        );
        expect(refusedCount).toBeGreaterThan(300);
        expect(takenCount).toBeGreaterThan(200);
    });

    it("would show a field that is left out (canary)", () => {
        const { machine: forgetful } = new Rig(machineSeed);
        const load = forgetful.power.load.bind(forgetful.power);
        forgetful.power.load = (fields) => {
            load(fields);
            forgetful.power.isA20Open = !forgetful.power.isA20Open;
        };
        forgetful.load(decodeMachineState(bytes));
        expect(forgetful.stateHash()).not.toBe(hash);
    });
});
