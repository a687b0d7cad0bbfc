/** `chickadee block`: what one block is, whose it is, and what stands in it. */

import { type ByteString, printable } from "../../base/byte-string.ts";
import { UserError } from "../../base/user-error.ts";
import { FreeBlockBitmap } from "../../chkfs/bitmap.ts";
import { type BlockClaim, blockClaims, diskParts } from "../../chkfs/block-roles.ts";
import { blockSize } from "../../chkfs/layout.ts";
import type { Volume } from "../../chkfs/volume.ts";
import type { VolumeBudget } from "../../chkfs/volume-budget.ts";
import { roleStyles } from "../../report/block-map.ts";
import { hexDump } from "../../report/hex-dump.ts";
import { nameFields } from "../../report/json.ts";
import { counted } from "../../report/size.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { type ContentRole, contentDocument, contentLines } from "./block-content.ts";
import { ExitCode, type Inspection } from "./inspection.ts";
import { type DataClaim, dataClaims, journalProblem, readJournal } from "./journal-reading.ts";
import { listed } from "./listed.ts";
import { addColour, addInspection, addReplay, runDiskInspection } from "./register.ts";
import type { DiskOptions } from "./replay.ts";

/** Owners of one block that are listed; their paths may be long. */
const maxListedOwners = 40;

/** References to one block of the journal that are listed in text. */
const maxListedClaims = 20;

export interface BlockOptions extends DiskOptions {
    readonly hex?: boolean;
}

/** What the disk says about a block. */
interface BlockFacts {
    readonly blockNo: number;
    /** `unknown` where the superblock cannot be trusted. */
    readonly role: ContentRole;
    /** Undefined where nobody knows. */
    readonly isFree: boolean | undefined;
    /** The first of them. */
    readonly owners: readonly Owner[];
    /** The metablocks whose data a block of the journal is. */
    readonly dataOf: readonly DataClaim[];
}

interface Owner extends BlockClaim {
    /** A path that leads to the inode; undefined for one that has no name. */
    readonly path: ByteString | undefined;
}

export const registerBlock: RegisterSubCommand = (program, context) => {
    const description = "print a block: its role, owner and content";
    const example = "chickadee block -x disk.img 17";
    const command = addInspection(program, "block", description, example)
        .argument("<NUMBER>", "the block's number, in decimal or as 0xNN")
        .option("-x, --hex", "print the bytes too");
    addColour(addReplay(command)).action((image: string, number: string, options: BlockOptions) =>
        runDiskInspection(context, image, options, (inspection) =>
            block(inspection, number, options),
        ),
    );
};

