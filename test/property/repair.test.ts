/** Whole repairs of images with random damage. */
import { describe, expect, it } from "vitest";
import type { ByteReader } from "../../src/base/byte-store.ts";
import { Random } from "../../src/base/random.ts";
import { readSuperblock } from "../../src/chkfs/superblock.ts";
import { Volume } from "../../src/chkfs/volume.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { checkImage } from "../../src/fsck/check.ts";
import type { FindingCode } from "../../src/fsck/finding.ts";
import { applyRepair, undoProblem, undoRepair } from "../../src/fsck/repair/apply.ts";
import { planRepair, type RepairPlan } from "../../src/fsck/repair/repair.ts";
import { planUndoLog, readUndoLog, writeUndoLog } from "../../src/fsck/repair/undo-log.ts";
import { damagedImage } from "../support/damaged-images.ts";
import { TestImage } from "../support/image-builder.ts";

const seed = 20_253;
const caseCount = 150;

/** Errors and warnings of a strict check, by code. */
function strictFindings(disk: ByteReader): FindingCode[] {
    const codes: FindingCode[] = [];
    checkImage(
        disk,
        (event) => {
            if (event.kind === "finding" && event.finding.severity !== "note") {
                codes.push(event.finding.code);
            }
        },
        { strict: true },
    );
    return codes;
}

/** Carries a plan out on `disk`; returns its undo file. */
function carryOut(plan: RepairPlan, disk: MemoryStore): MemoryStore {
    const undo = planUndoLog(disk, plan.recording);
    const file = new MemoryStore(new Uint8Array(undo.sizeBytes));
    writeUndoLog(disk, undo, file);
    applyRepair(disk, plan.recording, file);
    return file;
}

/** A file's bytes by its path, or undefined where there is none. */
function fileBytes(disk: ByteReader, path: string): Uint8Array | undefined {
    const volume = new Volume(disk, readSuperblock(disk));
    const inodeNo = volume.lookup(path);
    if (inodeNo === undefined) {
        return undefined;
    }
    const bytes = new Uint8Array(volume.inode(inodeNo).size);
    volume.readFile(volume.inode(inodeNo), 0, bytes);
    return bytes;
}

/** What is wrong with the repair of case `caseNo`; undefined where nothing is. */
function problemOf(caseNo: number, repair: typeof planRepair): string | undefined {
    const { image, damage, files, lost } = damagedImage(new Random(seed + caseNo));
    const problem = (text: string) => `case ${caseNo} (${damage.join(", ")}): ${text}`;
    const disk = new MemoryStore(image.bytes.slice());
    const plan = repair(disk);
    if (plan.refusals.length > 0) {
        return problem(`refused: ${plan.refusals[0].message}`);
    }
    const undo = carryOut(plan, disk);
    const left = strictFindings(disk);
    if (left.length > 0) {
        return problem(`left ${left.join()}`);
    }
    for (const [path, content] of files) {
        const top = lost.find((lostPath) => path === lostPath || path.startsWith(`${lostPath}/`));
        const now =
            top === undefined
                ? path
                : `/lost+found/#${image.inodeNo(top)}${path.slice(top.length)}`;
        if (Buffer.compare(fileBytes(disk, now) ?? Buffer.from("missing"), content) !== 0) {
            return problem(`${now} is not what ${path} was`);
        }
    }
    if (repair(disk).changeCount > 0 || repair(disk).recording.writes.length > 0) {
        return problem("the second repair is not idle");
    }
    const log = readUndoLog(undo);
    if (typeof log === "string" || undoProblem(log, disk) !== undefined) {
        return problem("the undo file does not fit");
    }
    undoRepair(disk, log, undo);
    return Buffer.compare(disk.bytes, image.bytes) === 0 ? undefined : problem("not undone");
}

function firstProblem(repair: typeof planRepair): string | undefined {
    for (let caseNo = 0; caseNo < caseCount; caseNo++) {
        const problem = problemOf(caseNo, repair);
        if (problem !== undefined) {
            return problem;
        }
    }
    return undefined;
}

describe("a repair of safe damage", () => {
    it("leaves a strictly clean image and all files, is idle next time, and can be undone", () => {
        expect(firstProblem(planRepair)).toBeUndefined();
    });

    it("is found out when it does nothing", () => {
        const idle = (disk: ByteReader): RepairPlan => ({
            ...planRepair(disk),
            ...planRepair(new MemoryStore(new TestImage({ root: {} }).bytes)),
            refusals: [],
        });
        expect(firstProblem(idle)).toMatch(/^case \d+ \(.+\): left /);
    });
});

describe("a repair of any damage", () => {
    it("never throws, never writes, and leaves no more errors than before", () => {
        for (let caseNo = 0; caseNo < 400; caseNo++) {
            const chance = new Random(seed + caseNo);
            const { image } = damagedImage(chance);
            for (let count = chance.between(1, 6); count > 0; count--) {
                const blockNo = chance.below(40);
                const at = blockNo * 4096 + chance.below(4096);
                image.bytes[chance.chance(1, 2) ? at : at - (at % 64)] = chance.below(256);
            }
            const before = image.bytes.slice();
            const disk = new MemoryStore(image.bytes);
            const errorCount = checkImage(disk, () => {}).counts.error;
            const plan = planRepair(disk);
            expect(Buffer.compare(image.bytes, before)).toBe(0);
            const left = checkImage(plan.recording, () => {}).counts.error;
            expect(left, `case ${caseNo}`).toBeLessThanOrEqual(errorCount);
            if (plan.refusals.length > 0) {
                expect(plan.recording.writes).toEqual([]);
            }
        }
    });
});
