/** `chickadee disk trace materialize`: the image that a crash leaves, of all that it may. */
import { UserError } from "../../base/user-error.ts";
import { crashView } from "../../disk/crash/crash-sweep.ts";
import type { CrashView } from "../../disk/crash/crash-view.ts";
import { type LevelOptions, stateSpace } from "../../disk/crash/levels.ts";
import { materialize } from "../../disk/crash/materialize.ts";
import type { CrashState } from "../../disk/crash/state-space.ts";
import { levelOfToken, parseToken } from "../../disk/crash/state-token.ts";
import { imageDigest } from "../../disk/trace-file/image-digest.ts";
import { type CommonOptions, ExitCode, type Inspection } from "../inspect/inspection.ts";
import { runInspection } from "../inspect/register.ts";
import { openImage } from "../open-image.ts";
import type { Invocation } from "../run.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { addDiskCommand, addRequired, wholeNumber } from "./disk-command.ts";
import { expectUsable, outputName, tellOutput, writeImage } from "./output-file.ts";
import { shown, timeOf, traceOf } from "./trace-input.ts";
import { addTrash, type TrashOptions, trashPolicyOf } from "./trash-option.ts";

interface MaterializeOptions extends CommonOptions, TrashOptions {
    readonly base: string;
    readonly at: string;
    readonly state: string;
    readonly output: string;
    readonly trashSeed: number;
}

export const registerMaterialize: RegisterSubCommand = (group, context) => {
    const { invocation } = context;
    const command = addDiskCommand(
        group,
        "disk trace materialize",
        "write the image that a crash leaves in one of its states",
        "chickadee disk trace materialize disk.trace --base before.img --at end \\\n" +
            "      --state L1:+w7 -o crashed.img",
    ).argument("<TRACE>", "the trace, or - for standard input");
    addRequired(command, "--base <IMAGE>", "the disk as it was when the trace began");
    addRequired(command, "--at <T>", "when power fails: a time, end, or a mark's label");
    addRequired(command, "--state <TOKEN>", "which state, as trace states --list prints it");
    addRequired(command, "-o, --output <IMAGE>", "the image to write, or - for standard output");
    addTrash(command)
        .option(
            "--trash-seed <N>",
            "the number that the bytes of trash follow from",
            wholeNumber(0, 2 ** 32 - 1),
            1,
        )
        .option("--json", "print one JSON document")
        .action((path: string, options: MaterializeOptions) => {
            expectUsable(invocation, options.output, options.json === true);
            runInspection(context, path, options, (inspection) =>
                run(invocation, inspection, options),
            );
        });
};

function run(invocation: Invocation, inspection: Inspection, options: MaterializeOptions): void {
    const { trace, base: digest } = traceOf(inspection);
    const time = timeOf(trace, options.at);
    const trash = trashPolicyOf(options);
    const state = stateNamed(options.state, crashView(trace, time), trash);
    const failureExitCode = ExitCode.usage;
    const base = openImage(invocation.host, options.base, { mode: "read", failureExitCode });
    try {
        if (base.store.sizeBytes < trace.diskSizeBytes) {
            throw new UserError(
                `${base.name}: ${base.store.sizeBytes} bytes, but the trace is of a disk of ` +
                    `${trace.diskSizeBytes}`,
            );
        }
        if (
            digest !== undefined &&
            imageDigest(base.store).some((byte, at) => byte !== digest[at])
        ) {
            throw new UserError(
                `${base.name}: not the disk on which ${inspection.image.name} began; ` +
                    "another image was given when the trace was made",
            );
        }
        const disk = materialize(base.store, state, { trashSeed: options.trashSeed });
        const inputs = [options.base, inspection.image.name];
        writeImage(invocation, { path: options.output, inputs }, disk);
    } finally {
        base.close();
    }
    const notes =
        digest === undefined
            ? [`it does not say on which disk it began, so ${base.name} was not checked`]
            : [];
    if (inspection.isJson) {
        inspection.document({ time, state: options.state, image: options.output, notes });
        return;
    }
    const { output } = options;
    tellOutput(invocation, inspection, output, [
        `${outputName(output)}: the disk of a crash at time ${time}, ${options.state}`,
    ]);
    for (const note of notes) {
        inspection.note(note);
    }
}

/** The state that `--state` names. Throws `UserError`, as of wrong usage, where it names none. */
function stateNamed(token: string, view: CrashView, trash: LevelOptions): CrashState {
    try {
        return parseToken(stateSpace(view, levelOfToken(token), trash), token);
    } catch (error) {
        throw error instanceof UserError
            ? new UserError(shown(error.message), ExitCode.usage)
            : error;
    }
}
