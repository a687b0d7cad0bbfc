/** What `mkchickadeefs` does beyond the reference tool. */
import { describe, expect, it } from "vitest";
import { mkchickadeefs } from "../../src/cli/mkfs-command.ts";
import { memoryHost, runProgram } from "../support/memory-host.ts";
import { failure, files, isSame, made, mkfs, pattern, text } from "../support/mkfs-runs.ts";
import { readImage } from "../support/read-image.ts";

describe("--from", () => {
    it("packs a folder behind the operands, in byte order of names", () => {
        const image = readImage(made(["--from", "/tree/", "/a.txt:M", "-b", "200"]));
        expect(image.problems).toEqual([]);
        const numbers = [...image.files].map(([path, file]) => [path, file.inodeNumber]);
        expect(numbers).toEqual([
            ["M", 2],
            ["A", 3],
            ["sub/b", 5],
            ["sub/deep/x", 7],
            ["z", 8],
        ]);
        expect(image.directories).toEqual(["sub", "sub/deep"]);
        expect(text(image.files.get("sub/deep/x")?.content)).toBe("deep");
    });

    it("says what it cannot pack", () => {
        const memory = memoryHost({ files });
        const run = (...args: string[]) => {
            const before = memory.stderr().length;
            expect(runProgram(mkchickadeefs, args, memory).status).toBe(1);
            return memory.stderr().slice(before);
        };
        expect(run("--from", "/nope", "-o", "/o")).toBe("/nope: No such file or directory\n");
        expect(run("--from", "/a.txt", "-o", "/o")).toBe("/a.txt: Not a directory\n");
        expect(run("--from", "/tree", "/a.txt:z", "-o", "/o")).toBe(
            "/tree/z: name 'z' is already taken\n",
        );
        expect(run("--from", "/tree", "-o", "/tree/z")).toBe(
            "/tree/z: is the image itself; write it outside the folder\n",
        );
        memory.volume.symlinkSync(".", "/tree/loop");
        expect(run("--from", "/tree", "-o", "/o")).toBe(
            "/tree/loop: symbolic link; an image holds files and folders\n",
        );
        memory.volume.unlinkSync("/tree/loop");
        memory.volume.writeFileSync(`/tree/${"n".repeat(124)}`, "");
        expect(run("--from", "/tree", "-o", "/o")).toBe(
            `/tree/${"n".repeat(124)}: name too long: 124 bytes (max 123)\n`,
        );
        expect(memory.exists("/o")).toBe(false);
    });

    it("says all that it cannot pack at once, up to twenty", () => {
        const memory = memoryHost({ files });
        memory.volume.symlinkSync(".", "/tree/B");
        memory.volume.symlinkSync("nowhere", "/tree/sub/deep/link");
        const long = "n".repeat(124);
        memory.volume.writeFileSync(`/tree/sub/${long}`, "");
        const args = ["--from", "/tree", "/a.txt:z", "-o", "/o"];
        expect(runProgram(mkchickadeefs, args, memory).status).toBe(1);
        expect(memory.stderr()).toBe(
            "/tree/B: symbolic link; an image holds files and folders\n" +
                "/tree/sub/deep/link: symbolic link; an image holds files and folders\n" +
                `/tree/sub/${long}: name too long: 124 bytes (max 123)\n` +
                "/tree/z: name 'z' is already taken\n",
        );
        for (let index = 100; index < 117; index++) {
            memory.volume.symlinkSync(".", `/tree/${index}`);
        }
        const before = memory.stderr().length;
        runProgram(mkchickadeefs, args, memory);
        const lines = memory.stderr().slice(before).split("\n");
        expect(lines.length).toBe(22);
        expect(lines[0]).toBe("/tree/100: symbolic link; an image holds files and folders");
        expect(lines.slice(-2)).toEqual(["... and 1 more", ""]);
        expect(memory.exists("/o")).toBe(false);
    });

    it("packs folders inside each other as deep as they can be read again", () => {
        const memory = memoryHost();
        memory.volume.mkdirSync(`/d${"/d".repeat(499)}`, { recursive: true });
        const args = ["--from", "/d", "-o", "/out.img"];
        expect(runProgram(mkchickadeefs, args, memory).stderr()).toBe("");
        expect(readImage(memory.readFile("/out.img")).directories.length).toBe(499);
        memory.volume.mkdirSync(`/d${"/d".repeat(501)}`, { recursive: true });
        expect(runProgram(mkchickadeefs, args, memory).status).toBe(1);
        expect(memory.stderr()).toBe(
            `/d${"/d".repeat(500)}: more than 500 folders in each other\n`,
        );
    });

    it("says how much room would do", () => {
        expect(failure(["--from", "/tree", "-b", "18", "-o", "/o"])).toBe(
            "/tree/sub/b: out of space on output disk\n" +
                "the image needs at least 24 blocks; try -b 24\n",
        );
        const many = Object.fromEntries(
            Array.from({ length: 12 }, (_, index) => [`/in/${index}`, "x"]),
        );
        expect(
            failure(["--from", "/in", "-b", "18", "-i", "10", "-o", "/o"], { files: many }),
        ).toBe(
            "/in/6: out of inodes on output disk\n" +
                "the image needs at least 14 inodes; try -i 14\n",
        );
        expect(failure(["--from", "/in", "-i", "10", "-o", "/o"], { files: many })).toBe(
            "/in/6: out of inodes on output disk\n" +
                "the image needs at least 14 inodes; try -i 14\n",
        );
    });
});

