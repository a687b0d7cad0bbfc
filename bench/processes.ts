/** How fast the programs are, as a person runs them: against bare Node, and against `cp`. */
import { closeSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Random } from "../src/base/random.ts";
import { type Benchmark, type Measurement, median } from "./measurement.ts";
import { inTurn, node, peakMiB, run } from "./timing.ts";

const program = (name: string) => join(import.meta.dirname, `../bin/${name}.js`);
const mkchickadeefs = program("mkchickadeefs");
const chickadeefsck = program("chickadeefsck");

const megabyte = 1_000_000;

/** Writes a file of `count` megabytes that no file system can leave out. */
function writeLargeFile(path: string, count: number): void {
    const random = new Random(count);
    const bytes = Uint32Array.from({ length: megabyte / 4 }, () => random.uint32());
    const fd = openSync(path, "w");
    for (let index = 0; index < count; index++) {
        bytes[0] = index;
        writeSync(fd, bytes);
    }
    closeSync(fd);
}

/** `chickadeefsck IMAGE` against `node -e 0`, in time and memory. */
function againstBareNode(name: string, what: string, image: string): Measurement[] {
    const args = [chickadeefsck, image];
    const rounds = inTurn([() => run([node, ...args]), () => run([node, "-e", "0"])], 15);
    const target = (value: number) => ({ kind: "target", value, isMoreBetter: false }) as const;
    const extraMiB = peakMiB(args) - peakMiB(["-e", "0"]);
    return [
        {
            name,
            what: `bare node -e 0`,
            value: median(rounds.map(([, bareMs]) => bareMs)),
            unit: "ms",
        },
        {
            name,
            what: `${what}: time beyond that`,
            value: median(rounds.map(([checkMs, bareMs]) => checkMs - bareMs)),
            unit: "ms",
            against: target(40),
        },
        { name, what: `${what}: memory`, value: extraMiB, unit: "MiB", against: target(30) },
    ];
}

const fsck128: Benchmark = {
    name: "fsck-128m",
    run(folder) {
        const file = join(folder, "file");
        const image = join(folder, "image");
        writeLargeFile(file, 20);
        run([node, mkchickadeefs, "-b", "32768", "-f", "16", "-j", "64", "-o", image, `${file}:f`]);
        return againstBareNode("fsck-128m", "chickadeefsck of 128 MiB", image);
    },
};

const fsck1g: Benchmark = {
    name: "fsck-1g",
    run(folder) {
        const image = join(folder, "image");
        const operands = Array.from({ length: 8 }, (_, index) => {
            const path = join(folder, `file${index}`);
            writeLargeFile(path, 100);
            return `${path}:f${index}`;
        });
        run([node, mkchickadeefs, "-b", "262144", "-j", "64", "-o", image, ...operands]);
        return againstBareNode("fsck-1g", "chickadeefsck of 1 GiB, 800 MB in files", image);
    },
};

const mkfs: Benchmark = {
    name: "mkfs",
    run(folder) {
        const file = join(folder, "file");
        writeLargeFile(file, 800);
        const copy = join(folder, "copy");
        const image = join(folder, "image");
        const build = () => run([node, mkchickadeefs, "-b", "200000", "-o", image, `${file}:f`]);
        const rounds = inTurn(
            [
                () => {
                    rmSync(copy, { force: true });
                    rmSync(image, { force: true });
                },
                build,
                () => run(["cp", file, copy]),
                // From here on a content is given up, and the new one must be durable before.
                build,
            ],
            7,
        );
        const middle = (of: (round: number[]) => number) => median(rounds.map(of));
        const copied = statSync(copy).size / megabyte;
        const what = "mkchickadeefs of 800 MB";
        return [
            { name: "mkfs", what, value: middle(([, newMs]) => newMs), unit: "ms" },
            {
                name: "mkfs",
                what: `cp of ${copied} MB`,
                value: middle(([, , copyMs]) => copyMs),
                unit: "ms",
            },
            {
                name: "mkfs",
                what: `${what}, times cp`,
                value: middle(([, newMs, copyMs]) => newMs / copyMs),
                unit: "",
                against: { kind: "target", value: 1.5, isMoreBetter: false },
            },
            {
                name: "mkfs",
                what: `${what} in place of an image`,
                value: middle(([, , , againMs]) => againMs),
                unit: "ms",
            },
        ];
    },
};

export const processes: readonly Benchmark[] = [fsck128, fsck1g, mkfs];
