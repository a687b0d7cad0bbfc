/**
 * Files of the memory file system: offsets of their own and shared ones, ends, bad paths; and a
 * file that is made, written, seen by others and removed.
 */
import { OpenFlag, SeekOrigin } from "../../kernel/interface/constants.ts";
import { ErrorCode } from "../../kernel/interface/error-code.ts";
import { SystemCall } from "../../kernel/interface/system-call.ts";
import { emersonText } from "../files/texts.ts";
import { program } from "../library/program.ts";
import type { Steps } from "../library/steps.ts";
import { pageBytes, type User } from "../library/user.ts";

const { badAddress, badDescriptor, noEntry } = ErrorCode;

export const testmemfs = program("testmemfs", function* (user) {
    yield* readsAtOffsets(user);
    yield* badPaths(user);
    yield* createdFile(user);
    yield* removedFile(user);
    yield* user.printSuccess("testmemfs succeeded!");
});

/** Every open has an offset, which its duplicates share. */
function* readsAtOffsets(user: User): Steps {
    const first = yield* openFile(user, "emerson.txt", OpenFlag.read);
    const second = yield* openFile(user, "emerson.txt", OpenFlag.read);
    yield* user.assert(first > 2 && second > 2 && first !== second, "descriptors are new ones");
    yield* expectRead(user, first, 20, emersonText.slice(0, 20));
    yield* expectRead(user, second, 10, emersonText.slice(0, 10));
    yield* expectRead(user, first, 5, emersonText.slice(20, 25));
    const copy = yield* user.succeed(yield* user.dup2(second, 10), "dup2");
    yield* expectRead(user, copy, 10, emersonText.slice(10, 20));
    yield* expectRead(user, second, 10, emersonText.slice(20, 30));
    yield* user.check(yield* user.writeText(first, "x"), badDescriptor, "write to a file to read");

    yield* user.check(yield* user.close(second), 0, "close");
    yield* user.check(yield* user.readText(second, 1), badDescriptor, "read after close");
    yield* expectRead(user, copy, 200, emersonText.slice(30));
    yield* expectRead(user, copy, 200, "");
    const size = yield* user.lseek(first, 0, SeekOrigin.size);
    yield* user.check(size, 130, "size of emerson.txt");
    yield* user.check(yield* user.lseek(first, 125, SeekOrigin.set), 125, "lseek to 125");
    yield* expectRead(user, first, 200, emersonText.slice(125));
    yield* user.check(yield* user.close(first), 0, "close");
    yield* user.check(yield* user.close(copy), 0, "close of the duplicate");
    yield* user.check(yield* user.close(copy), badDescriptor, "close again");
}

function* badPaths(user: User): Steps {
    const missing = yield* user.open("no-such-file", OpenFlag.read);
    yield* user.check(missing, noEntry, "open of a file that is not there");
    const noPath = yield user.call(SystemCall.open, 0, OpenFlag.read);
    yield* user.check(noPath, badAddress, "open of no path");

    // A path up to the end of the last page: with its NUL, and without.
    yield* user.check(yield* user.pageAlloc(user.heap), 0, "page_alloc");
    const end = user.heap + pageBytes;
    const path = "emerson.txt";
    yield* user.storeBytes(end - path.length, path);
    const unended = yield user.call(SystemCall.open, end - path.length, OpenFlag.read);
    yield* user.check(unended, badAddress, "open of a path without end");
    yield* user.storeBytes(end - path.length - 1, `${path}\0`);
    const file = yield user.call(SystemCall.open, end - path.length - 1, OpenFlag.read);
    yield* user.succeed(file, "open of a path at the end of a page");
    yield* user.check(yield* user.close(file), 0, "close");
}

/** A file that is made; what one descriptor writes, others read. */
function* createdFile(user: User): Steps {
    const file = yield* openFile(user, "test.txt", OpenFlag.write | OpenFlag.create);
    const reader = yield* openFile(user, "test.txt", OpenFlag.read);
    yield* expectRead(user, reader, 10, "");
    yield* user.check(yield* user.writeText(file, "JAMES"), 5, "write of 5 bytes");
    yield* expectRead(user, reader, 10, "JAMES");
    yield* user.check(yield* user.writeText(file, " BOND"), 5, "write of 5 more");
    yield* expectRead(user, reader, 3, " BO");
    yield* user.check(yield* user.readText(file, 1), badDescriptor, "read of a file to write");
    yield* user.check(yield* user.close(file), 0, "close");
    yield* expectRead(user, reader, 10, "ND");
    yield* user.check(yield* user.close(reader), 0, "close");

    const truncated = yield* openFile(user, "test.txt", OpenFlag.write | OpenFlag.truncate);
    yield* user.check(yield* user.lseek(truncated, 0, SeekOrigin.size), 0, "size after truncate");
    yield* user.check(yield* user.close(truncated), 0, "close");
}

/** A file without a name is there until nobody has it open. */
function* removedFile(user: User): Steps {
    const file = yield* openFile(user, "test.txt", OpenFlag.read | OpenFlag.write);
    yield* user.check(yield* user.writeText(file, "gone"), 4, "write");
    yield* user.check(yield* user.unlink("test.txt"), 0, "unlink");
    yield* user.check(yield* user.unlink("test.txt"), noEntry, "unlink again");
    const again = yield* user.open("test.txt", OpenFlag.read);
    yield* user.check(again, noEntry, "open after unlink");
    yield* user.check(yield* user.lseek(file, 0, SeekOrigin.set), 0, "lseek to 0");
    yield* expectRead(user, file, 10, "gone");
    yield* user.check(yield* user.close(file), 0, "close");
}

function* openFile(user: User, path: string, flags: number): Steps<number> {
    return yield* user.succeed(yield* user.open(path, flags), `open of ${path}`);
}

function* expectRead(user: User, file: number, byteLength: number, expected: string): Steps {
    const text = yield* user.readText(file, byteLength);
    yield* user.check(text, expected, `read of ${byteLength} bytes`);
}
