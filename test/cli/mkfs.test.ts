import { describe, expect, it } from "vitest";
import { mkchickadeefs } from "../../src/cli/mkfs-command.ts";
import { memoryHost, runProgram } from "../support/memory-host.ts";
import { failure, files, isSame, made, mkfs, pattern, text } from "../support/mkfs-runs.ts";
import { readImage } from "../support/read-image.ts";

describe("operands of mkchickadeefs", () => {
    it("read standard input once, wherever - stands", () => {
        const stdin = pattern(200_000);
        const image = readImage(made(["-", "/a.txt:a", "--", "-:again"], { stdin }));
        expect(image.problems).toEqual([]);
        expect(isSame(image.files.get("-")?.content, stdin)).toBe(true);
        expect(image.files.get("again")?.content).toEqual(new Uint8Array(0));
        expect(image.files.get("a")?.inodeNumber).toBe(3);
    });

    it("take their name after the first colon", () => {
        const image = readImage(made(["/a.txt:b:c", "/b.txt:käse"]));
        expect([...image.files.keys()]).toEqual(["b:c", "k\xc3\xa4se"]);
    });

    it("need a name of their own that is not empty", () => {
        expect(failure(["/a.txt:", "-o", "/out.img"])).toBe("/a.txt:: bad name\n");
        expect(failure(["/a.txt:x", "/b.txt:x", "-o", "/out.img"])).toBe(
            "/b.txt: name 'x' is already taken\n",
        );
        // The length is counted in bytes.
        const long = "ä".repeat(62);
        expect(failure([`/a.txt:${long}`])).toBe(
            `${Buffer.from(long).toString("latin1")}: bad name\n`,
        );
        expect(readImage(made([`/a.txt:${long.slice(1)}x`])).files.size).toBe(1);
    });

    it("are told how to get a name when theirs is a path", () => {
        expect(failure(["/tree/sub/b", "-o", "/out.img"])).toBe(
            "/tree/sub/b: bad name\na name cannot contain '/': write /tree/sub/b:b, " +
                "or pack a folder with --from DIR\n",
        );
        expect(failure(["obj/x/y"], { files: { "obj/x/y": "" } })).toBe(
            "x/y: bad name\na name cannot contain '/': write obj/x/y:y, " +
                "or pack a folder with --from DIR\n",
        );
        // Nothing to add where a name was given, or to the reference's words.
        expect(failure(["/a.txt:x/y"])).toBe("x/y: bad name\n");
        expect(failure(["--reference", "/tree/sub/b"])).toBe("/tree/sub/b: bad name\n");
    });

    it("are named when they cannot be read", () => {
        expect(failure(["/tree:t", "-o", "/out.img"])).toBe("/tree: Is a directory\n");
        expect(failure(["/nope:n", "-o", "/out.img"])).toBe("/nope: No such file or directory\n");
    });

    it("are checked before the output", () => {
        expect(failure(["/nope", "-o", "/no/such/dir"])).toBe("/nope: No such file or directory\n");
    });

    it("fill the disk up to its last block", () => {
        // 100 blocks of which data has 84; the root directory takes one.
        const full = { ...files, "/full": pattern(83 * 4096 - 1) };
        expect(readImage(made(["-b", "100", "/full:f"], { files: full })).problems).toEqual([]);
        const fails = (sizeBytes: number) =>
            failure(["-b", "100", "/full:f", "-o", "/x"], {
                files: { "/full": pattern(sizeBytes) },
            });
        expect(fails(83 * 4096 + 1)).toBe("root directory: out of space on output disk\n");
        expect(fails(84 * 4096 - 1)).toBe("root directory: out of space on output disk\n");
        // Whole blocks need one more to find the file's end in.
        expect(fails(84 * 4096)).toBe("/full: out of space on output disk\n");
    });

    it("take no more of an endless stream than the disk has room for", () => {
        const stdin = new Uint8Array(3_000_000);
        expect(failure(["-b", "64", "-", "-o", "/out.img"], { stdin })).toBe(
            "-: out of space on output disk\n",
        );
    });
});

