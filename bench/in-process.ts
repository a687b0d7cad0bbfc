/** How fast the core is, without a process or a file around it. */
import { Bench } from "tinybench";
import { crc32c } from "../src/base/crc32c.ts";
import { Random } from "../src/base/random.ts";
import { analyzeJournal } from "../src/chkfs/journal/analysis.ts";
import { placeRecord } from "../src/chkfs/journal/codec.ts";
import { soundRules } from "../src/chkfs/journal/rules.ts";
import { blockSize, MetablockFlag } from "../src/chkfs/layout.ts";
import { MemoryStore } from "../src/disk/memory-store.ts";
import { checkImage } from "../src/fsck/check.ts";
import { planGeometry } from "../src/mkfs/geometry.ts";
import { ImageBuilder } from "../src/mkfs/image-builder.ts";
import { imageSegments } from "../src/mkfs/segments.ts";
import { writeImage } from "../src/mkfs/write-image.ts";
import type { Benchmark } from "./measurement.ts";

/** How often a second `action` can be done: the median over a second of runs. */
export async function perSecond(action: () => void): Promise<number> {
    const bench = new Bench({ time: 1000, warmupTime: 500 });
    bench.add("action", action);
    const [{ result }] = await bench.run();
    if (result.state !== "completed") {
        throw new Error("a benchmark failed");
    }
    return 1000 / result.latency.p50;
}

function randomBlocks(blockCount: number): Uint8Array {
    const random = new Random(1);
    return Uint8Array.from({ length: blockCount * blockSize }, () => random.below(256));
}

const crc: Benchmark = {
    name: "crc",
    async run() {
        const blockCount = 256;
        const bytes = randomBlocks(blockCount);
        const value = (await perSecond(() => crc32c(bytes))) * ((blockCount * blockSize) / 1e6);
        return [{ name: "crc", what: "CRC32C", value, unit: "MB/s" }];
    },
};

/** Three transactions of four, four and three blocks, with checksums: 14 of 16 blocks. */
function journalOf16Blocks(): Uint8Array {
    const journal = new Uint8Array(16 * blockSize);
    const content = randomBlocks(1);
    let blockIndex = 0;
    for (const [tid, count] of [4, 4, 3].entries()) {
        placeRecord(journal, blockIndex, {
            seq: tid,
            tid,
            commitBoundary: tid + 1,
            completeBoundary: 0,
            flags: MetablockFlag.start | MetablockFlag.commit,
            writes: Array.from({ length: count }, (_, at) => ({
                blockNo: 100 + tid * 2 + at,
                content,
            })),
        });
        blockIndex += 1 + count;
    }
    return journal;
}

const journal: Benchmark = {
    name: "journal",
    async run() {
        const bytes = journalOf16Blocks();
        const targets = { blockCount: 1024, firstTarget: 1, endTarget: 1008 };
        const value = await perSecond(() => {
            const { plan } = analyzeJournal(bytes, targets, soundRules);
            if (plan === undefined) {
                throw new Error("the journal is sound");
            }
        });
        const against = { kind: "reference", value: 31_000, isMoreBetter: true } as const;
        const what = "analyses of a 16-block journal";
        return [{ name: "journal", what, value, unit: "/s", against }];
    },
};

/** 1024 blocks with 40 files of up to 80 kB. */
function imageOf4MiB(): Uint8Array {
    const builder = new ImageBuilder({
        superblock: planGeometry({ blockCount: 1024 }),
        pinsFirstFile: false,
        reference: false,
        measuresShortage: false,
    });
    for (let index = 0; index < 40; index++) {
        const content = new MemoryStore(new Uint8Array(index * 2000).fill(index));
        builder.addFile(builder.root, `file${index}`, `file${index}`, content);
    }
    const disk = new MemoryStore(new Uint8Array(1024 * blockSize));
    writeImage(imageSegments(builder.finish(), undefined), disk, () => {});
    return disk.bytes;
}

const check: Benchmark = {
    name: "check",
    async run() {
        const disk = new MemoryStore(imageOf4MiB());
        const checked = async (strict: boolean) =>
            perSecond(() => {
                if (checkImage(disk, () => {}, { strict }).counts.error > 0) {
                    throw new Error("the image is sound");
                }
            });
        const against = { kind: "reference", value: 1150, isMoreBetter: true } as const;
        const what = "checks of a 4 MiB image";
        return [
            { name: "check", what, value: await checked(false), unit: "/s", against },
            { name: "check", what: `${what}, --strict`, value: await checked(true), unit: "/s" },
        ];
    },
};

export const inProcess: readonly Benchmark[] = [crc, journal, check];
