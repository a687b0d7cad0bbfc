/**
 * Lists all choices of one option for each of several units, those near the extremes first.
 *
 * Each unit has option 0 (it did not happen) and a *top* option (it did). Choices come by their
 * distance from the nearer of "none" (all 0) and "all" (all top): what differs from none in 0
 * units, from all in 0, from none in 1, from all in 1, and so on. Both ends matter: bugs of
 * journals usually show when a single thing is missing, others when a single thing arrived.
 */

/** Units, each with a number of options, one of which is the top. */
export interface Units {
    readonly count: number;
    optionCount(unit: number): number;
    top(unit: number): number;
}

/** Every choice once, as the chosen option of each unit. The array is the caller's. */
export function* nearExtremes(units: Units): Generator<Uint32Array> {
    const none = new Uint32Array(units.count);
    const all = none.map((_, unit) => units.top(unit));
    for (let distance = 0; distance <= units.count; distance++) {
        for (const choice of deviations(units, none, distance)) {
            if (distanceBetween(choice, all) >= distance) {
                yield choice;
            }
        }
        for (const choice of deviations(units, all, distance)) {
            // Choices as near to none were listed above, or at a smaller distance.
            if (distanceBetween(choice, none) > distance) {
                yield choice;
            }
        }
    }
}

/** All choices that differ from `origin` in just `distance` units. */
function* deviations(units: Units, origin: Uint32Array, distance: number): Generator<Uint32Array> {
    if (distance === 0) {
        yield origin.slice();
        return;
    }
    // The units that differ, in ascending order, and their options: an odometer of both.
    const differing = Uint32Array.from({ length: distance }, (_, index) => index);
    do {
        yield* optionsOf(units, origin, differing);
    } while (nextSubset(differing, units.count));
}

/** All choices that differ from `origin` in just the units of `differing`. */
function* optionsOf(
    units: Units,
    origin: Uint32Array,
    differing: Uint32Array,
): Generator<Uint32Array> {
    const choice = origin.slice();
    for (const unit of differing) {
        choice[unit] = origin[unit] === 0 ? 1 : 0;
    }
    for (;;) {
        yield choice.slice();
        let place = 0;
        for (; place < differing.length; place++) {
            const unit = differing[place];
            const next = choice[unit] + (choice[unit] + 1 === origin[unit] ? 2 : 1);
            if (next < units.optionCount(unit)) {
                choice[unit] = next;
                break;
            }
            choice[unit] = origin[unit] === 0 ? 1 : 0;
        }
        if (place === differing.length) {
            return;
        }
    }
}

/** Makes an ascending subset of 0..`count`-1 the next one; false when it was the last. */
function nextSubset(subset: Uint32Array, count: number): boolean {
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

function distanceBetween(first: Uint32Array, second: Uint32Array): number {
    let distance = 0;
    for (let unit = 0; unit < first.length; unit++) {
        distance += first[unit] === second[unit] ? 0 : 1;
    }
    return distance;
}

/** How many choices there are. */
export function choiceCount(units: Units): bigint {
    let count = 1n;
    for (let unit = 0; unit < units.count; unit++) {
        count *= BigInt(units.optionCount(unit));
    }
    return count;
}

/** The choice with an index below `choiceCount`: the first unit is the lowest digit. */
export function choiceAt(units: Units, index: bigint): Uint32Array {
    let rest = index;
    return new Uint32Array(units.count).map((_, unit) => {
        const radix = BigInt(units.optionCount(unit));
        const digit = Number(rest % radix);
        rest /= radix;
        return digit;
    });
}

/** The index of a choice. */
export function indexOfChoice(units: Units, choice: ArrayLike<number>): bigint {
    let index = 0n;
    for (let unit = units.count - 1; unit >= 0; unit--) {
        index = index * BigInt(units.optionCount(unit)) + BigInt(choice[unit]);
    }
    return index;
}