function block(inspection: Inspection, numberText: string, options: BlockOptions): void {
    const { disk } = inspection;
    const blockNo = blockNumber(numberText);
    const imageBlockCount = Math.floor(disk.sizeBytes / blockSize);
    if (blockNo >= imageBlockCount) {
        throw inspection.error(
            `there is no block ${blockNo}: the image has ${counted(imageBlockCount, "block")}`,
        );
    }
    const bytes = new Uint8Array(blockSize);
    disk.read(blockNo * blockSize, bytes);
    const facts = factsOf(inspection, blockNo);
    complainOfUse(inspection, facts);
    if (inspection.isJson) {
        inspection.document({
            block: blockNo,
            role: facts.role,
            ...(facts.isFree !== undefined && { allocated: !facts.isFree }),
            owners: facts.owners.map(ownerDocument),
            ...(facts.role === "journal" && {
                dataOf: facts.dataOf.map((claim) => claimDocument(claim, facts)),
            }),
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
        return { blockNo, role, isFree: undefined, owners: [], dataOf: [] };
    }
    const volume = inspection.volume();
    const { superblock } = volume;
    const part = diskParts(superblock).find(
        ({ first, count }) => blockNo >= first && blockNo < first + count,
    );
    if (part === undefined) {
        inspection.complain(`block ${blockNo} lies behind the disk's ${superblock.nblocks} blocks`);
        return { blockNo, role: "unknown", isFree: undefined, owners: [], dataOf: [] };
    }
    const isFree = new FreeBlockBitmap(inspection.disk, superblock).isFree(blockNo);
    if (part.role !== "data") {
        const dataOf = part.role === "journal" ? dataClaimsOf(volume, blockNo) : [];
        return { blockNo, role: part.role, isFree, owners: [], dataOf };
    }
    const owners = ownersOf(inspection, volume, blockNo);
    const unused = isFree ? "free" : "leaked";
    return { blockNo, role: owners.at(0)?.role ?? unused, isFree, owners, dataOf: [] };
}

/** Whose data a block of the journal is; nobody's where the journal cannot be analysed. */
function dataClaimsOf(volume: Volume, blockNo: number): DataClaim[] {
    const { superblock } = volume;
    return journalProblem(superblock) === undefined
        ? dataClaims(readJournal(volume).analysis, blockNo - superblock.journal_bn)
        : [];
}

/** The first owners of a block of data; complains where there are too many. */
function ownersOf(inspection: Inspection, volume: Volume, blockNo: number): Owner[] {
    const budget = volume.newBudget();
    const { first: claims, count } = listed(claimsOn(volume, blockNo, budget), maxListedOwners);
    if (count > 1) {
        const which = count > claims.length ? `; the first ${claims.length} are listed` : "";
        inspection.complain(`block ${blockNo} is used ${count} times${which}`);
    }
    if (budget.isSpent) {
        inspection.complain("files use the same blocks again and again; not all were looked at");
    }
    const paths = pathsOf(volume, new Set(claims.map(({ inodeNo }) => inodeNo)));
    return claims.map((claim) => ({
        ...claim,
        index: claim.index + (blockNo - claim.first),
        path: paths.get(claim.inodeNo),
    }));
}

function* claimsOn(volume: Volume, blockNo: number, budget: VolumeBudget): Generator<BlockClaim> {
    for (const claim of blockClaims(volume, budget)) {
        if (blockNo >= claim.first && blockNo < claim.first + claim.count) {
            yield claim;
        }
    }
}

/** The first path that leads to each of these inodes, where there is one. */
function pathsOf(volume: Volume, inodeNos: ReadonlySet<number>): Map<number, ByteString> {
    const paths = new Map<number, ByteString>();
    for (const { inodeNo, path } of inodeNos.size > 0 ? volume.walk() : []) {
        if (inodeNos.has(inodeNo) && !paths.has(inodeNo)) {
            paths.set(inodeNo, path);
        }
    }
    return paths;
}

function complainOfUse(inspection: Inspection, facts: BlockFacts): void {
    const { blockNo, role, isFree } = facts;
    if (isFree && role !== "free") {
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

/** Where a metablock stands, by the block that it claims. */
function metablockBlockNo({ metablock, dataIndex }: DataClaim, { blockNo }: BlockFacts): number {
    return blockNo - dataIndex + metablock.blockIndex;
}

function claimDocument(claim: DataClaim, facts: BlockFacts): object {
    return {
        metablock: metablockBlockNo(claim, facts),
        isAccepted: claim.metablock.isAccepted,
        home: claim.blockNo,
    };
}

function* headLines({ colours, image }: Inspection, facts: BlockFacts): Generator<string> {
    const { blockNo, role, owners, dataOf } = facts;
    const meaning = roleStyles.find((style) => style.role === role)?.meaning ?? role;
    yield colours.heading(`${image.name}: block ${blockNo}: ${meaning}${stateText(facts)}`);
    for (const { role: use, inodeNo, index, path } of owners) {
        const what = use === "indirect" ? "indirect block" : "block";
        const whose = path === undefined ? "which has no name" : printable(path);
        yield `  ${what} ${index} of inode ${inodeNo}, ${whose}`;
    }
    for (const claim of dataOf.slice(0, maxListedClaims)) {
        const which = claim.metablock.isAccepted ? "metablock" : "metablock (left out)";
        const where = `block ${metablockBlockNo(claim, facts)}`;
        yield `  data of the ${which} in ${where}, home block ${claim.blockNo}`;
    }
    if (dataOf.length > maxListedClaims) {
        yield `  ... and of ${dataOf.length - maxListedClaims} more references`;
    }
}

/** What the bitmap says, where the role does not say it already. */
function stateText({ role, isFree }: BlockFacts): string {
    if (isFree === undefined || role === "free" || role === "leaked") {
        return "";
    }
    return `, marked ${isFree ? "free" : "allocated"}`;
}
