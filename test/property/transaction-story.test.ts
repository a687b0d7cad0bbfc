/**
 * The story of any journal, however torn: every block that begins like a metablock is in it once,
 * and what the analysis accepted keeps the analysis's order.
 */
import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.ts";
import type { JournalAnalysis } from "../../src/chkfs/journal/analysis.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { type TransactionStory, transactionStories } from "../../src/report/transaction-story.ts";
import { analyzeCase, homeBlockCount, randomDisk } from "../support/journal-cases.ts";

const seed = 20_254;
const caseCount = 400;

/** Blocks of the journal that begin with its magic number. */
function magicBlocks(disk: Uint8Array): number[] {
    const view = new DataView(disk.buffer);
    const found: number[] = [];
    for (let at = homeBlockCount * 4096; at < disk.length; at += 4096) {
        if (view.getBigUint64(at, true) === 0xfbbfbb009eebceedn) {
            found.push(at / 4096 - homeBlockCount);
        }
    }
    return found;
}

/** A random disk with damage to its journal, mostly in the heads of blocks. */
function damagedDisk(chance: Random): Uint8Array {
    const disk = randomDisk(chance);
    const blockCount = disk.length / 4096;
    for (let count = chance.below(4); count > 0; count--) {
        const blockNo = chance.between(homeBlockCount, blockCount - 1);
        disk[blockNo * 4096 + 8 + chance.below(30)] ^= 1 << chance.below(8);
    }
    return disk;
}

/** What is wrong with a story: nothing, or a sentence. */
function storyProblem(
    disk: Uint8Array,
    tell: (analysis: JournalAnalysis) => readonly TransactionStory[],
): string | undefined {
    const analysis = analyzeCase(new MemoryStore(disk));
    const told = tell(analysis);
    const blocks = told.flatMap(({ metablocks }) =>
        metablocks.map(({ metablock }) => metablock.blockIndex),
    );
    const expected = magicBlocks(disk);
    if ([...blocks].sort((a, b) => a - b).join() !== expected.join()) {
        return `blocks ${blocks} are told of, but ${expected} begin like metablocks`;
    }
    for (const { tid, metablocks } of told) {
        const accepted = metablocks.filter(({ metablock }) => metablock.isAccepted);
        const order = accepted.map(({ metablock }) => metablock.blockIndex);
        const sequence = analysis.sequence.filter((metablock) => metablock.tid === tid);
        if (order.join() !== sequence.map(({ blockIndex }) => blockIndex).join()) {
            return `transaction ${tid} is told in the order ${order}`;
        }
        const unexplained = metablocks.find(
            ({ metablock, reasons }) => metablock.isAccepted !== (reasons.length === 0),
        );
        if (unexplained !== undefined) {
            return `block ${unexplained.metablock.blockIndex} is left out without a reason`;
        }
    }
    return undefined;
}

/** The first problem of many journals. */
function firstProblem(
    tell: (analysis: JournalAnalysis) => readonly TransactionStory[],
): string | undefined {
    for (let caseNo = 0; caseNo < caseCount; caseNo++) {
        const problem = storyProblem(damagedDisk(new Random(seed + caseNo)), tell);
        if (problem !== undefined) {
            return `case ${caseNo}: ${problem}`;
        }
    }
    return undefined;
}

describe("the story of a journal", () => {
    it("tells of every block with the magic number, in the order of the analysis", () => {
        expect(firstProblem(transactionStories)).toBeUndefined();
    });

    it("would be caught if it passed over checksums that do not fit", () => {
        const passing = (analysis: JournalAnalysis) =>
            transactionStories(analysis).map(({ metablocks, ...rest }) => ({
                ...rest,
                metablocks: metablocks.filter(({ checksum }) => checksum.state !== "does not fit"),
            }));
        expect(firstProblem(passing)).toMatch(/are told of, but/);
    });

    it("would be caught if it told in the order of the blocks", () => {
        const byBlock = (analysis: JournalAnalysis) =>
            transactionStories(analysis).map(({ metablocks, ...rest }) => ({
                ...rest,
                metablocks: [...metablocks].sort(
                    (a, b) => a.metablock.blockIndex - b.metablock.blockIndex,
                ),
            }));
        expect(firstProblem(byBlock)).toMatch(/is told in the order/);
    });
});
