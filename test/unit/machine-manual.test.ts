/** The program of docs/MACHINE.md, as it stands there, and what the page says that it gives. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { Machine } from "../../src/machine/machine.ts";
import { parseSchedule } from "../../src/machine/schedule/parse-schedule.ts";
import { formatRuns } from "../../src/machine/schedule/recorded.ts";
import { ExampleKernel } from "../support/example-kernel.ts";

function runOfTheManual() {
    const machine = new Machine({
        cpuCount: 2,
        disk: new MemoryStore(new Uint8Array(4 << 20)),
        choices: 1, // the seed
        schedule: parseSchedule("random"),
        recordsSchedule: true,
    });
    machine.powerOn(new ExampleKernel());
    const reason = machine.run({ untilNs: 1_000_000_000 });
    return { machine, reason };
}

/** Lines without what indents them. */
function bare(text: string): string {
    return text.replace(/^ +/gm, "");
}

describe("the manual of the machine", () => {
    it("runs an example that is the one of this test", () => {
        const manual = readFileSync(new URL("../../docs/MACHINE.md", import.meta.url), "utf8");
        const program = /## Run it\n+```ts\n(.*?)```/s.exec(manual)?.[1];
        expect(program?.split("\n").length).toBe(10);
        const source = readFileSync(new URL(import.meta.url), "utf8");
        expect(bare(source)).toContain(bare(program ?? ""));
    });

    it("tells what to look at when the run is over", () => {
        const { machine, reason } = runOfTheManual();
        expect(reason).toBe("powered off");
        expect([machine.notices, machine.protocolFindings]).toEqual([[], []]);
        expect(machine.console.usedRows()).toEqual([]);
        expect(machine.parallelPort.textFrom(0)).toBe("");
        expect(machine.diskTrace().commands.map(({ kind }) => kind)).toEqual(["write", "read"]);
        expect(machine.stateHash()).toMatch(/^[0-9a-f]{64}$/);
        const again = new Machine({
            cpuCount: 2,
            disk: new MemoryStore(new Uint8Array(4 << 20)),
            choices: 1,
            schedule: parseSchedule(`replay:${formatRuns(machine.scheduleRuns)}`),
        });
        again.powerOn(new ExampleKernel());
        expect(again.run({ untilNs: 1_000_000_000 })).toBe("powered off");
        expect(again.clock.nowNs).toBe(machine.clock.nowNs);
    });

    it("names every operation of a context", () => {
        const manual = readFileSync(new URL("../../docs/MACHINE.md", import.meta.url), "utf8");
        const source = new URL("../../src/machine/cpu/operands.ts", import.meta.url);
        const methods = [
            ...readFileSync(source, "utf8").matchAll(/^ {4}(\w+)\(.*: Operation \{$/gm),
        ]
            .map(([, name]) => name)
            .filter((name) => name !== "restore" && !name.endsWith("64"));
        expect(methods.length).toBeGreaterThan(10);
        expect(methods.filter((name) => !manual.includes(`\`${name}\``))).toEqual([]);
    });
});
