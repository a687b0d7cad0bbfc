/** `chickadee disk trace materialize`: the image that a crash leaves, of all that it may. */
import { UserError } from "../../base/user-error.ts";
import { crashView } from "../../disk/crash/crash-sweep.ts";
import { stateSpace } from "../../disk/crash/levels.ts";
import { materialize } from "../../disk/crash/materialize.ts";
import { levelOfToken, parseToken } from "../../disk/crash/state-token.ts";
import { imageDigest } from "../../disk/trace-file/image-digest.ts";
import { type CommonOptions, ExitCode, type Inspection } from "../inspect/inspection.ts";
import { runInspection } from "../inspect/register.ts";
import { openImage } from "../open-image.ts";
import type { Invocation } from "../run.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { addDiskCommand, wholeNumber } from "./disk-command.ts";
import { writeImage } from "./output-file.ts";
import { expectFollowable, timeOf, traceOf } from "./trace-input.ts";
import { addTrash, type TrashOptions, trashPolicyOf } from "./trash-option.ts";

interface MaterializeOptions extends CommonOptions, TrashOptions {
    readonly base: string;
    readonly at: string;
    readonly state: string;
    readonly output: string;
    readonly trashSeed: number;
}

export const registerMaterialize: RegisterSubCommand = (group, context) => {
    const command = addDiskCommand(
        group,
        "disk trace materialize",
        "write the image that a crash leaves in one of its states",
        "chickadee disk trace materialize disk.trace --base before.img --at end \\\n" +
            "      --state L1:+w7 -o crashed.img",
    )
        .argument("<TRACE>", "the trace, or - for standard input")
        .requiredOption("--base <IMAGE>", "the disk as it was when the trace began")
        .requiredOption("--at <T>", "when power fails: a time, end, or a mark's label")
        .requiredOption("--state <TOKEN>", "which state, as trace states --list prints it")
        .requiredOption("-o, --output <IMAGE>", "the image to write")
        .option("--trash-seed <N>", "what trash follows from", wholeNumber(0, 2 ** 32 - 1), 1)
        .option("--json", "print one JSON document");
    addTrash(command).action((path: string, options: MaterializeOptions) =>
        runInspection(context, path, options, (inspection) =>
            run(context.invocation, inspection, options),
        ),
    );
};

function run(invocation: Invocation, inspection: Inspection, options: MaterializeOptions): void {
    const { trace, base: digest } = traceOf(inspection);
    expectFollowable(inspection, trace);
    const time = timeOf(trace, options.at);
    const trash = trashPolicyOf(options);
    const level = levelOfToken(options.state);
    const space = stateSpace(crashView(trace, time), level, trash);
    const state = parseToken(space, options.state);
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
        writeImage(invocation, options.output, [options.base, inspection.image.name], disk);
    } finally {
        base.close();
    }
    if (inspection.isJson) {
        inspection.document({ time, state: options.state, image: options.output });
    } else {
        inspection.lines([
            `${options.output}: the disk of a crash at time ${time}, ${options.state}`,
        ]);
    }
}
