/** What `mkchickadeefs` does beyond the reference tool. */
import { describe, expect, it } from "vitest";
import { mkchickadeefs } from "../../src/cli/mkfs-command.ts";
import { memoryHost, runProgram } from "../support/memory-host.ts";
import { failure, files, made, mkfs, text } from "../support/mkfs-runs.ts";
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
        expect(failure(["--from", "/tree", "-b", "18", "-i", "4", "-o", "/o"])).toBe(
            "/tree/sub/b: out of inodes on output disk\n" +
                "the image needs at least 8 inodes; try -i 8\n",
        );
    });
});

describe("--json", () => {
    it("describes the image", () => {
        const result = mkfs(["--json", "-b", "64", "-j", "4", "/large:l", "-o", "/out.img"]);
        expect(result.stderr()).toBe("");
        expect(JSON.parse(result.stdout())).toEqual({
            image: "/out.img",
            sizeBytes: 262_144,
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
        expect(failure(["--json", "-b", "20", "-i", "2", "/large:l", "-o", "/o"])).toBe(
            "/large: out of space on output disk\n" +
                "the image needs at least 29 blocks and 3 inodes; try -b 29 -i 3\n",
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
        for (const name of ["seed", "from", "json", "randomize"]) {
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
  --first-data, -f B         allocate first file sequentially starting at block B
  --bootsector, -s FILE      read FILE into the boot sector
  --randomize, --random, -r  scramble block order before writing
  --seed N                   scramble in another way for every N
  --from DIR                 pack the files and folders in DIR
  --output, -o IMAGE         write output to IMAGE
  --json                     describe the image on standard output in JSON
  --reference                do as the reference tool does, defects included
  --help                     print this message and exit

FILE goes under its own name, without a leading obj/p-, obj/, initfs/ or diskfs/; FILE:NAME
calls it NAME. FILE or IMAGE may be -, for standard input and output.
`);
    });
});