describe("numbers of mkchickadeefs", () => {
    it.each([
        ...["-b 0", "-b 08", "-b 0x", "-b +5", "-b -5", "-b 5k", "-b 2147483648", "-b 0x80000000"],
        ...["-b 1e3", "-b 64 -b 64", "-i 0", "-w 0", "-f 0", "-j -1", "-j 0 -j 5", "--blocks="],
    ])("like %s are refused", (options) => {
        const letter = /-(.)/.exec(options.replace("--blocks", "-b"))?.[1];
        expect(failure([...options.split(" "), "-o", "/out.img"])).toBe(
            `bad \`-${letter}\` argument\n`,
        );
    });

    it.each(["--seed -1", "--seed x", "--seed 9007199254740992", "--seed 1 --seed 1"])(
        "like %s are refused",
        (options) => {
            expect(failure(options.split(" "))).toBe("bad `--seed` argument\n");
        },
    );

    it("may be hexadecimal or octal", () => {
        expect(made(["-b", "0X40", "-i64"]).length).toBe(64 * 4096);
        expect(made(["-b", "0100", "-i64"]).length).toBe(64 * 4096);
    });

    it("may say that there is no journal, which the reference will not hear of", () => {
        expect(isSame(made(["-b", "64", "-j", "0"]), made(["-b", "64"]))).toBe(true);
        expect(failure(["--reference", "-j", "0"])).toBe("bad `-j` argument\n");
    });

    it("may be as large as they can be", () => {
        expect(failure(["-w", "0x7fffffff", "-j", "0x7fffffff", "-o", "/out.img"])).toBe(
            "too few blocks, need at least 4294967312\n",
        );
        expect(failure(["-i", "0x7fffffff", "-o", "/out.img"])).toBe(
            "too few blocks, need at least 33554434\n",
        );
        expect(failure(["-b", "0x10000000", "-o", "/out.img"])).toBe(
            "too many blocks, at most 268435455\n",
        );
        expect(failure(["-i", "9", "-o", "/out.img"])).toBe("too few inodes, need at least 10\n");
        expect(readImage(made(["-i", "10"])).superblock.ninodes).toBe(10);
    });

    it("may be smaller for the reference, even if its checker then complains", () => {
        expect(readImage(made(["--reference", "-i", "3"])).superblock.ninodes).toBe(3);
        expect(failure(["--reference", "-i", "1", "-o", "/out.img"])).toBe(
            "too few inodes, need at least 2: inode 1 is the root directory\n",
        );
    });
});

describe("boot sectors", () => {
    it("come first, end in the signature, and may come from standard input", () => {
        const image = made(["-b", "64", "-s", "-"], { stdin: pattern(510) });
        expect(image.subarray(0, 510)).toEqual(pattern(510));
        expect([...image.subarray(510, 512)]).toEqual([0x55, 0xaa]);
        expect(readImage(image).problems).toEqual([]);
    });

    it("are refused when too large, missing, or a directory", () => {
        expect(failure(["-s", "/large", "-o", "/out.img"])).toBe(
            "/large: boot sector too large: >= 4096 bytes (max 510)\n",
        );
        expect(failure(["-s", "/nope"])).toBe("/nope: No such file or directory\n");
        expect(failure(["-s", "/tree"])).toBe("/tree: Is a directory\n");
    });
});

