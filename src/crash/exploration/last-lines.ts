/** What a run said last on its console. */
import type { TextConsole } from "../../machine/console/text-console.ts";

/** The last lines of the console, `count` at the most, those that left the screen among them. */
export function lastLines(console: TextConsole, count: number): readonly string[] {
    const onScreen = console.usedRows();
    const { lines } = console.textSince(console.scrolledLineCount - count);
    const all = [...lines, ...onScreen].filter((line) => line !== "");
    return all.slice(-count);
}
