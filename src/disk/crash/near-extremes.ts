/**
 * Lists all choices of one option for each of several units, those near the extremes first.
 *
 * Each unit has option 0 (it did not happen) and a *top* option (it did). Choices come by their
 * distance from the nearer of "none" (all 0) and "all" (all top): what differs from none in 0
 * units, from all in 0, from none in 1, from all in 1, and so on. Both ends matter: bugs of
 * journals usually show when a single thing is missing, others when a single thing arrived.
 */

import { assert } from "../../base/assert.ts";

/** Units, each with a number of options, one of which is the top. */
export interface Units {
    readonly count: number;
    /** How many of them have a top other than option 0. */
    readonly movingCount: number;
    optionCount(unit: number): number;
    top(unit: number): number;
}

/** A choice, by what it differs in from an extreme: units may be very many. */
export interface Choice {
    readonly origin: "none" | "all";
    /** Units with an option other than the extreme's, ascending. */
    readonly differing: readonly { readonly unit: number; readonly option: number }[];
}

/** Every choice once. */
export function* nearExtremes(units: Units): Generator<Choice> {
    for (let distance = 0; distance <= units.count; distance++) {
        for (const choice of deviations(units, "none", distance)) {
            if (distanceToOther(units, choice) >= distance) {
                yield choice;
            }
        }
        for (const choice of deviations(units, "all", distance)) {
            // Choices as near to none were listed above, or at a smaller distance.
            if (distanceToOther(units, choice) > distance) {
                yield choice;
            }
        }
    }
}

/** All choices that differ from `origin` in just `distance` units. */
function* deviations(units: Units, origin: Choice["origin"], distance: number): Generator<Choice> {
    if (distance === 0) {
        yield { origin, differing: [] };
        return;
    }
    // The units that differ, in ascending order, and their options: an odometer of both.
    const differing = Array.from({ length: distance }, (_, index) => index);
    do {
        yield* optionsOf(units, origin, differing);
    } while (nextSubset(differing, units.count));
}

/** All choices that differ from `origin` in just the units of `differing`. */
function* optionsOf(
    units: Units,
    origin: Choice["origin"],
    differing: readonly number[],
): Generator<Choice> {
    if (differing.some((unit) => units.optionCount(unit) < 2)) {
        return;
    }
    const origins = differing.map((unit) => optionAt(units, origin, unit));
    const firsts = origins.map((option): number => (option === 0 ? 1 : 0));
    const options = [...firsts];
    for (;;) {
        yield {
            origin,
            differing: differing.map((unit, place) => ({ unit, option: options[place] })),
        };
        let place = 0;
        for (; place < differing.length; place++) {
            const next = options[place] + (options[place] + 1 === origins[place] ? 2 : 1);
            if (next < units.optionCount(differing[place])) {
                options[place] = next;
                break;
            }
            options[place] = firsts[place];
        }
        if (place === differing.length) {
            return;
        }
    }
}

/** Makes an ascending subset of 0..`count`-1 the next one; false when it was the last. */
function nextSubset(subset: number[], count: number): boolean {
    for (let place = subset.length - 1; place >= 0; place--) {
        if (subset[place] < count - subset.length + place) {
            subset[place]++;
            for (let after = place + 1; after < subset.length; after++) {
                subset[after] = subset[after - 1] + 1;
            }
            return true;
        }
    }
    return false;
}

/** In how many units a choice differs from the extreme that is not its origin. */
function distanceToOther(units: Units, { origin, differing }: Choice): number {
    const other = origin === "none" ? "all" : "none";
    let distance = units.movingCount;
    for (const { unit, option } of differing) {
        distance -= units.top(unit) === 0 ? 0 : 1;
        distance += option === optionAt(units, other, unit) ? 0 : 1;
    }
    return distance;
}

function optionAt(units: Units, extreme: Choice["origin"], unit: number): number {
    return extreme === "none" ? 0 : units.top(unit);
}

/** The choice with an index below the number of choices: the first unit is the lowest digit. */
export function choiceAt(units: Units, index: bigint): Choice {
    const differing: { unit: number; option: number }[] = [];
    let rest = index;
    for (let unit = 0; rest > 0n; unit++) {
        assert(unit < units.count, "an index of a choice");
        const radix = BigInt(units.optionCount(unit));
        const option = Number(rest % radix);
        rest /= radix;
        if (option !== 0) {
            differing.push({ unit, option });
        }
    }
    return { origin: "none", differing };
}
