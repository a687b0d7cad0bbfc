/**
 * `mkchickadeefs`: makes an image of a chkfs file system.
 *
 * The steps come in the reference tool's order: geometry, boot sector, the files one by one, and
 * only then the image, so that of several problems the same one is reported and nothing is
 * written before all is known to fit.
 */
import { utf8Encode } from "../base/byte-string.ts";
import { Random } from "../base/random.ts";
import { UserError } from "../base/user-error.ts";
import { maxBlockCount } from "../chkfs/layout.ts";
import {
    fittingGeometry,
    largestGeometry,
    neededBlockCount,
    planGeometry,
} from "../mkfs/geometry.ts";
import { BadName, ImageBuilder, type ImageLayout, SpaceShortage } from "../mkfs/image-builder.ts";
import { type LayoutChance, referenceChance, seededChance } from "../mkfs/layout-chance.ts";
import { imageSegments, maxBootSectorSize, type Segment } from "../mkfs/segments.ts";
import { contentBytes, writeImage } from "../mkfs/write-image.ts";
import { addFolder } from "./mkfs-folder.ts";
import { InputFiles, readHead } from "./mkfs-inputs.ts";
import { isSizedToContent, type MkfsRequest, mkfsName, parseMkfsArgs } from "./mkfs-options.ts";
import { openImageOutput } from "./mkfs-output.ts";
import { mkfsSummary } from "./mkfs-summary.ts";
import { ProgressBar } from "./progress.ts";
import type { Invocation, Program } from "./run.ts";

export const mkchickadeefs: Program = {
    name: mkfsName,
    failureExitCode: 1,
    main(invocation) {
        const request = parseMkfsArgs(invocation.args);
        if ("help" in request) {
            invocation.out.text(request.help);
            return 0;
        }
        const files = new InputFiles(invocation.host);
        try {
            makeImage(invocation, request, files);
        } finally {
            files.close();
        }
        return 0;
    },
};

function makeImage(invocation: Invocation, request: MkfsRequest, files: InputFiles): void {
    const fits = isSizedToContent(request);
    const superblock = fits ? largestGeometry(request) : planGeometry(request);
    const bootSector = readBootSector(files, request.bootSectorPath);
    const builder = new ImageBuilder({
        superblock,
        chance: layoutChance(request),
        pinsFirstFile: request.firstDataBlock !== undefined,
        reference: request.isReference,
        measuresShortage: request.isJson || request.folderPath !== undefined,
        sizeToFit: fits ? (content) => fittingGeometry(request, content) : undefined,
    });
    let layout: ImageLayout;
    try {
        addOperands(builder, files, request);
        if (request.folderPath !== undefined) {
            const { folderPath, outputPath } = request;
            addFolder(builder, files, invocation.host.fs, folderPath, outputPath);
        }
        layout = builder.finish();
    } catch (error) {
        throw error instanceof SpaceShortage ? withSizingHelp(error, request, builder) : error;
    }
    writeOutput(invocation, request, layout, imageSegments(layout, bootSector));
    if (request.isJson) {
        invocation.out.text(mkfsSummary(request, layout));
    }
}

function layoutChance({ isRandom, seed }: MkfsRequest): LayoutChance | undefined {
    if (!isRandom) {
        return undefined;
    }
    return seed === undefined ? referenceChance() : seededChance(new Random(seed));
}

/** How much of a boot sector is read to tell how much too large it is. */
const bootSectorReadSize = 4096;

function readBootSector(files: InputFiles, path: string | undefined): Uint8Array | undefined {
    if (path === undefined) {
        return undefined;
    }
    const code = readHead(files, path, bootSectorReadSize);
    if (code.length > maxBootSectorSize) {
        const atLeast = code.length === bootSectorReadSize ? ">= " : "";
        throw new UserError(
            `${path}: boot sector too large: ${atLeast}${code.length} bytes ` +
                `(max ${maxBootSectorSize})`,
        );
    }
    return code;
}

/** Parts of a path that the course's build puts before a file's own name. */
const strippedPrefixes = ["obj/p-", "obj/", "initfs/", "diskfs/"];

/** Adds the files of `PATH` and `PATH:NAME` operands to the root directory. */
function addOperands(
    builder: ImageBuilder,
    files: InputFiles,
    { operands, isReference }: MkfsRequest,
): void {
    for (const operand of operands) {
        const colon = operand.indexOf(":");
        const path = colon === -1 ? operand : operand.slice(0, colon);
        const prefix = strippedPrefixes.find((candidate) => path.startsWith(candidate)) ?? "";
        const name = colon === -1 ? path.slice(prefix.length) : operand.slice(colon + 1);
        const content = files.open(path, path, builder.freeBytes);
        try {
            builder.addFile(builder.root, utf8Encode(name), path, content);
        } catch (error) {
            const isPath = colon === -1 && name.includes("/") && !isReference;
            throw error instanceof BadName && isPath ? withNamingHelp(error, path) : error;
        }
    }
}

/** The complaint that a path is no name, and a line that says what to write instead. */
function withNamingHelp({ message }: BadName, path: string): UserError {
    const lastName = path.slice(path.lastIndexOf("/") + 1);
    return new UserError(
        `${message}\na name cannot contain '/': write ${path}:${lastName}, ` +
            "or pack a folder with --from DIR",
    );
}

/** The shortage's message, and a line that says what to ask for instead. */
function withSizingHelp(
    shortage: SpaceShortage,
    request: MkfsRequest,
    { superblock }: ImageBuilder,
): UserError {
    const wants: string[] = [];
    const options: string[] = [];
    const lacksInodes = shortage.inodeCount > superblock.ninodes;
    const inodeCount = lacksInodes ? shortage.inodeCount : request.inodeCount;
    const blockCount = neededBlockCount({ ...request, inodeCount }, shortage.dataBlockCount);
    if (blockCount >= maxBlockCount) {
        return new UserError(
            `${shortage.message}\nthe image needs at least ${blockCount} blocks, ` +
                `but there are at most ${maxBlockCount - 1}`,
        );
    }
    if (blockCount > superblock.nblocks) {
        wants.push(`${blockCount} blocks`);
        options.push(`-b ${blockCount}`);
    }
    if (lacksInodes) {
        wants.push(`${inodeCount} inodes`);
        options.push(`-i ${inodeCount}`);
    }
    return new UserError(
        `${shortage.message}\nthe image needs at least ${wants.join(" and ")}; ` +
            `try ${options.join(" ")}`,
    );
}

function writeOutput(
    { host, err }: Invocation,
    request: MkfsRequest,
    { superblock }: ImageLayout,
    segments: readonly Segment[],
): void {
    const output = openImageOutput(host, request.outputPath, superblock, request.isReference);
    const progress = new ProgressBar(err, contentBytes(segments));
    try {
        writeImage(segments, output, (doneBytes) => progress.update(doneBytes));
        output.commit();
    } finally {
        progress.erase();
        output.abandon();
    }
}