describe("the output of mkchickadeefs", () => {
    const image = ["-b", "64", "-i", "64", "/a.txt:a"];

    it("goes to standard output with every zero, unless a file is named", () => {
        const expected = made(image);
        const toFile = mkfs([...image, "-o", "/old.img"]).readFile("/old.img");
        expect(isSame(toFile, expected)).toBe(true);
        expect(isSame(mkfs(image).stdoutBytes(), expected)).toBe(true);
        expect(isSame(mkfs([...image, "-o", "-"]).stdoutBytes(), expected)).toBe(true);
    });

    it("goes to a pipe without what lies between the data, by the reference", () => {
        // Data begins at block 218, behind 200 blocks of swap; two blocks of it are used.
        const result = mkfs(["--reference", "-b", "400", "-w", "200", "f:g"], {
            files: { f: "x" },
        });
        expect(result.stderr()).toBe("-: Invalid argument\n");
        expect(result.status).toBe(1);
        expect(result.stdoutBytes().length).toBe(220 * 4096);
    });

    it("never goes to a terminal", () => {
        expect(failure(image, { terminal: true })).toBe(
            "refusing to write an image to the terminal; use -o IMAGE\n",
        );
    });

    it("ends in a message where nobody reads it or the disk is full", () => {
        const deaf = mkfs(image, { stdoutError: "EPIPE" });
        expect([deaf.status, deaf.stderr()]).toEqual([141, "-: Broken pipe\n"]);
        expect(failure(image, { stdoutError: "ENOSPC" })).toBe("-: No space left on device\n");
        expect(failure([...image, "-o", "/tree"])).toBe("/tree: Is a directory\n");
    });

    it("leaves the target as it was, and nothing else, when it fails on the way", () => {
        const result = mkfs(["/large:l", "/b.txt:b", "-o", "/old.img"], { freeBytes: 50_000 });
        expect(result.status).toBe(1);
        expect(result.stderr()).toBe("/old.img: No space left on device\n");
        expect(text(result.readFile("/old.img"))).toBe("precious");
        expect(result.list("/").filter((name) => name.startsWith("."))).toEqual([]);
    });

    it("is a message when a file shrinks while it is read, and whole when one grows", () => {
        for (const [size, expected] of [
            [4000, "/large: file shrank while it was being read\n"],
            [200_000, ""],
        ] as const) {
            const memory = memoryHost({ files });
            const { fs } = memory.host;
            const openSync: typeof fs.openSync = (path, flags, mode) => {
                if (flags !== "r") {
                    // The output is opened: by now all sizes are known.
                    memory.volume.writeFileSync("/large", pattern(size));
                }
                return fs.openSync(path, flags, mode);
            };
            const host = { ...memory.host, fs: { ...fs, openSync } };
            const args = ["/large:l", "-o", "/out.img"];
            const result = runProgram(mkchickadeefs, args, { ...memory, host });
            expect(result.stderr()).toBe(expected);
            expect(result.exists("/out.img")).toBe(expected === "");
            if (result.exists("/out.img")) {
                const { files: found, problems } = readImage(result.readFile("/out.img"));
                expect(problems).toEqual([]);
                const content = found.get("l")?.content;
                expect(isSame(content, pattern(200_000).subarray(0, 100_000))).toBe(true);
            }
        }
    });

    it("has few files open at once, and none in the end", () => {
        const many = Object.fromEntries(
            Array.from({ length: 150 }, (_, index) => [`/in/${index}`, pattern(9000)]),
        );
        const memory = memoryHost({ files: many });
        const { fs } = memory.host;
        const open = new Set<number>();
        let most = 0;
        const openSync: typeof fs.openSync = (...args) => {
            const fd = fs.openSync(...args);
            open.add(fd);
            most = Math.max(most, open.size);
            return fd;
        };
        const closeSync = (fd: number) => {
            expect(open.delete(fd)).toBe(true);
            fs.closeSync(fd);
        };
        const host = { ...memory.host, fs: { ...fs, openSync, closeSync } };
        const args = ["--from", "/in", "-r", "-o", "/out.img"];
        const result = runProgram(mkchickadeefs, args, { ...memory, host });
        expect(result.stderr()).toBe("");
        expect(readImage(result.readFile("/out.img")).problems).toEqual([]);
        expect(most).toBeGreaterThan(10);
        expect(most).toBeLessThan(70);
        expect(open.size).toBe(0);
    });

    it("refuses a file whose size does not fit into 32 bits", () => {
        const memory = memoryHost({ files });
        const { fs } = memory.host;
        const fstatSync = (fd: number) =>
            Object.assign(Object.create(fs.fstatSync(fd)), { size: 2 ** 32 });
        const host = { ...memory.host, fs: { ...fs, fstatSync } as typeof fs };
        const args = ["-b", "0x200000", "/a.txt:a", "-o", "/out.img"];
        const result = runProgram(mkchickadeefs, args, { ...memory, host });
        expect(result.stderr()).toBe("/a.txt: file too large: 4294967296 bytes (max 4294967295)\n");
        expect(result.status).toBe(1);
    });
});

