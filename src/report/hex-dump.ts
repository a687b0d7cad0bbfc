/** Bytes in hexadecimal, 16 to a line, with runs of equal lines told once. */

/**
 * Lines such as `00000200  ef be e9 3e 00 bb bf fb  ...  |...>....|`. Offsets count from the start
 * of `bytes`. A line that repeats the one before it is left out, and a `*` stands for any number
 * of them; the last line gives the length.
 */
export function hexDump(bytes: Uint8Array): string[] {
    const lines: string[] = [];
    let last = "";
    let isRepeating = false;
    for (let at = 0; at < bytes.length; at += 16) {
        const line = lineOf(bytes.subarray(at, at + 16));
        if (line !== last) {
            lines.push(`${offsetText(at)}  ${line}`);
            isRepeating = false;
        } else if (!isRepeating) {
            lines.push("*");
            isRepeating = true;
        }
        last = line;
    }
    return [...lines, offsetText(bytes.length)];
}

function lineOf(bytes: Uint8Array): string {
    const hex = Array.from({ length: 16 }, (_, index) =>
        index < bytes.length ? bytes[index].toString(16).padStart(2, "0") : "  ",
    );
    const text = String.fromCharCode(...bytes).replace(/[^ -~]/g, ".");
    return `${hex.slice(0, 8).join(" ")}  ${hex.slice(8).join(" ")}  |${text}|`;
}

function offsetText(byteOffset: number): string {
    return byteOffset.toString(16).padStart(8, "0");
}
