import { describe, expect, it } from "vitest";
import { chickadee } from "../../src/cli/chickadee-command.ts";
import { buildImage, type Folder, fragmented, type TestImage } from "../support/image-builder.ts";
import { type MemoryHostOptions, runProgram } from "../support/memory-host.ts";
import { overclaimedImage } from "../support/overclaimed-image.ts";

function run(args: string, image: TestImage, options: MemoryHostOptions = {}) {
    const files = { "x.img": image.bytes };
    const memory = runProgram(chickadee, args.split(" "), { files, ...options });
    return { status: memory.status, out: memory.stdout(), err: memory.stderr() };
}

/** The document that a command prints; its status and standard error must be as given. */
function documentOf(args: string, image: TestImage, status = 0): unknown {
    const result = run(`${args} --json`, image);
    expect(result).toMatchObject({ status, err: "" });
    return JSON.parse(Buffer.from(result.out, "latin1").toString("utf8"));
}

function lines(...text: string[]): string {
    return text.map((line) => `${line}\n`).join("");
}

/** The UTF-8 bytes of box drawing, as a byte string. */
function bytes(text: string): string {
    return Buffer.from(text, "utf8").toString("latin1");
}

/** Folders of the longest names inside each other, 499 of them; the last holds 16,000 entries. */
function deepImage(): TestImage {
    const name = "n".repeat(123);
    let chain: Folder = { [name]: "" };
    for (let depth = 1; depth < 499; depth++) {
        chain = { [name]: chain };
    }
    const files = Array.from({ length: 16_000 }, (_, index) => [`f${index}`, ""] as const);
    const root = { ...chain, files };
    const image = buildImage({ root, blockCount: 2048, inodeCount: 20_000 });
    // The folder is built near the root, where paths are short, and moved to the end of the chain.
    const last = `/${Array.from({ length: 498 }, () => name).join("/")}`;
    image.pokeDirent(last, 0, { inum: image.inodeNo("/files") });
    image.pokeDirent("/", 1, { inum: 0 });
    return image;
}

/** The path of the folder of the files, without the first slash. */
const deepPath = Array.from({ length: 499 }, () => "n".repeat(123)).join("/");

const sample = () =>
    buildImage({
        root: {
            "a.txt": "text\n",
            folder: { "caf\xc3\xa9": "1", "bad\xff\x1b": "22" },
            frag: fragmented(new Uint8Array(9 * 4096 - 5).fill(65), [1, -2, 1, 1, 1, 2]),
        },
    });

describe("chickadee ls", () => {
    it("lists names in the order of the directory", () => {
        expect(run("ls x.img", sample())).toEqual({
            status: 0,
            out: lines("a.txt", "folder", "frag"),
            err: "",
        });
    });

    it("lists inode, type, links and size too", () => {
        const image = sample();
        image.pokeInode(image.inodeNo("/frag"), "nlink", 12);
        expect(run("ls -l x.img", image).out).toBe(
            lines("2  -   1      5  a.txt", "3  d   1   4096  folder", "6  -  12  36859  frag"),
        );
    });

    it("gives names as they are to a file, and made safe to a terminal", () => {
        expect(run("ls x.img folder", sample()).out).toBe("caf\xc3\xa9\nbad\xff\x1b\n");
        expect(run("ls x.img folder", sample(), { terminal: true }).out).toBe(
            "caf\xc3\xa9\nbad\\xff\\x1b\n",
        );
    });

    it("marks directories on a terminal, and paints them", () => {
        const options = { terminal: true, environment: { NO_COLOR: "1" } };
        expect(run("ls x.img", sample(), options).out).toBe(lines("a.txt", "folder/", "frag"));
        expect(run("ls x.img --color", sample()).out).toBe(
            lines("a.txt", "\x1b[1m\x1b[34mfolder\x1b[39m\x1b[22m", "frag"),
        );
    });

    it("finds a name that is typed with escapes", () => {
        expect(run("ls -l x.img folder/bad\\xff\\x1b", sample()).out).toBe(
            "5  -  1  2  /folder/bad\xff\x1b\n",
        );
    });

    it("says which entries lead nowhere, and lists them", () => {
        const image = sample();
        image.pokeDirent("/", 0, { inum: 64 });
        image.pokeInode(image.inodeNo("/folder"), "type", 7);
        expect(run("ls -l x.img", image)).toEqual({
            status: 1,
            out: lines(
                "64  ?  ?      ?  a.txt",
                " 3  ?  1   4096  folder",
                " 6  -  1  36859  frag",
            ),
            err: "x.img: /: a.txt is inode 64, which the disk does not have\n",
        });
    });

    it("lists what it can of a directory that has lost blocks", () => {
        const image = sample();
        image.pokeInode(1, "size", 3 * 4096);
        image.pokeExtent(1, 1, { first: 64, count: 1 });
        expect(run("ls x.img", image)).toEqual({
            status: 1,
            out: lines("a.txt", "folder", "frag"),
            err: lines(
                "x.img: /: file block 1 cannot be read " +
                    "(block 64, outside the image's data blocks 3-63)",
                "x.img: /: its size asks for 3 blocks, but its extents end after 2",
            ),
        });
    });

    it("prints a document", () => {
        const image = sample();
        image.pokeDirent("/folder", 0, { inum: -1 });
        expect(documentOf("ls x.img folder", image, 1)).toEqual({
            path: "/folder",
            entries: [
                { name: "café", slot: 0, inode: -1 },
                {
                    name: "bad\\xff\\x1b",
                    nameBytes: "626164ff1b",
                    slot: 1,
                    inode: 5,
                    type: "regular file",
                    size: 2,
                    nlink: 1,
                },
            ],
            problems: ["/folder: café is inode -1, which the disk does not have"],
        });
    });
});

