/**
 * `chickadee demo`: the main job on real files, as a person would do it.
 *
 * It builds a disk, checks it, then takes the disk of a kernel whose power was cut, explains its
 * journal, replays it and shows what that brought back. Every step is a command that the reader
 * can type.
 */
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { UserError } from "../base/user-error.ts";
import type { FileSystem, Host } from "../host/host.ts";
import { replaceFile } from "../host/replacement.ts";
import { naming } from "../host/system-error.ts";
import { chickadeefsck } from "./fsck-command.ts";
import { coloursFor } from "./inspect/colours.ts";
import { mkchickadeefs } from "./mkfs-command.ts";
import { openImage } from "./open-image.ts";
import { packageFolder } from "./package-folder.ts";
import type { Invocation, Program } from "./run.ts";
import { addSubCommand, type SubCommandContext } from "./sub-command.ts";

interface Step {
    readonly why: string;
    readonly program: Program;
    readonly args: readonly string[];
}

/** @param chickadee the program of which this is a command, for it takes part */
export function registerDemo(
    program: Command,
    { invocation, finish }: SubCommandContext,
    chickadee: Program,
): void {
    addSubCommand(
        program,
        "demo",
        "build a disk, check it, and recover one from a power cut",
        "chickadee demo /tmp/birds",
    )
        .argument("[folder]", "where to leave the images", "chickadee-demo")
        .action((folder: string) => finish(demo(invocation, chickadee, folder)));
}

/** Runs the demonstration, leaving its images in `folder`. */
function demo(invocation: Invocation, chickadee: Program, folder: string): number {
    const { host, out } = invocation;
    // The package ships a folder to pack, and a disk that needs its journal.
    const imagesFolder = new URL("images/", packageFolder());
    const sample = shortPath(new URL("sample", imagesFolder));
    const crashed = shortPath(new URL("crashed.img", imagesFolder));
    const birds = `${folder}/birds.img`;
    const copy = `${folder}/recovered.img`;
    makeFolder(host.fs, folder);
    copyImage(host, crashed, copy);
    const steps: Step[] = [
        {
            why: `Build a disk of 128 blocks, 24 of them a journal, from the files in ${sample}.`,
            program: mkchickadeefs,
            args: ["-b", "128", "-i", "64", "-j", "24", "--from", sample, "-o", birds],
        },
        { why: "What is on it?", program: chickadee, args: ["tree", birds] },
        {
            why: "Is it sound? (Like the tool that it replaces, it is silent when all is well.)",
            program: chickadeefsck,
            args: ["--strict", birds],
        },
        {
            why: "Now the disk of a kernel whose power was cut. What does its journal hold?",
            program: chickadee,
            args: ["journal", copy],
        },
        {
            why: "Replay it into the image, safely against another power cut.",
            program: chickadeefsck,
            args: ["-V", "--save-journal", copy],
        },
        {
            why: "The committed file is there,",
            program: chickadee,
            args: ["cat", copy, "song.txt"],
        },
        { why: "and the disk is sound.", program: chickadeefsck, args: ["--strict", copy] },
        { why: "Every block has its place:", program: chickadee, args: ["map", copy] },
    ];
    const colours = coloursFor(host, undefined);
    for (const { why, program, args } of steps) {
        out.text(
            `\n${colours.faint(why)}\n${colours.heading(`$ ${program.name} ${args.join(" ")}`)}\n`,
        );
        const status = program.main({ ...invocation, args });
        invocation.err.flush();
        if (program === chickadeefsck) {
            out.text(`${colours.faint(`exit status ${status}`)}\n`);
        }
        if (status !== 0) {
            throw new UserError(`demo: ${program.name} ended with status ${status}`, 1);
        }
    }
    out.text(`\n${colours.faint(`The images are in ${folder}. Each command has --help.`)}\n`);
    return 0;
}

/** A path as a person would type it from here. */
function shortPath(url: URL): string {
    const path = fileURLToPath(url);
    const short = relative("", path);
    return short.startsWith("..") ? path : short;
}

/** Makes a folder and those above it. (Node's own way of it never ends under /proc.) */
function makeFolder(fs: FileSystem, folder: string): void {
    const parent = dirname(folder);
    if (parent !== folder) {
        makeFolder(fs, parent);
    }
    naming(folder, 1, () => {
        if (fs.statSync(folder, { throwIfNoEntry: false }) === undefined) {
            fs.mkdirSync(folder);
        }
    });
}

function copyImage(host: Host, from: string, to: string): void {
    const image = openImage(host, from, { mode: "read", failureExitCode: 1 });
    const bytes = new Uint8Array(image.store.sizeBytes);
    image.store.read(0, bytes);
    image.close();
    const replacement = replaceFile(host.fs, to, 1);
    try {
        for (let done = 0; done < bytes.length; ) {
            done += naming(to, 1, () =>
                host.fs.writeSync(replacement.fd, bytes, done, bytes.length - done, done),
            );
        }
        replacement.commit();
    } finally {
        replacement.abandon();
    }
}
