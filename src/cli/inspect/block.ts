/** `chickadee block`: what one block is, whose it is, and what stands in it. */

import { type ByteString, printable } from "../../base/byte-string.ts";
import { UserError } from "../../base/user-error.ts";
import { FreeBlockBitmap } from "../../chkfs/bitmap.ts";
import { type BlockClaim, blockClaims, diskParts } from "../../chkfs/block-roles.ts";
import { blockSize } from "../../chkfs/layout.ts";
import type { Volume } from "../../chkfs/volume.ts";
import { roleStyles } from "../../report/block-map.ts";
import { hexDump } from "../../report/hex-dump.ts";
import { nameFields } from "../../report/json.ts";
import { counted } from "../../report/size.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { type ContentRole, contentDocument, contentLines } from "./block-content.ts";
import { type CommonOptions, ExitCode, type Inspection } from "./inspection.ts";
import { addInspection, runInspection } from "./register.ts";

export interface BlockOptions extends CommonOptions {
    readonly hex?: boolean;
}

/** What the disk says about a block. */
interface BlockFacts {
    readonly blockNo: number;
    /** `unknown` where the superblock cannot be trusted. */
    readonly role: ContentRole;
    /** Undefined where nobody knows. */
    readonly isFree: boolean | undefined;
    readonly owners: readonly Owner[];
}

interface Owner extends BlockClaim {
    /** A path that leads to the inode; undefined for one that has no name. */
    readonly path: ByteString | undefined;
}

export const registerBlock: RegisterSubCommand = (program, context) => {
    const description = "print a block: its role, owner and content";
    addInspection(program, "block", description, "chickadee block -x disk.img 17")
        .argument("<NUMBER>", "the block's number, in decimal or as 0xNN")
        .option("-x, --hex", "print the bytes too")
        .action((image: string, number: string, options: BlockOptions) =>
            runInspection(context, image, options, (inspection) =>
                block(inspection, number, options),
            ),
        );
};

function block(inspection: Inspection, numberText: string, options: BlockOptions): void {
    const { store } = inspection.image;
    const blockNo = blockNumber(numberText);
    const imageBlockCount = Math.floor(store.sizeBytes / blockSize);
    if (blockNo >= imageBlockCount) {
        throw inspection.error(
            `there is no block ${blockNo}: the image has ${counted(imageBlockCount, "block")}`,
        );
    }
    const bytes = new Uint8Array(blockSize);
    store.read(blockNo * blockSize, bytes);
    const facts = factsOf(inspection, blockNo);
    complainOfUse(inspection, facts);
    if (inspection.isJson) {
        inspection.document({
            block: blockNo,
            role: facts.role,
            ...(facts.isFree !== undefined && { allocated: !facts.isFree }),
            owners: facts.owners.map(ownerDocument),
            content: contentDocument(facts.role, bytes, inspection, blockNo),
            ...(options.hex && { hex: Buffer.from(bytes).toString("hex") }),
        });
    } else {
        inspection.lines(headLines(inspection, facts));
        inspection.lines(contentLines(facts.role, bytes, inspection, blockNo));
        inspection.lines(options.hex ? hexDump(bytes) : []);
    }
}

/** A block number as it was typed, in decimal or, after `0x`, in hexadecimal. */
function blockNumber(text: string): number {
    if (!/^(\d{1,10}|0[xX][\da-fA-F]{1,8})$/.test(text)) {
        throw new UserError(`chickadee: "${text}" is not a block number`, ExitCode.usage);
    }
    return Number(text);
}

function factsOf(inspection: Inspection, blockNo: number): BlockFacts {
    const problem = inspection.volumeProblem();
    if (problem !== undefined) {
        inspection.complain(problem);
        const role = blockNo === 0 ? "superblock" : "unknown";
        return { blockNo, role, isFree: undefined, owners: [] };
    }
    const volume = inspection.volume();
    const { superblock } = volume;
    const part = diskParts(superblock).find(
        ({ first, count }) => blockNo >= first && blockNo < first + count,
    );
    if (part === undefined) {
        inspection.complain(`block ${blockNo} lies behind the disk's ${superblock.nblocks} blocks`);
        return { blockNo, role: "unknown", isFree: undefined, owners: [] };
    }
    const isFree = new FreeBlockBitmap(inspection.image.store, superblock).isFree(blockNo);
    if (part.role !== "data") {
        return { blockNo, role: part.role, isFree, owners: [] };
    }
    const owners = ownersOf(volume, blockNo);
    const unused = isFree ? "free" : "leaked";
    return { blockNo, role: owners.at(0)?.role ?? unused, isFree, owners };
}

function ownersOf(volume: Volume, blockNo: number): Owner[] {
    const claims = [...blockClaims(volume)].filter(
        ({ first, count }) => blockNo >= first && blockNo < first + count,
    );
    const paths = new Map<number, ByteString>();
    if (claims.length > 0) {
        for (const { inodeNo, path } of volume.walk()) {
            if (!paths.has(inodeNo)) {
                paths.set(inodeNo, path);
            }
        }
    }
    return claims.map((claim) => ({
        ...claim,
        index: claim.index + (blockNo - claim.first),
        path: paths.get(claim.inodeNo),
    }));
}

function complainOfUse(inspection: Inspection, facts: BlockFacts): void {
    const { blockNo, role, isFree, owners } = facts;
    if (owners.length > 1) {
        inspection.complain(`block ${blockNo} is used ${owners.length} times`);
    }
    if (role === "leaked") {
        inspection.complain(`block ${blockNo} is leaked: allocated but not used`);
    } else if (isFree && role !== "free") {
        inspection.complain(`block ${blockNo} is used but marked free`);
    }
}

function ownerDocument({ role, inodeNo, index, path }: Owner): object {
    return {
        role,
        inode: inodeNo,
        index,
        ...(path !== undefined && nameFields("path", path)),
    };
}

function* headLines({ colours, image }: Inspection, facts: BlockFacts): Generator<string> {
    const { blockNo, role, isFree, owners } = facts;
    const meaning = roleStyles.find((style) => style.role === role)?.meaning ?? role;
    const state = isFree === undefined ? "" : `, marked ${isFree ? "free" : "allocated"}`;
    yield colours.heading(`${image.name}: block ${blockNo}: ${meaning}${state}`);
    for (const { role: use, inodeNo, index, path } of owners) {
        const what = use === "indirect" ? "indirect block" : "block";
        const whose = path === undefined ? "which has no name" : printable(path);
        yield `  ${what} ${index} of inode ${inodeNo}, ${whose}`;
    }
}
