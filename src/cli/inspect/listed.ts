/** The first of many things, and how many there are: a disk made to annoy has very many. */

export interface Listed<T> {
    readonly first: readonly T[];
    /** Those that are not in `first` included. */
    readonly count: number;
}

/** Goes through all, and keeps as many from the start as have sizes of at most `limit` in sum. */
export function listed<T>(
    all: Iterable<T>,
    limit: number,
    sizeOf: (one: T) => number = () => 1,
): Listed<T> {
    const first: T[] = [];
    let count = 0;
    let size = 0;
    for (const one of all) {
        count++;
        size += sizeOf(one);
        if (size <= limit) {
            first.push(one);
        }
    }
    return { first, count };
}
