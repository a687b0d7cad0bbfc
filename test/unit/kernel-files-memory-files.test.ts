/** The memory file system: names, sharing, unlinking, and what happens when room runs out. */
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/user-error.ts";
import { MemoryFiles } from "../../src/kernel/files/memory-files.ts";
import { SystemCall } from "../../src/kernel/interface/system-call.ts";
import { PageAllocator } from "../../src/kernel/memory/page-allocator.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import { LockOrder } from "../../src/kernel/sync/lock-order.ts";
import { GuestMemory } from "../../src/machine/guest-memory.ts";
import type { User } from "../../src/programs/library/user.ts";
import { runFiles } from "../support/kernel-files-rig.ts";

const [read, write, create, truncate] = [1, 2, 4, 8];
const [eNoent, eBadf, eFault, eInval, eFbig, eNospc, eSpipe, eNametoolong] = [
    -2, -9, -14, -22, -27, -28, -29, -36,
];

const poem = "Roses are red\nviolets are blue\n";
const files = new Map([["poem.txt", new TextEncoder().encode(poem)]]);

/** Takes pages until `left` are free. */
function* usePages(user: User, left: number): Steps {
    let address = 0x40_0000;
    // A page table may be needed for the next page: those are counted, too.
    while ((yield* user.getusage()).freePages > left) {
        yield* user.check(yield* user.pageAlloc(address), 0, "page_alloc");
        address += 4096;
    }
}

function* rename(user: User, from: string, to: string): Steps<number> {
    const [fromAddress, toAddress] = [yield* user.localString(from), yield* user.localString(to)];
    return yield user.call(SystemCall.rename, fromAddress, toAddress);
}

describe("an open memory file", () => {
    it("has an offset of its own, which dup2 shares", () => {
        runFiles(
            function* (user) {
                const [one, other] = [
                    yield* user.open("poem.txt", read),
                    yield* user.open("poem.txt", read),
                ];
                expect([one, other]).toEqual([3, 4]);
                expect(yield* user.readText(one, 5)).toBe("Roses");
                expect(yield* user.readText(other, 3)).toBe("Ros");
                expect(yield* user.dup2(one, 7)).toBe(7);
                expect(yield* user.readText(7, 4)).toBe(" are");
                expect(yield* user.readText(one, 100)).toBe(" red\nviolets are blue\n");
                expect(yield* user.readText(7, 100)).toBe("");
            },
            { files },
        );
    });

    it("shows what others write to the file", () => {
        runFiles(
            function* (user) {
                const reader = yield* user.open("poem.txt", read);
                const writer = yield* user.open("poem.txt", write);
                yield* user.writeText(writer, "ROSES");
                expect(yield* user.readText(reader, 9)).toBe("ROSES are");
                expect(yield* user.lseek(writer, 0, 2)).toBe(poem.length);
                yield* user.writeText(writer, "and so on\n");
                expect(yield* user.lseek(reader, -10, 2)).toBe(poem.length);
                expect(yield* user.readText(reader, 100)).toBe("and so on\n");
            },
            { files },
        );
    });

    it("does what it was opened for", () => {
        runFiles(
            function* (user) {
                const [reader, writer, neither] = [
                    yield* user.open("poem.txt", read),
                    yield* user.open("poem.txt", write),
                    yield* user.open("poem.txt", 0),
                ];
                expect(yield* user.writeText(reader, "x")).toBe(eBadf);
                expect(yield* user.readText(writer, 1)).toBe(eBadf);
                expect(yield user.call(SystemCall.ftruncate, reader, 0)).toBe(eBadf);
                expect(yield* user.readText(neither, 1)).toBe(eBadf);
                expect(yield* user.lseek(neither, 3, 0)).toBe(3);
            },
            { files },
        );
    });

    it("is cut off by OF_TRUNC when it is opened for writing", () => {
        runFiles(
            function* (user) {
                yield* user.open("poem.txt", read | truncate);
                expect(yield* user.lseek(3, 0, 3)).toBe(poem.length);
                yield* user.open("poem.txt", write | truncate);
                expect(yield* user.lseek(3, 0, 3)).toBe(0);
            },
            { files },
        );
    });

    it("reads zeros where it was never written, after it shrank too", () => {
        runFiles(
            function* (user) {
                const file = yield* user.open("poem.txt", read | write);
                yield user.call(SystemCall.ftruncate, file, 3);
                yield user.call(SystemCall.ftruncate, file, 6);
                expect(yield* user.readText(file, 100)).toBe("Ros\0\0\0");
                yield* user.lseek(file, 8, 0);
                yield* user.writeText(file, "!");
                yield* user.lseek(file, 0, 0);
                expect(yield* user.readText(file, 100)).toBe("Ros\0\0\0\0\0!");
            },
            { files },
        );
    });

    it("keeps its bytes when it was unlinked, and its pages until it is closed", () => {
        runFiles(function* (user) {
            const { freePages } = yield* user.getusage();
            const file = yield* user.open("made", read | write | create);
            yield* user.writeText(file, "still here");
            expect(yield* user.unlink("made")).toBe(0);
            expect(yield* user.unlink("made")).toBe(eNoent);
            expect(yield* user.open("made", read)).toBe(eNoent);
            const another = yield* user.open("made", read | write | create);
            expect(yield* user.readText(another, 100)).toBe("");
            yield* user.lseek(file, 0, 0);
            expect(yield* user.readText(file, 100)).toBe("still here");
            expect((yield* user.getusage()).freePages).toBe(freePages - 1);
            yield* user.close(file);
            expect((yield* user.getusage()).freePages).toBe(freePages);
        });
    });

    it("takes nothing and gives nothing when the user's memory is not there", () => {
        const { kernel } = runFiles(
            function* (user) {
                const file = yield* user.open("poem.txt", read | write);
                expect(yield* user.read(file, 0x10_0000, 3)).toBe(eFault);
                expect(yield* user.readText(file, 5)).toBe("Roses");
                expect(yield* user.write(file, 0x30_0000 - 2, 3)).toBe(eFault);
                expect(yield* user.lseek(file, 0, 1)).toBe(5);
            },
            { files },
        );
        expect(kernel.files.pageCount).toBe(0);
    });
});

