/**
 * `npm run bench -- [--only NAME] [--json]`
 *
 * Measures on the machine at hand. Targets are the project's own; references are what the C++
 * tools did on one machine. A number that misses its target is shown, not an error.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { table } from "../src/report/table.ts";
import { inProcess } from "./in-process.ts";
import { kernel } from "./kernel.ts";
import { machine } from "./machine.ts";
import { type Benchmark, isMet, type Measurement, shortNumber } from "./measurement.ts";
import { processes } from "./processes.ts";

const benchmarks: readonly Benchmark[] = [...inProcess, ...machine, ...kernel, ...processes];

const usage = `Usage: npm run bench -- [--only NAME] [--json]
Benchmarks: ${benchmarks.map(({ name }) => name).join(", ")}
`;

/** Runs a benchmark in a folder of its own, which is then removed. */
async function runIn(benchmark: Benchmark): Promise<Measurement[]> {
    const folder = mkdtempSync(join(tmpdir(), "chickadee-bench-"));
    try {
        return await benchmark.run(folder);
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}

function row(measurement: Measurement): string[] {
    const { name, what, value, unit, against } = measurement;
    const verdicts = { true: "met", false: "not met", undefined: "" } as const;
    const limit =
        against === undefined
            ? ""
            : `${against.kind} ${against.isMoreBetter ? ">=" : "<="} ${shortNumber(against.value)}`;
    return [name, what, shortNumber(value), unit, limit, verdicts[`${isMet(measurement)}`]];
}

async function main(): Promise<number> {
    const { values } = parseArgs({
        options: { only: { type: "string" }, json: { type: "boolean", default: false } },
    });
    const chosen = benchmarks.filter(({ name }) => (values.only ?? name) === name);
    if (chosen.length === 0) {
        process.stderr.write(usage);
        return 2;
    }
    const measurements: Measurement[] = [];
    for (const benchmark of chosen) {
        measurements.push(...(await runIn(benchmark)));
    }
    const text = values.json
        ? JSON.stringify(
              measurements.map((one) => ({ ...one, isMet: isMet(one) ?? null })),
              undefined,
              2,
          )
        : table(measurements.map(row), { alignRight: [2] }).join("\n");
    process.stdout.write(`${text}\n`);
    return 0;
}

main().then(
    (status) => {
        process.exitCode = status;
    },
    (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.message : error}\n${usage}`);
        process.exitCode = 1;
    },
);
