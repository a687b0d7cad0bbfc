/**
 * From a position in a program as Node runs it to the source line that it was made from, by the
 * source map that lies beside the program's file.
 *
 * Node could do that by itself (`--enable-source-maps`), but then it reads the maps of all that it
 * loads; these are read when the first position is asked for, which few runs do.
 */
import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { fileURLToPath } from "node:url";

/** Lines and columns count from 1. */
interface Position {
    readonly file: string;
    readonly line: number;
    readonly column: number;
}

/** A function that turns positions; what has no map, or is not in it, gives undefined. */
export function sourcePositions(): (position: Position) => Position | undefined {
    const maps = new Map<string, SourceMap | undefined>();
    return ({ file, line, column }) => {
        if (!maps.has(file)) {
            maps.set(file, readMap(file));
        }
        const entry = maps.get(file)?.findEntry(line - 1, column - 1);
        if (entry === undefined || !("originalSource" in entry)) {
            return undefined;
        }
        const { originalSource, originalLine, originalColumn } = entry;
        return { file: originalSource, line: originalLine + 1, column: originalColumn + 1 };
    };
}

/** The map of a file, which is told by its path or as a URL. */
function readMap(file: string): SourceMap | undefined {
    try {
        const path = file.startsWith("file:") ? fileURLToPath(file) : file;
        return new SourceMap(JSON.parse(readFileSync(`${path}.map`, "utf8")));
    } catch {
        // There is none, or it is no map: positions stay as they are.
        return undefined;
    }
}