describe("chickadee cat", () => {
    it("prints files one after another, byte for byte", () => {
        const { status, out, err } = run("cat x.img a.txt frag folder/café", sample());
        const frag = `${"A".repeat(4096)}${"\0".repeat(8192)}${"A".repeat(6 * 4096 - 5)}`;
        expect([status, err]).toEqual([0, ""]);
        expect(out === `text\n${frag}1`).toBe(true);
    });

    it("goes on behind a file that is not there", () => {
        expect(run("cat x.img nope a.txt a.txt/b", sample())).toEqual({
            status: 1,
            out: "text\n",
            err: lines(
                "x.img: /nope: no such file or directory",
                "x.img: /a.txt/b: /a.txt is not a directory",
            ),
        });
        expect(documentOf("cat x.img nope a.txt", sample(), 1)).toMatchObject({
            files: [{ path: "/a.txt" }],
            problems: ["/nope: no such file or directory"],
        });
    });

    it("goes on behind what is no file", () => {
        expect(run("cat x.img / a.txt folder", sample())).toEqual({
            status: 1,
            out: "text\n",
            err: lines(
                "x.img: /: not a regular file (directory)",
                "x.img: /folder: not a regular file (directory)",
            ),
        });
    });

    it("puts zeros for what cannot be read, and ends where the extents do", () => {
        const image = sample();
        const inodeNo = image.inodeNo("/frag");
        image.pokeExtent(inodeNo, 0, { first: 0xffffffff, count: 1 });
        image.pokeIndirect(inodeNo, { first: 2, count: 1 });
        const { status, out, err } = run("cat x.img frag", image);
        expect(status).toBe(1);
        expect(out === `${"\0".repeat(3 * 4096)}${"A".repeat(2 * 4096)}`).toBe(true);
        expect(err).toBe(
            lines(
                "x.img: /frag: file block 0 cannot be read " +
                    "(block 4294967295, outside the image's data blocks 3-63)",
                "x.img: /frag: its size asks for 9 blocks, but its extents end after 5",
                "x.img: /frag: its indirect extents cannot be read " +
                    "(block 2, outside the image's data blocks 3-63)",
            ),
        );
    });

    it("does not go on and on about a file of unreadable extents", () => {
        const image = buildImage({
            root: { f: fragmented(new Uint8Array(25 * 4096), new Array<number>(25).fill(1)) },
        });
        for (let index = 0; index < 25; index++) {
            image.pokeExtent(2, index, { first: 64, count: 1 });
        }
        const { status, err } = run("cat x.img f", image);
        expect(status).toBe(1);
        expect(err.split("\n").slice(19)).toEqual([
            "x.img: /f: file block 19 cannot be read " +
                "(block 64, outside the image's data blocks 3-63)",
            "x.img: /f: 5 more of its extents cannot be read",
            "",
        ]);
    });

    it("prints a document with text where it is text, and base64 elsewhere", () => {
        const image = buildImage({ root: { a: "caf\xc3\xa9\n", b: "\xff\0" } });
        expect(documentOf("cat x.img a b", image)).toEqual({
            files: [
                { path: "/a", inode: 2, size: 6, text: "café\n" },
                { path: "/b", inode: 3, size: 2, base64: "/wA=" },
            ],
            problems: [],
        });
    });

    it("puts at most 64 MiB of files into a document, all of them together", () => {
        const image = buildImage({ root: { a: "", b: "" } });
        image.pokeInode(2, "size", 40 * 2 ** 20);
        image.pokeInode(3, "size", 24 * 2 ** 20 + 1);
        const result = run("cat x.img a b --json", image);
        expect(result).toEqual({
            status: 1,
            out: "",
            err:
                "x.img: /b: too large for a document: " +
                "67108865 bytes with the files before it\n",
        });
    });

    it("does not put a huge file into a document", () => {
        const image = sample();
        image.pokeInode(2, "size", 0xffffffff);
        expect(run("cat x.img a.txt --json", image)).toEqual({
            status: 1,
            out: "",
            err: "x.img: /a.txt: too large for a document: 4294967295 bytes\n",
        });
    });
});

