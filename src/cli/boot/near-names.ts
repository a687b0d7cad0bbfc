/** Names that somebody may have meant. */

/** Names that are told, at most. */
const maxNames = 3;

/**
 * The names that are few typing errors away from `wanted`, nearest first: at most a third of its
 * letters wrong, left out or too many; or that it is the beginning of.
 */
export function nearNames(wanted: string, names: readonly string[]): string[] {
    const near = names
        .map((name) => ({
            name,
            distance: wanted !== "" && name.startsWith(wanted) ? 0 : editDistance(wanted, name),
        }))
        .filter(({ distance }) => distance <= Math.max(1, Math.floor(wanted.length / 3)))
        .sort((one, other) => one.distance - other.distance);
    return near.slice(0, maxNames).map(({ name }) => name);
}

/** "; did you mean a or b?", or nothing. */
export function nearNamesText(wanted: string, names: readonly string[]): string {
    const near = nearNames(wanted, names);
    return near.length === 0 ? "" : `; did you mean ${near.join(" or ")}?`;
}

/**
 * How many letters must be changed, added or removed (V. I. Levenshtein, 1966). What is much longer
 * than any name is far from all.
 */
function editDistance(one: string, other: string): number {
    if (Math.abs(one.length - other.length) > other.length) {
        return Number.POSITIVE_INFINITY;
    }
    let row = Array.from({ length: other.length + 1 }, (_, index) => index);
    for (let at = 1; at <= one.length; at++) {
        const next = [at];
        for (let to = 1; to <= other.length; to++) {
            const change = row[to - 1] + (one[at - 1] === other[to - 1] ? 0 : 1);
            next.push(Math.min(change, row[to] + 1, next[to - 1] + 1));
        }
        row = next;
    }
    return row[other.length];
}