describe("the memory file system", () => {
    it("opens the lowest free descriptor from 3 on", () => {
        runFiles(function* (user) {
            expect(yield* user.open("main", read)).toBe(3);
            expect(yield* user.open("main", read)).toBe(4);
            yield* user.close(3);
            expect(yield* user.open("main", read)).toBe(3);
            yield* user.close(0);
            expect(yield* user.open("main", read)).toBe(0);
        });
    });

    it("takes names of 1 to 63 bytes, which are in no directory", () => {
        runFiles(function* (user) {
            expect(yield* user.open("n".repeat(63), create)).toBe(3);
            expect(yield* user.open("n".repeat(64), create)).toBe(eNametoolong);
            expect(yield* user.open("", create)).toBe(eNoent);
            expect(yield* user.open("a/b", create)).toBe(eNoent);
            expect(yield* user.open("two\nlines", create)).toBe(eNoent);
            expect(yield* rename(user, "n".repeat(63), "a/b")).toBe(eInval);
            expect(yield* rename(user, "nosuch", "b")).toBe(eNoent);
        });
    });

    it("reads a path that ends with its page, and none that goes on where nothing is", () => {
        runFiles(function* (user) {
            yield* user.pageAlloc(0x50_0000);
            yield* user.storeBytes(0x50_0ffb, "main\0");
            expect(yield user.call(SystemCall.open, 0x50_0ffb, read)).toBe(3);
            yield* user.storeBytes(0x50_0ffb, "mains");
            expect(yield user.call(SystemCall.open, 0x50_0ffb, read)).toBe(eFault);
            for (const address of [0, -4096, 2 ** 47, 2 ** 64, Number.NaN, 0x1000]) {
                expect(yield user.call(SystemCall.open, address, read)).toBe(eFault);
                expect(yield user.call(SystemCall.unlink, address)).toBe(eFault);
                expect(yield user.call(SystemCall.rename, 0x50_0ffb, address)).toBe(eFault);
            }
        });
    });

    it("gives a file another name, also one that another file had", () => {
        runFiles(
            function* (user) {
                const made = yield* user.open("made", read | write | create);
                yield* user.writeText(made, "new");
                expect(yield* rename(user, "made", "poem.txt")).toBe(0);
                expect(yield* user.open("made", read)).toBe(eNoent);
                const poemNow = yield* user.open("poem.txt", read);
                expect(yield* user.readText(poemNow, 100)).toBe("new");
                expect(yield* rename(user, "poem.txt", "poem.txt")).toBe(0);
            },
            { files },
        );
    });

    it("lists its names in their order, as many as fit", () => {
        runFiles(
            function* (user) {
                yield* user.open("a", create);
                const buffer = user.local(100);
                expect(yield user.call(SystemCall.listFiles, buffer, 100)).toBe(16);
                expect(yield* user.loadBytes(buffer, 16)).toBe("a\nmain\npoem.txt\n");
                expect(yield user.call(SystemCall.listFiles, buffer, 15)).toBe(7);
                expect(yield user.call(SystemCall.listFiles, 0, 0)).toBe(0);
                expect(yield user.call(SystemCall.listFiles, 0x30_0000 - 2, 3)).toBe(eFault);
            },
            { files },
        );
    });

    it("has room for 64 names", () => {
        runFiles(function* (user) {
            for (let count = 1; count < 64; count++) {
                yield* user.check(yield* user.open(`file${count}`, create), 3, "open");
                yield* user.check(yield* user.close(3), 0, "close");
            }
            expect(yield* user.open("one more", create)).toBe(eNospc);
            yield* user.unlink("file7");
            expect(yield* user.open("one more", create)).toBe(3);
        });
    });

    it("has files of up to 1 MiB", () => {
        runFiles(
            function* (user) {
                const file = yield* user.open("made", read | write | create);
                expect(yield user.call(SystemCall.ftruncate, file, 2 ** 20 + 1)).toBe(eFbig);
                expect(yield user.call(SystemCall.ftruncate, file, 2 ** 20)).toBe(0);
                expect(yield user.call(SystemCall.ftruncate, file, -1)).toBe(eInval);
                yield* user.lseek(file, -3, 2);
                expect(yield* user.writeText(file, "abcdef")).toBe(3);
                expect(yield* user.writeText(file, "def")).toBe(eFbig);
                yield* user.unlink("made");
            },
            { memoryBytes: 4 * 2 ** 20 },
        );
    });

    it("writes what there are pages for, and leaves the file as it was when there is none", () => {
        const run = runFiles(function* (user) {
            const buffer = user.heap + 4096;
            yield* user.pageAlloc(buffer);
            yield* user.pageAlloc(buffer + 4096);
            const file = yield* user.open("made", read | write | create);
            yield* user.writeText(file, "begun");
            yield* usePages(user, 1);
            expect(yield* user.write(file, buffer, 8192)).toBe(8192 - 5);
            expect(yield* user.write(file, buffer, 10)).toBe(eNospc);
            expect(yield user.call(SystemCall.ftruncate, file, 10_000)).toBe(eNospc);
            expect(yield* user.lseek(file, 0, 3)).toBe(8192);
            yield* user.lseek(file, 100_000, 0);
            expect(yield* user.write(file, buffer, 1)).toBe(eNospc);
            expect(yield* user.lseek(file, 0, 3)).toBe(8192);
        });
        expect(run.kernel.files.pageCount).toBe(2);
    });

    it("refuses to be installed in memory that is too small for it, and says so", () => {
        const order = new LockOrder(1);
        const pages = new PageAllocator(order, []);
        const large = new MemoryFiles({ order, pages }, new Map([["f", new Uint8Array(70_000)]]));
        expect(large.imageEnd).toBe(0x10_0000 + 18 * 4096);
        expect(() => large.install(new GuestMemory(0x11_0000))).toThrow(
            new UserError(
                "the kernel's files need memory up to 1122304 bytes, and the machine has " +
                    "1114112; give it more",
            ),
        );
    });
});

describe("calls that have nothing to do yet", () => {
    it("say so: streams have no offset and no size, and there is no disk", () => {
        runFiles(function* (user) {
            const [readEnd, writeEnd] = yield* user.pipe();
            for (const stream of [0, readEnd, writeEnd]) {
                expect(yield* user.lseek(stream, 0, 0)).toBe(eSpipe);
            }
            expect(yield user.call(SystemCall.ftruncate, writeEnd, 0)).toBe(eInval);
            expect(yield* user.lseek(99, 0, 0)).toBe(eBadf);
            const file = yield* user.open("main", read);
            expect(yield* user.lseek(file, 0, 4)).toBe(eInval);
            expect(yield* user.lseek(file, -1, 0)).toBe(eInval);
            expect(yield* user.lseek(file, 2 ** 62, 0)).toBe(eInval);
            expect(yield user.call(SystemCall.readdiskfile, 0, 0, 0, 0)).toBe(-5);
            expect(yield user.call(SystemCall.sync, 2)).toBe(0);
            expect(yield user.call(SystemCall.mkdir, 0)).toBe(-38);
            expect(yield user.call(SystemCall.rmdir, 0)).toBe(-38);
        });
    });
});
