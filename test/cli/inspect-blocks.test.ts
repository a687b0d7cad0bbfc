import { describe, expect, it } from "vitest";
import { placeRecord } from "../../src/chkfs/journal/codec.ts";
import { chickadee } from "../../src/cli/chickadee-command.ts";
import { buildImage, fragmented, type TestImage } from "../support/image-builder.ts";
import { type MemoryHostOptions, runProgram } from "../support/memory-host.ts";
import { overclaimedImage } from "../support/overclaimed-image.ts";

function run(args: string, image: TestImage | Uint8Array, options: MemoryHostOptions = {}) {
    const files = { "x.img": image instanceof Uint8Array ? image : image.bytes };
    const memory = runProgram(chickadee, args.split(" "), { files, ...options });
    return { status: memory.status, out: memory.stdout(), err: memory.stderr() };
}

function documentOf(args: string, image: TestImage, status = 0): unknown {
    const result = run(`${args} --json`, image);
    expect(result).toMatchObject({ status, err: "" });
    return JSON.parse(Buffer.from(result.out, "latin1").toString("utf8"));
}

function lines(...text: string[]): string {
    return text.map((line) => `${line}\n`).join("");
}

/**
 * Blocks: 0 superblock, 1-2 swap, 3 bitmap, 4 inodes, 5 to 59 data, 60-63 journal. In the data:
 * 5 a, then f in 6, 8, 10, 12 and 14, its indirect block in 15, the folder d in 16, the root in 17.
 */
const sample = () =>
    buildImage({
        swapBlockCount: 2,
        journalBlockCount: 4,
        root: {
            a: "text",
            f: fragmented(new Uint8Array(7 * 4096).fill(1), [1, -2, 1, 1, 1, 1]),
            d: { "e\xff": "" },
        },
    });

describe("chickadee map", () => {
    it("draws a cell for each block, with a legend", () => {
        expect(run("map x.img", sample())).toEqual({
            status: 0,
            err: "",
            out: lines(
                "x.img: 64 blocks, a cell is a block",
                " 0  SWWBIFF.F.F.F.FXDD..........................................JJJJ",
                "",
                "  S   1  superblock",
                "  W   2  swap space",
                "  B   1  free-block bitmap",
                "  I   1  inodes",
                "  D   2  directory",
                "  F   6  file data",
                "  X   1  indirect extents",
                "  .  46  free",
                "  J   4  journal",
            ),
        });
    });

    it("breaks rows to fit the terminal", () => {
        expect(run("map x.img", sample(), { columns: 40 }).out.split("\n").slice(1, 4)).toEqual([
            " 0  SWWBIFF.F.F.F.FXDD..............",
            "32  ............................JJJJ",
            "",
        ]);
    });

    it("shows damage and says it", () => {
        const image = sample();
        image.setFree(0, true);
        image.setFree(30, false);
        image.setFree(31, false);
        image.pokeExtent(image.inodeNo("/a"), 0, { first: 6, count: 1 });
        const { status, out, err } = run("map x.img", image.truncated(62));
        expect(status).toBe(1);
        expect(out.split("\n")[1]).toBe(
            " 0  !WWBIL2.F.F.F.FXDD............LL............................JJ??",
        );
        expect(err).toBe(
            lines(
                "x.img: 1 block used more than once",
                "x.img: 1 block used but marked free",
                "x.img: 2 blocks past the image's end",
            ),
        );
    });

    it("does not fail for leaked blocks alone, and says them once", () => {
        const image = sample();
        image.setFree(30, false);
        const { status, out, err } = run("map x.img", image);
        expect([status, err]).toEqual([0, ""]);
        expect(out.split("\n").at(-2)).toBe("  L   1  leaked (marked allocated, used by nothing)");
    });

    it("says that it gave up on files that use the same blocks again and again", () => {
        const { status, out, err } = run("map x.img", overclaimedImage());
        expect([status, out.split("\n")[1]]).toEqual([1, ` 0  SBI${"2".repeat(61)}`]);
        expect(err).toBe(
            lines(
                "x.img: 61 blocks used more than once",
                "x.img: files use the same blocks again and again; the map is incomplete",
            ),
        );
    });

    it("draws a large disk with many blocks a cell", () => {
        const image = buildImage({ root: {}, blockCount: 10_000 });
        expect(run("map x.img", image).out.split("\n")[0]).toBe(
            "x.img: 10000 blocks, a cell is 8 blocks",
        );
    });

    it("prints a document", () => {
        const image = buildImage({ root: { a: "" } });
        image.setFree(63, false);
        expect(documentOf("map x.img", image)).toEqual({
            blockCount: 64,
            blockSize: 4096,
            counts: { superblock: 1, bitmap: 1, inodes: 1, directory: 1, free: 59, leaked: 1 },
            runs: [
                { role: "superblock", first: 0, count: 1 },
                { role: "bitmap", first: 1, count: 1 },
                { role: "inodes", first: 2, count: 1 },
                { role: "directory", first: 3, count: 1 },
                { role: "free", first: 4, count: 59 },
                { role: "leaked", first: 63, count: 1 },
            ],
            problems: [],
        });
    });
});