describe("the size of an image for a folder", () => {
    /** What `--json` says about the image at /out.img. */
    const summaryOf = (args: readonly string[], content: Record<string, string | Uint8Array>) => {
        const result = mkfs([...args, "--json", "-o", "/out.img"], { files: content });
        expect(result.stderr()).toBe("");
        const image = readImage(result.readFile("/out.img"));
        expect(image.problems).toEqual([]);
        for (const [path, bytes] of Object.entries(content)) {
            const found = image.files.get(path.slice("/in/".length))?.content;
            expect(isSame(found, Buffer.from(bytes))).toBe(true);
        }
        return JSON.parse(result.stdout());
    };

    const large = { "/in/a": pattern(5_000_001) };
    const manyFiles = Object.fromEntries(
        Array.from({ length: 1200 }, (_, index) => [`/in/${10_000 + index}`, `${index}`]),
    );

    it("is the default one for a folder that leaves an eighth of it free", () => {
        const summary = summaryOf(["--from", "/in"], { "/in/a": "small" });
        expect(summary).toMatchObject({
            sizedToContent: true,
            superblock: { nblocks: 1024, ninodes: 896, data_bn: 16 },
        });
    });

    it("grows by blocks, to a multiple of eight", () => {
        // 1221 blocks of the file and one of the directory, an eighth more, and 16 before them.
        expect(summaryOf(["--from", "/in"], large)).toMatchObject({
            sizedToContent: true,
            superblock: { nblocks: 1392, ninodes: 896, data_bn: 16, journal_bn: 1392 },
            blocks: { data: 1222, free: 154 },
        });
        expect(summaryOf(["--from", "/in", "-j", "2000", "-w", "9"], large)).toMatchObject({
            superblock: { nblocks: 3408, ninodes: 1024, data_bn: 27, journal_bn: 1408 },
        });
    });

    it("grows by blocks of inodes", () => {
        // 1202 inodes of which one is unused, an eighth more; 38 blocks of directory.
        expect(summaryOf(["--from", "/in"], manyFiles)).toMatchObject({
            sizedToContent: true,
            superblock: { nblocks: 1424, ninodes: 1408, data_bn: 24 },
            blocks: { data: 1238 },
        });
    });

    it("holds in a random layout too, and counts operands", () => {
        const args = ["--from", "/in", "--seed", "3", "/in/a:again"];
        const summary = summaryOf(args, { ...large, "/in/b": large["/in/a"] });
        expect(summary.superblock.nblocks).toBeGreaterThan(3 * 1221 + 16);
        expect(summary.superblock.nblocks).toBeLessThan(4500);
    });

    it("stays as asked for", () => {
        const inodes = summaryOf(["--from", "/in", "-i", "70"], large);
        expect(inodes.superblock).toMatchObject({ nblocks: 1384, ninodes: 70, data_bn: 4 });
        expect(summaryOf(["--from", "/in", "-b", "1300"], large)).toMatchObject({
            sizedToContent: false,
            superblock: { nblocks: 1300 },
        });
        expect(summaryOf(["--from", "/in", "-f", "5"], { "/in/a": "small" })).toMatchObject({
            sizedToContent: false,
            superblock: { nblocks: 1024, data_bn: 5 },
        });
        expect(failure(["--from", "/in", "-f", "16", "-o", "/o"], { files: large })).toBe(
            "/in/a: out of space on output disk\n" +
                "the image needs at least 1238 blocks; try -b 1238\n",
        );
    });

    it("lets in a stream that is larger than the default", () => {
        const stdin = pattern(6_000_000);
        const result = mkfs(["--from", "/tree", "-o", "/out.img", "-"], { stdin });
        expect(result.stderr()).toBe("");
        const { files: found, problems } = readImage(result.readFile("/out.img"));
        expect(problems).toEqual([]);
        expect(isSame(found.get("-")?.content, stdin)).toBe(true);
    });
});

