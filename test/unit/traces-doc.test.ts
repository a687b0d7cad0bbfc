/** docs/TRACES.md and the layouts say the same. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Fields, fieldSizeBytes, type StructType } from "../../src/base/struct.ts";
import { logEntryLayout, logSuperblockLayout } from "../../src/disk/log/log-layout.ts";
import { traceHeaderLayout, traceRecordLayout } from "../../src/disk/trace-file/trace-layout.ts";

const manual = readFileSync(new URL("../../docs/TRACES.md", import.meta.url), "utf8");

/** The rows of each table of offsets, in their order. */
function offsetTables(markdown: string): string[][] {
    return markdown
        .split("| offset | size | type | field | meaning |\n|---|---|---|---|---|\n")
        .slice(1)
        .map((rest) => rest.slice(0, rest.indexOf("\n\n")).split("\n"));
}

function rowsOf(layout: StructType<Fields>): string[] {
    return Object.entries(layout.fields).map(([name, field]) => {
        const { offset, type, doc } = field;
        return `| ${offset} | ${fieldSizeBytes(field)} | ${type} | \`${name}\` | ${doc} |`;
    });
}

describe("docs/TRACES.md", () => {
    it("has every field of every struct, and no other", () => {
        expect(offsetTables(manual)).toEqual(
            [traceHeaderLayout, traceRecordLayout, logSuperblockLayout, logEntryLayout].map(rowsOf),
        );
    });

    it("would be found out if a field stood elsewhere (canary)", () => {
        const [first] = offsetTables(manual.replace("| 8 | 4 | u32 |", "| 9 | 4 | u32 |"));
        expect(first).not.toEqual(rowsOf(traceHeaderLayout));
    });
});