describe("chickadee block", () => {
    it("prints the fields of the superblock", () => {
        const image = sample();
        image.pokeBlock(0, 510, Uint8Array.of(0x55, 0xaa));
        expect(run("block x.img 0", image)).toEqual({
            status: 0,
            err: "",
            out: lines(
                "x.img: block 0: superblock, marked allocated",
                "  magic       0xfbbfbb003ee9beef  as it should be",
                "  nblocks                     64  blocks on the disk",
                "  nswap                        2  blocks of swap space",
                "  ninodes                     64  inodes, counting the unused inode 0",
                "  njournal                     4  blocks of journal",
                "  swap_bn                      1  first block of swap space; always 1",
                "  fbb_bn                       3  first block of the free-block bitmap",
                "  inode_bn                     4  first block of inodes",
                "  data_bn                      5  first block of data",
                "  journal_bn                  60  first block of journal, or nblocks",
                "  a boot sector stands before it (55 aa at byte 510)",
            ),
        });
    });

    it("prints it too where nothing else can be trusted", () => {
        const image = sample();
        image.pokeMagic(0x1234n);
        const { status, out, err } = run("block x.img 0", image);
        expect(status).toBe(1);
        expect(out.split("\n").slice(0, 2)).toEqual([
            "x.img: block 0: superblock",
            "  magic       0x1234  should be 0xfbbfbb003ee9beef",
        ]);
        expect(err).toBe(
            "x.img: not a chkfs image: magic number is 0x1234, expected 0xfbbfbb003ee9beef\n",
        );
        expect(run("block x.img 5", image).out).toBe(
            lines("x.img: block 5: unknown", "  4 bytes other than zero (-x shows them)"),
        );
    });

    it.each<[string, number, string[]]>([
        ["swap space", 1, ["x.img: block 1: swap space, marked allocated", "  all zeros"]],
        [
            "the bitmap",
            3,
            [
                "x.img: block 3: free-block bitmap, marked allocated",
                "  for blocks 0-63: 46 free, 18 allocated",
                "  free: 7, 9, 11, 13, 18-59",
            ],
        ],
        [
            "inodes",
            4,
            [
                "x.img: block 4: inodes, marked allocated",
                "  inode  type          nlink   size  extents",
                "      1  directory         1   4096  17",
                "      2  regular file      1      4  5",
                "      3  regular file      1  28672  6, hole of 2, 8, 10, indirect 15",
                "      4  directory         1   4096  16",
                "      5  regular file      1      0",
                "  59 inodes free",
            ],
        ],
        [
            "a file",
            10,
            [
                "x.img: block 10: file data, marked allocated",
                "  block 4 of inode 3, /f",
                "  4096 bytes other than zero (-x shows them)",
            ],
        ],
        [
            "indirect extents",
            15,
            [
                "x.img: block 15: indirect extents, marked allocated",
                "  indirect block 0 of inode 3, /f",
                "  slot  blocks",
                "     0  12",
                "     1  14",
                "  510 slots empty",
            ],
        ],
        [
            "a directory",
            16,
            [
                "x.img: block 16: directory, marked allocated",
                "  block 0 of inode 4, /d",
                "  slot  inode  name",
                "     0      5  e\\xff",
            ],
        ],
        ["nothing", 20, ["x.img: block 20: free", "  all zeros"]],
        ["the journal", 60, ["x.img: block 60: journal, marked allocated", "  all zeros"]],
    ])("prints what a block of %s is and holds", (_, blockNo, expected) => {
        expect(run(`block x.img ${blockNo}`, sample())).toEqual({
            status: 0,
            err: "",
            out: lines(...expected),
        });
    });

    it("prints a metablock", () => {
        const image = sample();
        const bytes = new Uint8Array(52);
        const view = new DataView(bytes.buffer);
        view.setBigUint64(0, 0xfbbfbb009eebceedn, true);
        view.setUint32(8, 0x82600a5f, true);
        view.setUint16(16, 65_535, true);
        view.setUint16(18, 7, true);
        view.setUint16(20, 8, true);
        view.setUint16(22, 6, true);
        view.setUint16(24, 0x31, true);
        view.setUint16(26, 2, true);
        view.setUint32(28, 17, true);
        view.setUint32(32, 0xabcdef, true);
        view.setUint16(36, 0x300, true);
        view.setUint32(40, 0xffffffff, true);
        image.pokeBlock(61, 0, bytes);
        expect(run("block x.img 0x3d", image).out).toBe(
            lines(
                "x.img: block 61: journal, marked allocated",
                "  a metablock",
                "  magic              0xfbbfbb009eebceed  as it should be",
                "  checksum                   0x82600a5f  stands for none",
                "  seq                             65535  number of the metablock, modulo 65536",
                "  tid                                 7  its transaction, modulo 65536",
                "  commit_boundary                     8  the first transaction not committed",
                "  complete_boundary                   6  the first transaction not completed",
                "  flags                            0x31  meta start commit",
                "  nref                                2  references that follow, at most 339",
                "  ref          bn  bchecksum  bflags",
                "    0          17  0xabcdef   0x300 escaped nonjournaled",
                "    1  4294967295  0x0        0x0",
            ),
        );
    });

    it("judges a metablock's checksum", () => {
        const image = sample();
        const record = { seq: 1, tid: 1, commitBoundary: 2, completeBoundary: 1, flags: 0x30 };
        placeRecord(image.bytes.subarray(60 * 4096), 1, record);
        const row = () => run("block x.img 61", image).out.split("\n")[3];
        const sum = "0xfb7c8ec8";
        expect(row()).toBe(`  checksum                   ${sum}  fits`);
        expect(documentOf("block x.img 61", image)).toMatchObject({
            content: { metablock: { checksum: Number(sum), checksumState: "fits" } },
        });
        image.pokeBlock(61, 8, Uint8Array.of(0x32, 0x17, 0x12, 0xc1));
        expect(row()).toBe(
            `  checksum                   0xc1121732  does not fit: computed ${sum}`,
        );
        expect(documentOf("block x.img 61", image)).toMatchObject({
            content: {
                metablock: {
                    checksum: 0xc1121732,
                    checksumState: "does not fit",
                    computedChecksum: Number(sum),
                },
            },
        });
    });

    it("says whose data a block of the journal is", () => {
        const image = sample();
        const journal = image.bytes.subarray(60 * 4096);
        const content = new Uint8Array(4096).fill(7);
        placeRecord(journal, 3, {
            seq: 1,
            tid: 1,
            commitBoundary: 1,
            completeBoundary: 1,
            flags: 0x10,
            writes: [{ blockNo: 20 }, { blockNo: 13, content }],
        });
        expect(run("block x.img 60", image).out).toBe(
            lines(
                "x.img: block 60: journal, marked allocated",
                "  data of the metablock in block 63, home block 13",
                "  4096 bytes other than zero (-x shows them)",
            ),
        );
        expect(documentOf("block x.img 60", image)).toMatchObject({
            owners: [],
            dataOf: [{ metablock: 63, isAccepted: true, home: 13 }],
        });
        image.pokeBlock(63, 8, new Uint8Array(4));
        expect(run("block x.img 60", image).out.split("\n")[1]).toBe(
            "  data of the metablock (left out) in block 63, home block 13",
        );
    });

    it("prints the bytes too", () => {
        expect(run("block -x x.img 5", sample()).out).toBe(
            lines(
                "x.img: block 5: file data, marked allocated",
                "  block 0 of inode 2, /a",
                "  4 bytes other than zero (-x shows them)",
                "00000000  74 65 78 74 00 00 00 00  00 00 00 00 00 00 00 00  |text............|",
                "00000010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|",
                "*",
                "00001000",
            ),
        );
    });

    it("says what is wrong with a block's use", () => {
        const image = sample();
        image.setFree(20, false);
        image.setFree(5, true);
        image.pokeExtent(5, 0, { first: 6, count: 1 });
        image.pokeDirent("/d", 0, { inum: 0 });
        expect(run("block x.img 20", image)).toEqual({
            status: 0,
            out: lines(
                "x.img: block 20: leaked (marked allocated, used by nothing)",
                "  all zeros",
            ),
            err: "",
        });
        expect(run("block x.img 5", image)).toMatchObject({
            status: 1,
            err: "x.img: block 5 is used but marked free\n",
        });
        expect(run("block x.img 6", image)).toEqual({
            status: 1,
            out: lines(
                "x.img: block 6: file data, marked allocated",
                "  block 0 of inode 3, /f",
                "  block 0 of inode 5, which has no name",
                "  4096 bytes other than zero (-x shows them)",
            ),
            err: "x.img: block 6 is used 2 times\n",
        });
    });

    it.each([
        ["64", 1, "x.img: there is no block 64: the image has 64 blocks"],
        ["0xffffffff", 1, "x.img: there is no block 4294967295: the image has 64 blocks"],
        ["1e1", 2, 'chickadee: "1e1" is not a block number'],
        ["0x", 2, 'chickadee: "0x" is not a block number'],
        ["99999999999", 2, 'chickadee: "99999999999" is not a block number'],
    ])("refuses block %s", (number, status, message) => {
        expect(run(`block x.img ${number}`, sample())).toEqual({
            status,
            out: "",
            err: `${message}\n`,
        });
    });

    it("lists the first 40 owners of a block that has very many", () => {
        const image = overclaimedImage();
        const { status, out, err } = run("block x.img 3", image);
        expect([status, err]).toEqual([
            1,
            lines(
                "x.img: block 3 is used 4218 times; the first 40 are listed",
                "x.img: files use the same blocks again and again; not all were looked at",
            ),
        ]);
        const owners = out.split("\n").filter((line) => line.includes(" of inode "));
        expect(owners).toHaveLength(40);
        expect(owners.at(-1)).toBe("  block 2318 of inode 2, /f");
        const document = documentOf("block x.img 3", image, 1) as { owners: unknown[] };
        expect(document.owners).toHaveLength(40);
    });

    it("knows the blocks behind the disk's own", () => {
        const image = sample();
        const longer = new Uint8Array(66 * 4096);
        longer.set(image.bytes);
        expect(run("block x.img 65", longer)).toEqual({
            status: 1,
            out: lines("x.img: block 65: unknown", "  all zeros"),
            err: "x.img: block 65 lies behind the disk's 64 blocks\n",
        });
    });

    it("prints documents", () => {
        const image = sample();
        expect(documentOf("block x.img 16", image)).toEqual({
            block: 16,
            role: "directory",
            allocated: true,
            owners: [{ role: "directory", inode: 4, index: 0, path: "/d" }],
            content: { entries: [{ slot: 0, inode: 5, name: "e\\xff", nameBytes: "65ff" }] },
            problems: [],
        });
        expect(documentOf("block x.img 15", image)).toMatchObject({
            content: {
                extents: [
                    { first: 12, count: 1 },
                    { first: 14, count: 1 },
                ],
            },
        });
        expect(documentOf("block x.img 3", image)).toMatchObject({
            content: { first: 0, blockCount: 64, freeCount: 46 },
        });
        expect(documentOf("block x.img 0", image)).toMatchObject({
            content: {
                superblock: { magic: "0xfbbfbb003ee9beef", nblocks: 64 },
                isBootable: false,
            },
        });
        expect(documentOf("block x.img 4", image)).toMatchObject({
            content: { inodes: [{ inode: 1, type: 2 }, { inode: 2 }, {}, {}, { inode: 5 }] },
        });
        expect(documentOf("block -x x.img 5", image)).toMatchObject({
            content: { nonzeroByteCount: 4 },
            hex: `74657874${"00".repeat(4092)}`,
        });
    });
});