describe("--json", () => {
    it("describes the image", () => {
        const result = mkfs(["--json", "-b", "64", "-j", "4", "/large:l", "-o", "/out.img"]);
        expect(result.stderr()).toBe("");
        expect(JSON.parse(result.stdout())).toEqual({
            image: "/out.img",
            sizeBytes: 262_144,
            sizedToContent: false,
            superblock: {
                ...{ nblocks: 64, nswap: 0, ninodes: 896, njournal: 4 },
                ...{ swap_bn: 1, fbb_bn: 1, inode_bn: 2, data_bn: 16, journal_bn: 60 },
            },
            blocks: { total: 64, swap: 0, bitmap: 1, inodes: 14, data: 26, free: 18, journal: 4 },
            files: { count: 1, sizeBytes: 100_000 },
            directories: { count: 1 },
            layout: { random: false, seed: null, extents: 2 },
        });
    });

    it("needs standard output for itself", () => {
        expect(failure(["--json", "/a.txt"])).toBe(
            "--json needs an image file: standard output cannot take both; choose one with -o\n",
        );
    });

    it("says how much room would do", () => {
        const nine = ["b", "c", "d", "e", "f", "g", "h", "i"].map((name) => `/a.txt:${name}`);
        const args = ["--json", "-b", "20", "-i", "10", "/large:l", ...nine, "-o", "/o"];
        expect(failure(args)).toBe(
            "/large: out of space on output disk\n" +
                "the image needs at least 37 blocks and 11 inodes; try -b 37 -i 11\n",
        );
        // More than a checker accepts.
        const full = ["--json", "-b", "0x0fffffff", "-w", "0x0fffdff0", "-i", "10", "-o", "/o"];
        expect(failure([...full, "/large:l"])).toBe(
            "/large: out of space on output disk\n" +
                "the image needs at least 268435469 blocks, but there are at most 268435455\n",
        );
    });
});

describe("the progress bar", () => {
    const mebibyte = 2 ** 20;
    const sparse = { "/huge": new Uint8Array(80 * mebibyte) };
    const args = ["-b", "30000", "-o", "/dev/null", "/huge:h"];
    const withNull = { ...sparse, "/dev/null": "" };

    it("shows on a terminal, moves by percent, and leaves no trace", () => {
        const { stderr } = mkfs(args, { files: withNull, stderrTerminal: true });
        const steps = stderr().split("\r");
        expect(steps[0]).toBe("");
        expect(steps.length).toBeGreaterThan(50);
        expect(steps.length).toBeLessThanOrEqual(104);
        expect(steps).toContain(`[${"#".repeat(25)}${" ".repeat(25)}]  50%`);
        expect(steps.slice(-3)).toEqual([`[${"#".repeat(50)}] 100%`, " ".repeat(57), ""]);
    });

    it("fits a narrow terminal", () => {
        const { stderr } = mkfs(args, { files: withNull, stderrTerminal: true, columns: 20 });
        const longest = Math.max(
            ...stderr()
                .split("\r")
                .map((step) => step.length),
        );
        expect(longest).toBeLessThan(20);
    });

    it("does not show anywhere else, nor for a small image", () => {
        expect(mkfs(args, { files: withNull }).stderr()).toBe("");
        const small = ["-b", "64", "-i", "64", "/a.txt:a", "-o", "/out.img"];
        expect(mkfs(small, { stderrTerminal: true }).stderr()).toBe("");
    });
});

describe("the options that only we have", () => {
    it("leave every abbreviation of the reference as it was", () => {
        const args = ["--s", "2", "--j", "3", "--f", "20", "--bl", "64", "--i", "1024"];
        const { superblock } = readImage(made(args));
        expect(superblock).toMatchObject({ nswap: 2, njournal: 3, data_bn: 20, ninodes: 1024 });
    });

    it("do not exist for the reference", () => {
        for (const name of ["seed", "from", "json", "randomize", "version"]) {
            expect(failure(["--reference", `--${name}`])).toBe(
                `mkchickadeefs: unrecognized option '--${name}'\nunknown argument\n`,
            );
        }
        // Not an option here, but a file's name.
        expect(mkfs(["-o", "--reference", "--json"]).exists("--reference")).toBe(true);
    });

    it("stand in the help", () => {
        const result = mkfs(["--help", "--nope"]);
        expect(result.status).toBe(0);
        expect(result.stdout()).toBe(`\
Usage: mkchickadeefs [OPTS] [-o IMAGE] FILE...
Create a ChickadeeFS image from the arguments.

  --blocks, -b N             allocate N blocks (default 1024)
  --inodes, -i N             allocate N inodes
  --swap, -w N               allocate N blocks for swap space
  --journal, -j N            allocate N blocks for journal
  --first-data, -f B         allocate first file sequentially starting at block
                             B
  --bootsector, -s FILE      read FILE into the boot sector
  --randomize, --random, -r  scramble block order before writing
  --seed N                   scramble in another way for every N (implies
                             --randomize)
  --from DIR                 pack the files and folders in DIR
  --output, -o IMAGE         write output to IMAGE
  --json                     describe the image on standard output in JSON
  --reference                do as the reference tool does, defects included
  --help                     print this message and exit
  --version                  print the version and exit

FILE goes under its own name, without a leading obj/p-, obj/, initfs/ or
diskfs/; FILE:NAME calls it NAME, which has no slash. FILE or IMAGE may be -,
for standard input and output. Without -b and -f, --from makes IMAGE large
enough for DIR and an eighth more.
`);
    });
});