describe("chickadee stat", () => {
    it("prints an inode, its extents and its names", () => {
        const image = sample();
        const inodeNo = image.inodeNo("/frag");
        image.pokeInode(inodeNo, "flags", 0x10);
        image.pokeInode(inodeNo, "mlock", 3);
        image.pokeInode(inodeNo, "mbcindex", 4);
        image.pokeInode(inodeNo, "size", 8 * 4096);
        image.pokeDirent("/folder", 0, { inum: inodeNo });
        const [a, b, c, d, e, f, g] = image.dataBlocks("/frag");
        expect([a, b, c, d, e, f, g]).toEqual([7, 9, 11, 13, 15, 16, 18]);
        expect(run("stat x.img frag", image)).toEqual({
            status: 0,
            err: "",
            out: lines(
                "/frag",
                "  inode     6",
                "  type      1 (regular file)",
                "  size      32768 bytes, 8 blocks",
                "  on disk   6 blocks",
                "  nlink     1 (named 2 times)",
                "  flags     0x10",
                "  mlock     3",
                "  mbcindex  4",
                "  indirect  1 block: 19",
                "7 extents",
                "  #  file blocks  disk blocks",
                "  0  0            7",
                "  1  1-2          hole of 2 blocks",
                "  2  3            9",
                "  3  4            11",
                "  4  5            13",
                "  5  6-7          15-16",
                "  6  8            18                beyond the size",
                "names",
                "  /folder/caf\xc3\xa9",
                "  /frag",
            ),
        });
    });

    it("prints a file without extents, and clips a long list of them", () => {
        const empty = buildImage({ root: { e: "" } });
        expect(run("stat x.img e", empty).out.split("\n").slice(-3)).toEqual([
            "  indirect  none",
            "no extents",
            "",
        ]);
        const image = buildImage({
            blockCount: 256,
            root: { f: fragmented(new Uint8Array(60 * 4096), new Array<number>(60).fill(1)) },
        });
        expect(run("stat x.img f", image).out.split("\n").slice(-3)).toEqual([
            "  39  39           81",
            "  ... and 20 more (--json shows more)",
            "",
        ]);
    });

    it("prints a document", () => {
        expect(documentOf("stat x.img folder/..//a.txt", sample())).toEqual({
            path: "/a.txt",
            inode: 2,
            type: "regular file",
            typeNumber: 1,
            size: 5,
            nlink: 1,
            flags: 0,
            mlock: 0,
            mbcindex: 0,
            direct: [
                { first: 3, count: 1 },
                { first: 0, count: 0 },
                { first: 0, count: 0 },
                { first: 0, count: 0 },
            ],
            indirect: { first: 0, count: 0 },
            extents: [{ index: 0, first: 3, count: 1 }],
            blocks: { inFile: 1, onDisk: 1 },
            stretches: [{ kind: "data", fileBlockNo: 0, first: 3, count: 1 }],
            names: [{ path: "/a.txt" }],
            problems: [],
        });
    });
});

describe("chickadee stat of what has no end", () => {
    it("says that it gave up on a file that uses blocks again and again", () => {
        expect(run("stat x.img f", overclaimedImage()).err).toBe(
            lines(
                "x.img: /f: uses blocks again and again; it is cut off at file block 257298",
                "x.img: /f: uses blocks again and again; not all were looked at",
            ),
        );
    });

    it("lists 40 names of 62 KB in text, and 4 MiB of them in a document", () => {
        const deep = deepImage();
        for (let index = 0; index < 16_000; index++) {
            deep.pokeDirent("/files", index, { inum: deep.inodeNo("/files/f0") });
        }
        const { status, out } = run(`stat x.img ${deepPath}/f7`, deep);
        expect([status, out.split("\n").slice(-2)]).toEqual([
            0,
            ["  ... and 15960 more (--json shows more)", ""],
        ]);
        const document = documentOf(`stat x.img ${deepPath}/f7`, deep, 1);
        expect(document).toMatchObject({ problems: ["15933 more names are left out"] });
    });
});

