/** What `chickadee explore` prints. */
import { printable, utf8Encode } from "../../base/byte-string.ts";
import type { FailingRun } from "../../crash/exploration/explore.ts";
import { formatInterleaving } from "../../crash/exploration/format-interleaving.ts";
import { lockFile } from "../../crash/exploration/lock-operation.ts";
import type { ShrunkFailure } from "../../crash/exploration/shrink.ts";
import { counted, grouped } from "../../report/size.ts";
import type { Colours } from "../inspect/colours.ts";
import type { Printer } from "../printer.ts";
import type { ExploreOptions } from "./register.ts";
import { bootCommand, searchCommand, type Verdict } from "./verdict.ts";

/** Columns that are too narrow say nothing, and lines that are too long cannot be followed. */
const leastWidth = 80;
const mostWidth = 160;
/** Where there is no terminal whose width counts. */
const plainWidth = 120;

/** What programs share; whose call it was is what matters, and who took which lock. */
const libraryFolder = "src/programs/library/";

export function verdictLines(
    verdict: Verdict,
    options: ExploreOptions,
    colours: Colours,
    out: Printer,
): string[] {
    const { found, shrunk, interleaving, signal } = verdict;
    const lines = found === undefined ? [] : foundLines(found, options, colours);
    if (found !== undefined && shrunk !== undefined) {
        lines.push(shrunkLine(shrunk), "");
        if (interleaving !== undefined) {
            const width = out.isTerminal
                ? Math.max(leastWidth, Math.min(mostWidth, out.columns))
                : plainWidth;
            const isPrimitive = (file: string) => {
                return file === lockFile || file.startsWith(libraryFolder);
            };
            const told = formatInterleaving(interleaving, { width, isPrimitive });
            lines.push(...told.map((line) => painted(safe(line), colours)), "");
        }
        lines.push(replayLine("replay", bootCommand(options, found, shrunk.schedule), colours));
    }
    // Without a preemption there is nothing that was left out.
    if (found !== undefined && shrunk?.points.length !== 0) {
        const name = shrunk === undefined ? "replay" : "as it was found";
        lines.push(replayLine(name, bootCommand(options, found, found.schedule), colours));
    }
    if (signal !== undefined) {
        lines.push(...interruptedLines(verdict, options));
    } else if (found === undefined) {
        lines.push(`no run failed: ${whatText(options)}`);
    }
    return lines;
}

function foundLines(
    { failure, run, seed, schedule, console = [] }: FailingRun,
    options: ExploreOptions,
    { problem }: Colours,
) {
    const [first, ...more] = failure.message.split("\n").map(safe);
    return [
        problem(`${failure.kind}: ${first}`),
        ...more,
        ...(console.length === 0 ? [] : ["last on the console:"]),
        ...console.map((line) => `    ${safe(line)}`),
        `found by run ${grouped(run)} of search seed ${options.seed}: ` +
            `seed ${seed}, schedule ${schedule}`,
    ];
}

function shrunkLine({ pointsAtFirst, points, schedule }: ShrunkFailure): string {
    const before = counted(pointsAtFirst, "preemption");
    const after =
        points.length === pointsAtFirst
            ? "of which none can be left out"
            : `shrunk to ${points.length}`;
    return points.length === 0
        ? `it takes no preemption to fail: the schedule ${schedule} has none`
        : `${before}, ${after}: ${schedule}`;
}

function interruptedLines(
    { signal, found, shrunk, nextRun }: Verdict,
    options: ExploreOptions,
): string[] {
    if (found !== undefined && nextRun > found.run) {
        const what = shrunk === undefined ? "it was shrunk" : "it was looked at";
        return [`interrupted by ${signal}, before ${what}`];
    }
    const before = found === undefined ? "no run failed" : "runs before it were not all done";
    return [
        `interrupted by ${signal}, ` +
            `after run ${grouped(nextRun - 1)} of ${grouped(options.runs)}; ${before}`,
        `go on: ${searchCommand(options, nextRun)}`,
    ];
}

/** What was searched. */
function whatText({ run = "", schedule, runs, first, seed, cpus, fault = [] }: ExploreOptions) {
    const range =
        first > 1
            ? `runs ${grouped(first)} to ${grouped(runs - 1)}`
            : counted(runs, "run", "runs", grouped);
    const faults = fault.map((name) => `, fault ${name}`).join("");
    const where = counted(cpus, "CPU");
    return `${range} of ${safe(run)} on ${where}, ${schedule}, seed ${seed}${faults}`;
}

/** The lines that people look for. */
function painted(line: string, { heading, problem, faint, directory }: Colours): string {
    if (/^-- (preemption|choice)/.test(line)) {
        return heading(line);
    }
    if (/^-- \.\.\./.test(line) || /^\s*\.\.\. /.test(line)) {
        return faint(line);
    }
    if (line.startsWith("-- ")) {
        return problem(line);
    }
    return /^(Preemption \d+: )?CPU \d+ (did|stood|never)|^(and )?stood before|^when CPU/.test(line)
        ? directory(line)
        : line;
}

function replayLine(name: string, command: string, { heading }: Colours): string {
    return `${name}: ${heading(command)}`;
}

function safe(text: string): string {
    return printable(utf8Encode(text));
}
