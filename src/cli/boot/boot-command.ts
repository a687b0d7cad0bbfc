/** `chickadee boot`: the reference kernel on the machine, live or by itself, and its verdict. */
import { UserError } from "../../base/user-error.ts";
import { KernelRun, type KernelRunOptions } from "../../crash/kernel-run.ts";
import { type KernelStacks, kernelStacks } from "../../crash/kernel-stacks.ts";
import { sourcePositions } from "../../host/source-positions.ts";
import { allPrograms } from "../../programs/index.ts";
import { jsonDocument } from "../../report/json.ts";
import { hasColours } from "../inspect/colours.ts";
import { ExitCode } from "../inspect/inspection.ts";
import type { Invocation } from "../run.ts";
import { bootDocument } from "./boot-document.ts";
import { expectWritable, openDisk, readKeys, writeRecords } from "./boot-files.ts";
import { ConsoleOutput } from "./console-output.ts";
import { type Ending, endingLines } from "./ending.ts";
import { faultLines } from "./fault-lines.ts";
import { KeyScript, type KeyText } from "./key-script.ts";
import { runLive } from "./live-console.ts";
import { PassingLine } from "./passing-line.ts";
import { type BootPlan, planOf } from "./plan.ts";
import type { BootOptions } from "./register.ts";
import { replayCommand } from "./replay-command.ts";
import { runScripted } from "./scripted-run.ts";
import { TypedRun } from "./typed-run.ts";

/** In place of a command line that does a live session again. */
const liveReplay = "only with the same keys at the same times; what --keys types repeats by itself";

/** Returns the exit status. */
export async function boot(
    invocation: Invocation,
    imagePath: string | undefined,
    options: BootOptions,
): Promise<number> {
    if (options.fault?.includes("list")) {
        return list(invocation, faultLines());
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
        const boot = { ...plan.run, ...(disk !== undefined && { disk }) };
        const keys = plan.keysPath === undefined ? undefined : readKeys(host, plan.keysPath);
        const session: Session = { invocation, options, plan, boot, keys, imagePath };
        const run = new KernelRun(boot);
        const ending = await runAndTell(session, run);
        writeRecords(invocation, options, { machine: run.machine, disk, inputs });
        return ending.exitStatus;
    } finally {
        image?.close();
    }
}

/** What a command line led to, before it is started. */
interface Session {
    readonly invocation: Invocation;
    readonly options: BootOptions;
    readonly plan: BootPlan;
    readonly boot: KernelRunOptions;
    readonly keys: KeyText | undefined;
    readonly imagePath: string | undefined;
}

function list({ out }: Invocation, lines: readonly string[]): number {
    for (const line of lines) {
        out.text(`${line}\n`);
    }
    return ExitCode.fine;
}

/** Runs it, prints what it shows, and says how it ended. */
async function runAndTell(session: Session, run: KernelRun): Promise<Ending> {
    const { invocation, options, plan, imagePath } = session;
    const { host, out, err } = invocation;
    const print = (line: string) => out.text(`${line}\n`);
    const isColoured = hasColours(host, options.color);
    const output = new ConsoleOutput(run.machine.console, print, isColoured);
    const replay = replayCommand(imagePath, options);
    let ending: Ending;
    try {
        ending = await runToEnding(session, run, output, isColoured);
    } catch (error) {
        // A defect of ours, if it is none of the computer's: what led to it is needed all the more.
        if (!(error instanceof UserError)) {
            showRest(session, output);
            err.text(plan.isLive ? "" : `replay: ${replay}\n`);
        }
        throw error;
    }
    showRest(session, output);
    // Where nobody reads what was shown, there is nobody to be told a verdict.
    out.flush();
    const stacks = ending.exitStatus === 3 && !plan.isLive ? stacksOf(session) : undefined;
    if (options.json) {
        out.text(jsonDocument(bootDocument(run, plan, options, ending, replay, stacks)));
    } else {
        const again = plan.isLive ? liveReplay : replay;
        for (const line of endingLines(ending, run, again, stacks)) {
            err.text(`${line}\n`);
        }
    }
    return ending;
}

async function runToEnding(
    { invocation, plan, options, keys }: Session,
    run: KernelRun,
    output: ConsoleOutput,
    isColoured: boolean,
): Promise<Ending> {
    if (plan.isLive) {
        return await runLive(invocation.host, run, { isColoured, options });
    }
    return await runScripted(invocation, {
        run,
        keys: keys === undefined ? undefined : new KeyScript(keys),
        output: options.json ? undefined : output,
        maxOperations: maxOperationsOf(options),
    });
}

/** What was not printed while it ran. */
function showRest({ plan, options }: Session, output: ConsoleOutput): void {
    if (plan.isLive) {
        output.screen();
    } else if (!options.json) {
        output.finish();
    }
}

/** Does the run again, to see where its tasks stood. */
function stacksOf({ invocation, boot, options, keys }: Session): KernelStacks {
    const line = new PassingLine(invocation.err);
    line.show("once more, to see where the tasks stood");
    try {
        return kernelStacks((makeContext) => {
            const run = new KernelRun({ ...boot, makeContext });
            const script = keys === undefined ? undefined : new KeyScript(keys);
            new TypedRun(run, script).finishWithin(maxOperationsOf(options));
            return run;
        }, sourcePositions());
    } finally {
        line.erase();
    }
}

function maxOperationsOf({ maxOperations = Number.POSITIVE_INFINITY }: BootOptions): number {
    return maxOperations;
}
