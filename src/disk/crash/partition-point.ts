/** Binary search, in the one form that all others are made of. */

/**
 * How many indexes come before the first for which `isBefore` is false. It must be true up to some
 * index of 0 to `count` and false from there on.
 */
export function partitionPoint(count: number, isBefore: (index: number) => boolean): number {
    let low = 0;
    let high = count;
    while (low < high) {
        const middle = (low + high) >>> 1;
        if (isBefore(middle)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
