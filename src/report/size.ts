/** Numbers and ranges in words. */

/** "1 block", "2 blocks". */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
    return `${count} ${count === 1 ? noun : plural}`;
}

/** "5" for one block, "5-7" for three. */
export function rangeText(first: number, count: number): string {
    return count === 1 ? `${first}` : `${first}-${first + count - 1}`;
}

/** "block 5" for one, "blocks 5-7" for three. */
export function namedRange(noun: string, first: number, count: number): string {
    return `${noun}${count === 1 ? "" : "s"} ${rangeText(first, count)}`;
}
