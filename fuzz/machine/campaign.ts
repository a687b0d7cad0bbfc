/**
 * Cases of pokes: each is a function of its token `machine:SEED:INDEX`, made and run on a machine
 * of its own, and made shorter when it fails.
 */
import { bytesOf } from "../../src/base/byte-string.ts";
import { crc32c } from "../../src/base/crc32c.ts";
import { Random } from "../../src/base/random.ts";
import { asFailure, type Failure } from "../failure.ts";
import { type Poke, pokeText } from "./poke.ts";
import { PokeSource } from "./poke-source.ts";
import { cpuCountOf, Rig } from "./rig.ts";

/** Pokes of a case. */
const pokesPerCase = 500;

export interface MachineToken {
    readonly seed: number;
    readonly index: number;
}

export interface MachineCase {
    /** What the machine is made from. */
    readonly machineSeed: number;
    readonly pokes: readonly Poke[];
}

/** A case that failed, with what of it is enough to fail in the same way. */
export interface FailedMachineCase {
    readonly token: MachineToken;
    readonly kind: string;
    readonly message: string;
    readonly pokes: readonly string[];
}

/** Plain data, so that a worker can hand it on. */
export interface MachineResult {
    pokeCount: number;
    readonly pokesByKind: Record<string, number>;
    readonly failures: FailedMachineCase[];
}

/** Does something to a new machine that it should not do; canaries are made so. */
export type Sabotage = (rig: Rig) => void;

export function emptyMachineResult(): MachineResult {
    return { pokeCount: 0, pokesByKind: {}, failures: [] };
}

export function addMachineResult(sum: MachineResult, part: MachineResult): void {
    sum.pokeCount += part.pokeCount;
    for (const [kind, count] of Object.entries(part.pokesByKind)) {
        sum.pokesByKind[kind] = (sum.pokesByKind[kind] ?? 0) + count;
    }
    sum.failures.push(...part.failures);
}

export function machineTokenText({ seed, index }: MachineToken): string {
    return `machine:${seed}:${index}`;
}

/** A token from its text, or undefined where it is none. */
export function parseMachineToken(text: string): MachineToken | undefined {
    const match = /^machine:(\d{1,15}):(\d{1,15})$/.exec(text);
    return match === null ? undefined : { seed: Number(match[1]), index: Number(match[2]) };
}

/** The case that a token stands for. */
export function makeMachineCase(token: MachineToken): MachineCase {
    const text = bytesOf(machineTokenText(token));
    const machineSeed = (crc32c(text, 1) % 2 ** 21) * 2 ** 32 + crc32c(text);
    const source = new PokeSource(new Random(machineSeed), cpuCountOf(machineSeed));
    const pokes = source.take(pokesPerCase);
    return { machineSeed, pokes };
}

/** What goes wrong in a case, if anything does, and at which of its pokes. */
function tryMachineCase(
    { machineSeed, pokes }: MachineCase,
    sabotage?: Sabotage,
): { readonly failure: Failure; readonly pokeIndex: number } | undefined {
    let pokeIndex = 0;
    try {
        const rig = new Rig(machineSeed);
        sabotage?.(rig);
        for (const poke of pokes) {
            rig.do(poke);
            pokeIndex++;
        }
        rig.finish();
        return undefined;
    } catch (error) {
        return { failure: asFailure(error), pokeIndex };
    }
}

/** Runs a case and adds it to `result`. */
export function runMachineCase(
    token: MachineToken,
    result: MachineResult,
    sabotage?: Sabotage,
): void {
    const one = makeMachineCase(token);
    result.pokeCount += one.pokes.length;
    for (const poke of one.pokes) {
        result.pokesByKind[poke.do] = (result.pokesByKind[poke.do] ?? 0) + 1;
    }
    const found = tryMachineCase(one, sabotage);
    if (found !== undefined) {
        const { failure, pokeIndex } = found;
        const upTo = { ...one, pokes: one.pokes.slice(0, pokeIndex + 1) };
        const pokes = shrunk(upTo, failure, sabotage).map(pokeText);
        result.failures.push({ token, kind: failure.kind, message: failure.message, pokes });
    }
}

/** The pokes without those that the failure does not need: by halves at first, then singly. */
function shrunk(one: MachineCase, failure: Failure, sabotage?: Sabotage): readonly Poke[] {
    let pokes = one.pokes;
    for (let size = Math.ceil(pokes.length / 2); size >= 1; size = Math.floor(size / 2)) {
        for (let end = pokes.length; end > 0; end -= size) {
            const fewer = pokes.filter((_, index) => index < end - size || index >= end);
            const found = tryMachineCase({ ...one, pokes: fewer }, sabotage);
            if (found?.failure.kind === failure.kind) {
                pokes = fewer;
            }
        }
    }
    return pokes;
}

/** The tokens of a campaign of about `pokeCount` pokes that are the share of one worker. */
export function* machineTokens(
    seed: number,
    pokeCount: number,
    part = 0,
    partCount = 1,
): Generator<MachineToken, void> {
    for (let index = part; index < Math.ceil(pokeCount / pokesPerCase); index += partCount) {
        yield { seed, index };
    }
}

/** Failures that are shown in full; the others are counted. */
const maxShownFailureCount = 10;

export function machineFailureLines({ token, kind, message, pokes }: FailedMachineCase): string[] {
    return [
        `FAILURE (${kind}): ${message}`,
        `  replay with: npm run fuzz -- --replay ${machineTokenText(token)}`,
        ...pokes.map((poke) => `  poke: ${poke}`),
    ];
}

export function machineSummary({ pokeCount, pokesByKind, failures }: MachineResult): string[] {
    return [
        "Pokes by kind",
        ...Object.entries(pokesByKind)
            .sort(([kind, count], [other, otherCount]) =>
                count === otherCount ? (kind < other ? -1 : 1) : otherCount - count,
            )
            .map(([kind, count]) => `${String(count).padStart(9)}  ${kind}`),
        ...failures.slice(0, maxShownFailureCount).flatMap(machineFailureLines),
        `${pokeCount} pokes, ${failures.length} failures`,
    ];
}
