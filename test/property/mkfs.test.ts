/**
 * Whatever is packed: the image is correct and holds just that.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.ts";
import { mkchickadeefs } from "../../src/cli/mkfs-command.ts";
import { type MemoryHost, memoryHost, runProgram } from "../support/memory-host.ts";
import { type ReadImage, readImage } from "../support/read-image.ts";

const settings = { seed: 20250101, numRuns: 120 };

/** A file to pack, by the size of its content. */
interface Packed {
    readonly name: string;
    readonly sizeBytes: number;
}

interface Scenario {
    readonly files: readonly Packed[];
    readonly options: readonly string[];
}

/** Bytes that differ from file to file; a block of zeros now and then. */
function contentOf({ name, sizeBytes }: Packed): Uint8Array {
    const random = new Random(sizeBytes * 131 + name.length);
    const bytes = new Uint8Array(sizeBytes);
    for (let at = 0; at < sizeBytes; at += 64) {
        bytes[at] = random.below(256);
        bytes[Math.min(at + 7, sizeBytes - 1)] = name.charCodeAt(0);
    }
    if (sizeBytes > 20_000 && random.chance(1, 2)) {
        bytes.fill(0, 4096, 12_288);
    }
    return bytes;
}

const sizeBytes = fc.oneof(
    fc.integer({ min: 0, max: 9000 }),
    fc.constantFrom(0, 1, 4095, 4096, 4097, 8192, 16_384),
    fc.integer({ min: 9000, max: 300_000 }),
);

const name = fc.oneof(
    fc.stringMatching(/^[a-z0-9._é-]{1,12}$/).filter((text) => !/^\.\.?$/.test(text)),
    fc.stringMatching(/^n[a-z]{122}$/),
);

const option = (letter: string, max: number) =>
    fc
        .option(fc.integer({ min: 1, max }), { nil: undefined })
        .map((value) => (value === undefined ? [] : [letter, String(value)]));

const layoutOption = fc.oneof(
    fc.constant([]),
    fc.constant(["-r"]),
    fc.nat({ max: 1000 }).map((seed) => ["--seed", String(seed)]),
);

const scenario: fc.Arbitrary<Scenario> = fc.record({
    files: fc.uniqueArray(fc.record({ name, sizeBytes }), {
        maxLength: 40,
        selector: (file) => file.name,
    }),
    options: fc
        .tuple(
            fc.integer({ min: 20, max: 3000 }).map((count) => ["-b", String(count)]),
            option("-w", 9),
            option("-j", 9),
            option("-i", 200),
            layoutOption,
        )
        .map((parts) => parts.flat()),
});

/** The scenario's files on a computer, and the operands that name them. */
function hostWith({ files }: Scenario): { memory: MemoryHost; operands: string[] } {
    const entries = files.map((file, index) => [`/in/${index}`, contentOf(file)] as const);
    return {
        memory: memoryHost({ files: Object.fromEntries(entries) }),
        operands: files.map((file, index) => `/in/${index}:${file.name}`),
    };
}

const latin1 = (text: string) => Buffer.from(text).toString("latin1");

/** What is wrong with an image that should hold `files` in its root, in this order of inodes. */
function complaints(image: ReadImage, files: readonly Packed[]): string[] {
    const wrong = files.flatMap((file, index) => {
        const found = image.files.get(latin1(file.name));
        if (found === undefined) {
            return [`${file.name} is missing`];
        }
        const isSame = Buffer.compare(found.content, contentOf(file)) === 0;
        return [
            ...(isSame ? [] : [`${file.name} has another content`]),
            ...(found.inodeNumber === index + 2 ? [] : [`${file.name} is another inode`]),
        ];
    });
    const extra = image.files.size === files.length ? [] : ["there are other files"];
    return [...image.problems, ...wrong, ...extra];
}

const knownFailures =
    /^(too few (blocks|inodes), need at least \d.*|.*: out of (space|inodes) on output disk)\n$/;

describe("an image of any files with any options", () => {
    it("is correct and holds the files, or there is a message and no image", () => {
        let successCount = 0;
        fc.assert(
            fc.property(scenario, (made) => {
                const { memory, operands } = hostWith(made);
                const args = [...made.options, "-o", "/out.img", ...operands];
                const { status } = runProgram(mkchickadeefs, args, memory);
                if (status === 0) {
                    successCount++;
                    expect(memory.stderr()).toBe("");
                    expect(complaints(readImage(memory.readFile("/out.img")), made.files)).toEqual(
                        [],
                    );
                } else {
                    expect(status).toBe(1);
                    expect(memory.stderr()).toMatch(knownFailures);
                    expect(memory.list("/").filter((path) => /img|part/.test(path))).toEqual([]);
                }
            }),
            settings,
        );
        // Neither outcome may crowd out the other.
        expect(successCount).toBeGreaterThan(40);
        expect(successCount).toBeLessThan(110);
    });

    it("is the same on standard output as in a file, and again the next time", () => {
        fc.assert(
            fc.property(scenario, (made) => {
                const file = hostWith(made);
                const args = [...made.options, ...file.operands];
                const toFile = runProgram(mkchickadeefs, [...args, "-o", "/out.img"], file.memory);
                const toPipe = runProgram(mkchickadeefs, args, hostWith(made).memory);
                expect(toPipe.status).toBe(toFile.status);
                if (toFile.status === 0) {
                    const same = Buffer.compare(toPipe.stdoutBytes(), toFile.readFile("/out.img"));
                    expect(same).toBe(0);
                }
            }),
            { ...settings, numRuns: 60 },
        );
    });

    it("fits where the message says that it would, and one block less is too small", () => {
        fc.assert(
            fc.property(scenario, layoutOption, (made, layout) => {
                const run = (...options: string[]) => {
                    const { memory, operands } = hostWith(made);
                    const args = [...options, ...layout, "--json", "-o", "/out.img", ...operands];
                    return runProgram(mkchickadeefs, args, memory);
                };
                const small = run("-b", "17", "-i", "64");
                const advice = /; try(?: -b (\d+))?(?: -i (\d+))?\n$/.exec(small.stderr());
                if (advice === null) {
                    expect(small.status).toBe(0);
                    return;
                }
                const [, blocks = "17", inodes = "64"] = advice;
                expect(run("-b", blocks, "-i", inodes).stderr()).toBe("");
                if (blocks !== "17") {
                    expect(run("-b", String(Number(blocks) - 1), "-i", inodes).status).toBe(1);
                }
            }),
            { ...settings, numRuns: 60 },
        );
    });
});

