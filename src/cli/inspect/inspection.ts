/**
 * What all commands that look at an image share: opening it, choosing between text and JSON,
 * saying what is wrong with it, and the exit status.
 */
import type { ByteReader } from "../../base/byte-store.ts";
import { type ByteString, printable, utf8Encode } from "../../base/byte-string.ts";
import { UserError } from "../../base/user-error.ts";
import { blockSize } from "../../chkfs/layout.ts";
import { readSuperblock } from "../../chkfs/superblock.ts";
import { Volume } from "../../chkfs/volume.ts";
import { geometryProblem } from "../../chkfs/volume-geometry.ts";
import { jsonDocument } from "../../report/json.ts";
import { counted } from "../../report/size.ts";
import { type OpenImage, openImage } from "../open-image.ts";
import type { Printer } from "../printer.ts";
import type { Invocation } from "../run.ts";
import { type Colours, coloursFor } from "./colours.ts";
import type { PendingReplay } from "./replay.ts";

/** Exit statuses of `chickadee`. */
export const ExitCode = { fine: 0, imageAtFault: 1, usage: 2 } as const;

/** Options that commands have in common. */
export interface CommonOptions {
    readonly json?: boolean;
    /** Undefined where neither `--color` nor `--no-color` was given. */
    readonly color?: boolean;
}

/** Text of problems that is kept, in characters; a disk made to annoy has problems without end. */
const maxProblemCharacters = 4 * 2 ** 20;

/** One run of a command on one image. */
export class Inspection {
    readonly image: OpenImage;
    readonly out: Printer;
    readonly isJson: boolean;
    readonly colours: Colours;
    /** What is looked at: the image itself, or what lies over it. */
    disk: ByteReader;
    /** What the journal holds back from `disk`, where that is known. */
    pendingReplay: PendingReplay | undefined;
    readonly #err: Printer;
    readonly #problems: string[] = [];
    #problemCharacters = 0;
    #droppedCount = 0;

    constructor(invocation: Invocation, image: OpenImage, options: CommonOptions) {
        this.image = image;
        this.disk = image.store;
        this.out = invocation.out;
        this.#err = invocation.err;
        this.isJson = options.json === true;
        this.colours = coloursFor(invocation.host, options.color);
    }

    /** The image as a file system. Throws `UserError` when it is none. */
    volume(): Volume {
        const problem = this.volumeProblem();
        if (problem !== undefined) {
            throw this.error(problem);
        }
        return new Volume(this.disk, readSuperblock(this.disk));
    }

    /** Why the image cannot be walked; undefined when it can. */
    volumeProblem(): string | undefined {
        const { sizeBytes } = this.disk;
        if (sizeBytes === 0) {
            return "not a chkfs image: empty file";
        }
        if (sizeBytes < blockSize) {
            const size = `${sizeBytes} bytes, less than one block of ${blockSize}`;
            return `not a chkfs image: ${size}`;
        }
        return geometryProblem(readSuperblock(this.disk), sizeBytes);
    }

    /** An error about the image, to be thrown. */
    error(problem: string): UserError {
        return new UserError(`${this.image.name}: ${problem}`, ExitCode.imageAtFault);
    }

    /** Notes something wrong with the image and goes on. */
    complain(problem: string): void {
        this.#problemCharacters += problem.length;
        if (this.#problemCharacters <= maxProblemCharacters) {
            this.#problems.push(problem);
        } else {
            this.#droppedCount++;
        }
    }

    /** What was wrong with the image, in the order in which it was come upon. */
    get problems(): readonly string[] {
        const rest = `not listed: ${counted(this.#droppedCount, "more problem")}`;
        return this.#droppedCount > 0 ? [...this.#problems, rest] : this.#problems;
    }

    /** Says something on standard error that is no problem; a document has its own way. */
    note(text: string): void {
        if (!this.isJson) {
            this.#err.text(`${this.image.name}: ${text}\n`);
        }
    }

    /** Prints lines of text. */
    lines(lines: Iterable<string>): void {
        for (const line of lines) {
            this.out.text(`${line}\n`);
        }
    }

    /** Prints a name: as it is into a file or pipe, made safe on a terminal. */
    name(name: ByteString, paint = (text: string) => text): void {
        this.out.byteString(paint(this.out.isTerminal ? utf8Encode(printable(name)) : name));
    }

    /** Prints the command's document; what the journal holds back and the problems come last. */
    document(document: object): void {
        const { pendingReplay, problems } = this;
        this.out.text(
            jsonDocument({ ...document, ...(pendingReplay && { pendingReplay }), problems }),
        );
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