describe("chickadee tree", () => {
    it("prints a document of entries that have very long paths", () => {
        const document = documentOf("tree x.img", deepImage()) as { entries: unknown[] };
        expect(document.entries).toHaveLength(1 + 499 + 16_000);
        expect(document.entries.at(-1)).toMatchObject({ name: "f15999", depth: 500 });
    });

    it("prints 4 MiB of problems, and counts the others", () => {
        const image = deepImage();
        for (let slot = 0; slot < 500; slot++) {
            image.pokeDirent("/files", slot, { inum: 20_000 });
        }
        const { problems } = documentOf("tree x.img", image, 1) as { problems: string[] };
        expect(problems).toHaveLength(68);
        expect(problems[0]).toBe(`/${deepPath}/f0: inode 20000 does not exist`);
        expect(problems.at(-1)).toBe("not listed: 433 more problems");
    });

    it("draws what lies below a directory", () => {
        const image = buildImage({ root: { a: { b: { c: "" }, d: {} }, e: "", f: { g: "" } } });
        expect(run("tree x.img", image)).toEqual({
            status: 0,
            err: "",
            out: bytes(
                lines(
                    "/",
                    "├── a",
                    "│   ├── b",
                    "│   │   └── c",
                    "│   └── d",
                    "├── e",
                    "└── f",
                    "    └── g",
                    "",
                    "5 directories, 3 files",
                ),
            ),
        });
        expect(run("tree x.img a/b", image).out).toBe(
            bytes(lines("/a/b", "└── c", "", "1 directory, 1 file")),
        );
    });

    it("marks what it cannot follow, and goes on", () => {
        const image = buildImage({ root: { a: { b: {} }, c: "", d: "" } });
        image.pokeDirent("/a", 0, { inum: 1 });
        image.pokeDirent("/", 1, { inum: -1 });
        image.pokeDirent("/", 2, { inum: 60, name: "\xff\n" });
        expect(run("tree x.img", image)).toEqual({
            status: 1,
            out: bytes(
                lines(
                    "/",
                    "├── a",
                    "│   └── b (inode 1 is a directory shown before)",
                    "├── c (inode -1 does not exist)",
                    "└── \\xff\\x0a (inode 60 is free)",
                    "",
                    "3 directories, 0 files",
                ),
            ),
            err: lines(
                "x.img: /a/b: inode 1 is a directory shown before",
                "x.img: /c: inode -1 does not exist",
                "x.img: /\\xff\\x0a: inode 60 is free",
            ),
        });
    });

    it("marks an inode of unknown type, which it counts as nothing", () => {
        const image = buildImage({ root: { a: "", b: "" } });
        image.pokeInode(image.inodeNo("/a"), "type", 7);
        expect(run("tree x.img", image)).toEqual({
            status: 1,
            out: bytes(lines("/", "├── a (unknown type 7)", "└── b", "", "1 directory, 1 file")),
            err: "x.img: /a: unknown type 7\n",
        });
        expect(documentOf("tree x.img", image, 1)).toMatchObject({
            counts: { directories: 1, files: 1 },
            problems: ["/a: unknown type 7"],
        });
    });

    it.each([
        [0, "free", "/ (inode 1 is free)", 0],
        [1, "regular file", "/", 1],
        [7, "unknown type 7", "/ (unknown type 7)", 0],
    ])("says that the root is no directory (type %i)", (type, words, label, fileCount) => {
        const image = buildImage({ root: { a: "" } });
        image.pokeInode(1, "type", type);
        const err = `x.img: /: the root should be a directory; it is: ${words}\n`;
        expect(run("tree x.img", image)).toEqual({
            status: 1,
            out: lines(label, "", `0 directories, ${fileCount === 1 ? "1 file" : "0 files"}`),
            err,
        });
        expect(run("ls x.img", image)).toEqual({ status: 1, out: "/\n", err });
    });

    it("stops where directories use each other's blocks without end", () => {
        const image = buildImage({ root: { a: { x: "" }, b: { x: "" } } });
        const [block] = image.dataBlocks("/a");
        for (const path of ["/a", "/b"]) {
            image.pokeExtent(image.inodeNo(path), 0, { first: block, count: 1 });
            for (const index of [1, 2, 3]) {
                image.pokeExtent(image.inodeNo(path), index, { first: 3, count: 60 });
            }
            image.pokeInode(image.inodeNo(path), "size", 200 * 4096);
        }
        const { status, err } = run("tree x.img", image);
        expect(status).toBe(1);
        expect(err.split("\n").at(-2)).toBe(
            "x.img: directories use each other's blocks; the tree is cut off",
        );
    });

    it("prints a document", () => {
        const image = buildImage({ root: { a: { b: "123" } } });
        image.pokeDirent("/a", 0, { inum: 1, name: "\xff" });
        expect(documentOf("tree x.img", image, 1)).toEqual({
            path: "/",
            counts: { directories: 3, files: 0 },
            entries: [
                { name: "/", depth: 0, inode: 1, type: "directory", size: 4096 },
                { name: "a", depth: 1, inode: 2, type: "directory", size: 4096 },
                {
                    name: "\\xff",
                    nameBytes: "ff",
                    depth: 2,
                    inode: 1,
                    type: "directory",
                    size: 4096,
                    problem: "seen before",
                },
            ],
            problems: ["/a/\\xff: inode 1 is a directory shown before"],
        });
    });
});