/** A size that is enough for any of these folders, or none, so that the folder decides. */
const sizeOption = fc.constantFrom(["-b", "4000"], [], ["-j", "1000"], ["-w", "1100"]);

/** A folder tree: names to sizes of files, or to folders. */
type Tree = { [name: string]: number | Tree };

const treeName = fc.stringMatching(/^[a-zA-Z][a-z0-9]{0,5}$/);
const { tree } = fc.letrec<{ tree: Tree; node: number | Tree }>((tie) => ({
    tree: fc.dictionary(treeName, tie("node"), { maxKeys: 6, noNullPrototype: true }),
    node: fc.oneof(
        { depthSize: "small", withCrossShrink: true },
        fc.integer({ min: 0, max: 20_000 }),
        tie("tree"),
    ),
}));

/** Paths of a tree: files with their sizes, folders with undefined. */
function* pathsOf(folder: Tree, prefix = ""): Generator<[string, number | undefined]> {
    for (const [key, node] of Object.entries(folder)) {
        const path = `${prefix}${key}`;
        if (typeof node === "number") {
            yield [path, node];
        } else {
            yield [path, undefined];
            yield* pathsOf(node, `${path}/`);
        }
    }
}

describe("an image from any folder", () => {
    it("is correct and holds all its files and folders", () => {
        fc.assert(
            fc.property(tree, layoutOption, sizeOption, (folder, layout, size) => {
                const paths = [...pathsOf(folder)];
                const memory = memoryHost();
                memory.volume.mkdirSync("/in");
                for (const [path, size] of paths) {
                    if (size === undefined) {
                        memory.volume.mkdirSync(`/in/${path}`);
                    } else {
                        const content = contentOf({ name: path, sizeBytes: size });
                        memory.volume.writeFileSync(`/in/${path}`, content);
                    }
                }
                const args = ["--from", "/in", "-o", "/out.img", ...size, ...layout];
                expect(runProgram(mkchickadeefs, args, memory).stderr()).toBe("");
                const image = readImage(memory.readFile("/out.img"));
                expect(image.problems).toEqual([]);
                const folders = paths.filter(([, size]) => size === undefined);
                expect([...image.directories].sort()).toEqual(folders.map(([path]) => path).sort());
                expect(image.files.size).toBe(paths.length - folders.length);
                for (const [path, size] of paths) {
                    if (size !== undefined) {
                        const content = contentOf({ name: path, sizeBytes: size });
                        const found = image.files.get(path)?.content ?? new Uint8Array(0);
                        expect(Buffer.compare(found, content)).toBe(0);
                    }
                }
            }),
            { ...settings, numRuns: 60 },
        );
    });
});

describe("the suite's own canary", () => {
    const files = [
        { name: "one", sizeBytes: 9000 },
        { name: "two", sizeBytes: 40_000 },
    ];

    /** Complaints about an image after `damage` to its bytes. */
    function complaintsAfter(damage: (bytes: Uint8Array, view: DataView) => void): string[] {
        const { memory, operands } = hostWith({ files, options: [] });
        runProgram(mkchickadeefs, ["-b", "64", "-o", "/out.img", ...operands], memory);
        const bytes = memory.readFile("/out.img");
        damage(bytes, new DataView(bytes.buffer, bytes.byteOffset));
        return complaints(readImage(bytes), files);
    }

    // Inodes begin at block 2, data at block 16: "one" has 16-18, "two" 19-28, the root 29.
    it.each<[string, string[], (bytes: Uint8Array, view: DataView) => void]>([
        ["nothing is damaged", [], () => {}],
        ["a used block is marked free", ["block 29 is not free"], (b) => (b[4096 + 3] |= 0x20)],
        ["a free block is marked used", ["block 30 is not used"], (b) => (b[4096 + 3] &= ~0x40)],
        ["a bit past the end is set", ["block 64 is not free"], (b) => (b[4096 + 8] = 1)],
        ["a byte of content differs", ["two has another content"], (b) => (b[19 * 4096] ^= 1)],
        [
            "two files share a block",
            [
                "block 18 of inode 3 (two) is also inode 2 (one)'s",
                "inode 3 (two) has something behind its end",
                "block 28 is not used",
                "two has another content",
            ],
            (_, view) => view.setUint32(2 * 4096 + 3 * 64 + 24, 18, true),
        ],
        [
            "a link count is wrong",
            ["inode 2 (one) has not one link"],
            (_, view) => view.setUint32(2 * 4096 + 2 * 64 + 8, 2, true),
        ],
    ])("when %s, it is noticed", (_, expected, damage) => {
        expect(complaintsAfter(damage)).toEqual(expected);
    });
});
