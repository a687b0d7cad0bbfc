/**
 * `chickadee`: looks into images, and boots a kernel.
 *
 * Each sub-command is a file that registers itself, and one line of `subCommands`.
 */
import { Command, CommanderError } from "commander";
import { registerBoot } from "./boot/register.ts";
import { registerDemo } from "./demo.ts";
import { registerDisk } from "./disk/register.ts";
import { registerExplore } from "./explore/register.ts";
import { registerBlock } from "./inspect/block.ts";
import { registerCat } from "./inspect/cat.ts";
import { ExitCode } from "./inspect/inspection.ts";
import { registerJournal } from "./inspect/journal.ts";
import { registerLs } from "./inspect/ls.ts";
import { registerMap } from "./inspect/map.ts";
import { registerStat } from "./inspect/stat.ts";
import { registerTree } from "./inspect/tree.ts";
import { packageVersion } from "./package-folder.ts";
import type { Invocation, Program } from "./run.ts";
import { addHelp, type RegisterSubCommand } from "./sub-command.ts";

const subCommands: readonly RegisterSubCommand[] = [
    registerLs,
    registerCat,
    registerStat,
    registerTree,
    registerMap,
    registerBlock,
    registerJournal,
    registerDisk,
    registerBoot,
    registerExplore,
    (program, context) => registerDemo(program, context, chickadee),
    addHelp,
];

export const chickadee: Program = {
    name: "chickadee",
    failureExitCode: ExitCode.usage,
    main,
};

function main(invocation: Invocation): number {
    let status: number = ExitCode.fine;
    const program = newProgram(invocation);
    for (const register of subCommands) {
        register(program, {
            invocation,
            finish(newStatus) {
                status = newStatus;
            },
        });
    }
    try {
        program.parse([...invocation.args], { from: "user" });
    } catch (error) {
        if (!(error instanceof CommanderError)) {
            throw error;
        }
        return error.exitCode === 0 ? ExitCode.fine : ExitCode.usage;
    }
    return status;
}

/** The program without its sub-commands; it prints where we print, and never exits. */
function newProgram({ out, err }: Invocation): Command {
    return new Command("chickadee")
        .description(
            "Looks into images of chkfs, the file system of Chickadee, and boots its kernel.",
        )
        .version(packageVersion(), "-V, --version", "print the version")
        .helpOption("-h, --help", "print this help")
        .helpCommand(false)
        .addHelpText(
            "after",
            "\nAn image is a file, or - for standard input.\n" +
                "Exit status: 0 fine; 1 the image or the path is at fault; 2 wrong usage, or a\n" +
                "file that cannot be opened. Those of boot and explore say more; see their help.",
        )
        .showHelpAfterError('Try "chickadee --help".')
        .configureOutput({
            writeOut: (text) => out.text(text),
            writeErr: (text) => err.text(text),
            outputError: (text, write) => write(text.replace(/^error: /, "chickadee: ")),
            getOutHelpWidth: () => out.columns,
            getErrHelpWidth: () => err.columns,
            getOutHasColors: () => false,
            getErrHasColors: () => false,
        })
        .exitOverride();
}
