/**
 * What all commands that look at an image share: opening it, choosing between text and JSON,
 * saying what is wrong with it, and the exit status.
 */
import { type ByteString, printable, utf8Encode } from "../../base/byte-string.ts";
import { UserError } from "../../base/user-error.ts";
import { blockSize } from "../../chkfs/layout.ts";
import { readSuperblock } from "../../chkfs/superblock.ts";
import { Volume } from "../../chkfs/volume.ts";
import { geometryProblem } from "../../chkfs/volume-geometry.ts";
import { jsonDocument } from "../../report/json.ts";
import { type OpenImage, openImage } from "../open-image.ts";
import type { Printer } from "../printer.ts";
import type { Invocation } from "../run.ts";
import { type Colours, coloursFor } from "./colours.ts";

/** Exit statuses of `chickadee`. */
export const ExitCode = { fine: 0, imageAtFault: 1, usage: 2 } as const;

/** Options that every command takes. */
export interface CommonOptions {
    readonly json?: boolean;
    /** Undefined where neither `--color` nor `--no-color` was given. */
    readonly color?: boolean;
}

/** One run of a command on one image. */
export class Inspection {
    readonly image: OpenImage;
    readonly out: Printer;
    readonly isJson: boolean;
    readonly colours: Colours;
    /** What was wrong with the image, in the order in which it was come upon. */
    readonly problems: string[] = [];

    constructor(invocation: Invocation, image: OpenImage, options: CommonOptions) {
        this.image = image;
        this.out = invocation.out;
        this.isJson = options.json === true;
        this.colours = coloursFor(invocation.host, options.color);
    }

    /** The image as a file system. Throws `UserError` when it is none. */
    volume(): Volume {
        const problem = this.volumeProblem();
        if (problem !== undefined) {
            throw this.error(problem);
        }
        return new Volume(this.image.store, readSuperblock(this.image.store));
    }

    /** Why the image cannot be walked; undefined when it can. */
    volumeProblem(): string | undefined {
        const { store } = this.image;
        if (store.sizeBytes === 0) {
            return "not a chkfs image: empty file";
        }
        if (store.sizeBytes < blockSize) {
            const size = `${store.sizeBytes} bytes, less than one block of ${blockSize}`;
            return `not a chkfs image: ${size}`;
        }
        return geometryProblem(readSuperblock(store), store.sizeBytes);
    }

    /** An error about the image, to be thrown. */
    error(problem: string): UserError {
        return new UserError(`${this.image.name}: ${problem}`, ExitCode.imageAtFault);
    }

    /** Notes something wrong with the image and goes on. */
    complain(problem: string): void {
        this.problems.push(problem);
    }

    /** Prints lines of text. */
    lines(lines: Iterable<string>): void {
        for (const line of lines) {
            this.out.text(`${line}\n`);
        }
    }

    /** Prints a name: as it is into a file or pipe, made safe on a terminal. */
    name(name: ByteString): void {
        this.out.byteString(this.out.isTerminal ? utf8Encode(printable(name)) : name);
    }

    /** Prints the command's document, with the problems at its end. */
    document(document: object): void {
        this.out.text(jsonDocument({ ...document, problems: this.problems }));
    }
}

/**
 * Opens an image, lets `action` look at it, and returns the exit status. Problems go to standard
 * error, or into the document where `--json` was given.
 */
export function inspectImage(
    invocation: Invocation,
    imagePath: string,
    options: CommonOptions,
    action: (inspection: Inspection) => void,
): number {
    const image = openImage(invocation.host, imagePath, {
        mode: "read",
        failureExitCode: ExitCode.usage,
    });
    try {
        const inspection = new Inspection(invocation, image, options);
        action(inspection);
        const { problems, isJson } = inspection;
        for (const problem of isJson ? [] : problems) {
            invocation.err.text(`${image.name}: ${problem}\n`);
        }
        return problems.length > 0 ? ExitCode.imageAtFault : ExitCode.fine;
    } finally {
        image.close();
    }
}
