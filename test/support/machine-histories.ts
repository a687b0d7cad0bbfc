/**
 * Machines in the middle of something: pokes have been done to them, so that registers are set,
 * commands are outstanding, keys wait and pages are translated.
 */
import { makeMachineCase } from "../../fuzz/machine/campaign.ts";
import type { Poke } from "../../fuzz/machine/poke.ts";
import { Rig } from "../../fuzz/machine/rig.ts";
import type { StateRecord, StateValue } from "../../src/base/state.ts";
import { digestOf, traceDigest, worldDigest } from "./machine-runs.ts";

/** What is done to a machine but by programs, which are no part of its state; all by device. */
export interface DeviceHistory {
    readonly machineSeed: number;
    readonly pokes: readonly Poke[];
}

const ofPrograms: readonly Poke["do"][] = ["cpu", "save", "load", "copy", "cycle"];

export function deviceHistory(seed: number): DeviceHistory {
    const { machineSeed, pokes } = makeMachineCase({ seed, index: 1 });
    return { machineSeed, pokes: pokes.filter((poke) => !ofPrograms.includes(poke.do)) };
}

/** A machine to which everything of a case was done, programs and all. */
export function busyRig(seed: number): Rig {
    const { machineSeed, pokes } = makeMachineCase({ seed, index: 1 });
    const rig = new Rig(machineSeed);
    doAll(rig, pokes);
    return rig;
}

export function doAll(rig: Rig, pokes: readonly Poke[]): void {
    for (const poke of pokes) {
        rig.do(poke);
    }
}

/** All that can be seen of a machine. */
export function endingOf({ machine }: Rig) {
    return {
        hash: machine.stateHash(),
        world: worldDigest(machine),
        trace: traceDigest(machine.diskTrace()),
        screen: machine.console.rows(),
        scrolled: machine.console.textSince(0).lines,
        log: digestOf(machine.parallelPort.save()),
        nowNs: machine.clock.nowNs,
    };
}

/** A way to a value inside a state: names of fields and indexes of lists. */
export type StatePath = readonly (string | number)[];

/** The ways to all numbers, texts, truth values and bytes; of a long list to three elements. */
export function leavesOf(value: StateValue, path: StatePath = []): StatePath[] {
    if (Array.isArray(value)) {
        const last = value.length - 1;
        const indexes = [...new Set([0, last >> 1, last])].filter(
            (index) => index >= 0 && index <= last,
        );
        return indexes.flatMap((index) => leavesOf(value[index], [...path, index]));
    }
    return isRecord(value)
        ? Object.keys(value).flatMap((name) => leavesOf(value[name], [...path, name]))
        : [path];
}

export function valueAt(value: StateValue, path: StatePath): StateValue {
    return path.reduce<StateValue>(
        (inner, step) => (inner as Record<string | number, StateValue>)[step],
        value,
    );
}

/** The same state with another value, or with nothing, in one place. */
export function withValue(
    value: StateValue,
    path: StatePath,
    replacement: StateValue | undefined,
): StateValue {
    if (path.length === 0) {
        return replacement ?? 0;
    }
    const [step, ...rest] = path;
    const copy = (Array.isArray(value) ? [...value] : { ...(value as StateRecord) }) as Record<
        string | number,
        StateValue
    >;
    if (rest.length === 0 && replacement === undefined) {
        if (Array.isArray(copy)) {
            copy.splice(Number(step), 1);
        } else {
            delete copy[step];
        }
    } else {
        copy[step] = withValue(copy[step], rest, replacement);
    }
    return copy;
}

function isRecord(value: StateValue): value is StateRecord {
    return typeof value === "object" && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** Other values of the same kind. */
export function otherValues(value: StateValue): StateValue[] {
    if (typeof value === "number") {
        return value === Number.POSITIVE_INFINITY ? [0] : [value + 1, value - 1, value + 4096];
    }
    if (typeof value === "boolean") {
        return [!value];
    }
    if (value instanceof Uint8Array) {
        return value.length === 0
            ? [Uint8Array.of(1)]
            : [value.map((byte, at) => (at === value.length >> 1 ? byte ^ 1 : byte))];
    }
    return [`${value}!`];
}
