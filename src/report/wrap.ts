/** Lines no longer than people like to read. */

/** Characters that a line should not exceed. */
const lineWidth = 80;

/**
 * Phrases with spaces between them, in lines of at most 80 characters; a longer phrase has a line
 * of its own.
 *
 * @param indent what every line begins with; those behind the first are indented more
 */
export function wrapped(phrases: readonly string[], indent: string): string[] {
    const [first, ...rest] = phrases;
    const lines: string[] = [];
    let line = indent + first;
    for (const phrase of rest) {
        if (line.length + 1 + phrase.length <= lineWidth) {
            line += ` ${phrase}`;
        } else {
            lines.push(line);
            line = `${indent}    ${phrase}`;
        }
    }
    return [...lines, line];
}
