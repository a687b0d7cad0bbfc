/**
 * How far something can be moved: by 1, 2, 4 and so on while it holds, then by less and less.
 *
 * Returns the number from 0 to `limit` that was found, for which it holds while for one more it
 * does not; `holds(0)` is taken for granted. Where it holds here and there it is one such place.
 */
export function farthest(limit: number, holds: (by: number) => boolean): number {
    let reached = 0;
    let step = 1;
    while (reached + step <= limit && holds(reached + step)) {
        reached += step;
        step *= 2;
    }
    for (; step >= 1; step = Math.floor(step / 2)) {
        if (reached + step <= limit && holds(reached + step)) {
            reached += step;
        }
    }
    return reached;
}
