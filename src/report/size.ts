/** Numbers and ranges in words. */

/** "1 block", "2 blocks"; `format` writes the number. */
export function counted(
    count: number,
    noun: string,
    plural = `${noun}s`,
    format: (count: number) => string = String,
): string {
    return `${format(count)} ${count === 1 ? noun : plural}`;
}

/** With commas: "1,204". */
export function grouped(value: number): string {
    return `${value}`.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "5" for one block, "5-7" for three. */
export function rangeText(first: number, count: number): string {
    return count === 1 ? `${first}` : `${first}-${first + count - 1}`;
}

/** "block 5" for one, "blocks 5-7" for three. */
export function namedRange(noun: string, first: number, count: number): string {
    return `${noun}${count === 1 ? "" : "s"} ${rangeText(first, count)}`;
}
