/** `chickadee boot`: the reference kernel on the machine, live or by itself, and its verdict. */
import { KernelRun } from "../../crash/kernel-run.ts";
import { plantedFaults } from "../../kernel/faults.ts";
import { allPrograms } from "../../programs/index.ts";
import { jsonDocument } from "../../report/json.ts";
import { table } from "../../report/table.ts";
import { hasColours } from "../inspect/colours.ts";
import { ExitCode } from "../inspect/inspection.ts";
import type { Invocation } from "../run.ts";
import { bootDocument } from "./boot-document.ts";
import { expectWritable, openDisk, readKeys, writeRecords } from "./boot-files.ts";
import { ConsoleOutput } from "./console-output.ts";
import { type Ending, endingLines } from "./ending.ts";
import { runLive } from "./live-console.ts";
import { type BootPlan, planOf } from "./plan.ts";
import type { BootOptions } from "./register.ts";
import { replayCommand } from "./replay-command.ts";
import { runScripted } from "./scripted-run.ts";

/** In place of a command line that does a live session again. */
const liveReplay = "only with the same keys at the same times; what --keys types repeats by itself";

/** Returns the exit status. */
export async function boot(
    invocation: Invocation,
    imagePath: string | undefined,
    options: BootOptions,
): Promise<number> {
    if (options.fault?.includes("list")) {
        return list(invocation, table(plantedFaults.map(({ name, summary }) => [name, summary])));
    }
    if (options.listPrograms) {
        return list(invocation, allPrograms.map(({ name }) => name).sort());
    }
    const { host } = invocation;
    const plan = planOf(invocation, imagePath, options);
    const image = imagePath === undefined ? undefined : openDisk(host, imagePath);
    try {
        const inputs = [imagePath, plan.keysPath].filter((path) => path !== undefined);
        expectWritable(host, options, inputs);
        const disk = image?.store;
        const run = new KernelRun({ ...plan.run, ...(disk !== undefined && { disk }) });
        const ending = await runAndTell(invocation, plan, run, imagePath, options);
        writeRecords(invocation, options, { machine: run.machine, disk, inputs });
        return ending.exitStatus;
    } finally {
        image?.close();
    }
}

function list({ out }: Invocation, lines: readonly string[]): number {
    for (const line of lines) {
        out.text(`${line}\n`);
    }
    return ExitCode.fine;
}

/** Runs it, prints what it shows, and says how it ended. */
async function runAndTell(
    invocation: Invocation,
    plan: BootPlan,
    run: KernelRun,
    imagePath: string | undefined,
    options: BootOptions,
): Promise<Ending> {
    const { host, out, err } = invocation;
    const isColoured = hasColours(host, options.color);
    const print = (line: string) => out.text(`${line}\n`);
    const output = new ConsoleOutput(run.machine.console, print, isColoured);
    let ending: Ending;
    if (plan.isLive) {
        ending = await runLive(host, run, { isColoured, options });
        output.screen();
    } else {
        const { keysPath } = plan;
        const keys = keysPath === undefined ? undefined : readKeys(host, keysPath);
        const shown = options.json ? undefined : output;
        ending = await runScripted(invocation, run, keys, shown);
        shown?.finish();
    }
    // Where nobody reads what was shown, there is nobody to be told a verdict.
    out.flush();
    const replay = replayCommand(imagePath, options);
    if (options.json) {
        out.text(jsonDocument(bootDocument(run, plan, options, ending, replay)));
    } else {
        for (const line of endingLines(ending, run, plan.isLive ? liveReplay : replay)) {
            err.text(`${line}\n`);
        }
    }
    return ending;
}