describe("random layouts", () => {
    const several = ["-b", "300", "/large:l", "/b.txt:b", "/tree/sub/b:c"];

    it("have three names in the command line and one meaning", () => {
        const expected = made([...several, "-r"]);
        expect(isSame(made([...several, "--random"]), expected)).toBe(true);
        expect(isSame(made([...several, "--randomize"]), expected)).toBe(true);
        expect(isSame(made([...several, "--ra"]), expected)).toBe(true);
        expect(isSame(made(several), expected)).toBe(false);
    });

    it("differ by seed and come again with the same one", () => {
        const images = [0, 1, 2, 2 ** 40 + 1].map((seed) =>
            made([...several, "--seed", String(seed)]),
        );
        for (const image of images) {
            const { problems, files: found } = readImage(image);
            expect(problems).toEqual([]);
            expect(isSame(found.get("l")?.content, files["/large"])).toBe(true);
            expect(found.get("l")?.extents.length).toBeGreaterThan(4);
        }
        expect(new Set(images.map((image) => text(image))).size).toBe(4);
        expect(isSame(made([...several, "-r", "--seed", "0x2"]), images[2])).toBe(true);
    });

    it("keep the first file in one piece where the first data block is given", () => {
        for (const layout of [["-r"], ["--seed", "5"]]) {
            const { problems, files: found } = readImage(made([...several, "-f", "16", ...layout]));
            expect(problems).toEqual([]);
            expect(found.get("l")?.extents).toEqual([{ first: 16, count: 25 }]);
        }
    });

    it("list the extents of a large file in as many blocks as it takes", () => {
        const huge = { "/huge": pattern(8_000_000) };
        for (const layout of [["-r"], ["--seed", "1"], ["--reference", "-r"]]) {
            const image = readImage(made(["-b", "4000", "/huge:h", ...layout], { files: huge }));
            expect(image.problems).toEqual([]);
            expect(isSame(image.files.get("h")?.content, huge["/huge"])).toBe(true);
            expect(image.files.get("h")?.extents.length).toBeGreaterThan(516);
        }
    });
});

describe("blocks behind the last multiple of eight", () => {
    // Data begins at block 3; the file has blocks 3-17 and the root directory 18, of 23.
    const args = ["-b", "23", "-i", "64", "/tail:t"];
    const tail = { "/tail": pattern(15 * 4096 - 1) };
    const freeBlocks = (image: Uint8Array) =>
        [15, 16, 17, 18, 19, 22, 23].filter((blockNo) => readImage(image).isMarkedFree(blockNo));

    it("are marked free only if they are", () => {
        expect(freeBlocks(made(args, { files: tail }))).toEqual([19, 22]);
    });

    it("are all marked free by the reference", () => {
        const image = made(["--reference", ...args], { files: tail });
        expect(freeBlocks(image)).toEqual([16, 17, 18, 19, 22]);
    });

    it("are, on a disk of seven blocks, all", () => {
        const image = made(["--reference", "-b", "7", "-i", "64", "/b.txt:b"]);
        const { problems } = readImage(image);
        expect(problems).toEqual([0, 1, 2, 3, 4].map((blockNo) => `block ${blockNo} is not free`));
    });

    it("move with a random layout, by the reference too", () => {
        const random = readImage(made([...args, "-r"], { files: tail }));
        expect(random.problems).toEqual([]);
        const reference = readImage(made(["--reference", ...args, "-r"], { files: tail }));
        // Three of the file's blocks, the block that lists its extents, and no root directory.
        expect(reference.problems.length).toBe(4);
        expect(reference.problems.every((problem) => / is not free$/.test(problem))).toBe(true);
    });
});
