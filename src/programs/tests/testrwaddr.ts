/** Addresses that read and write may be given, and may not. It reads the keyboard, twice. */
import { ErrorCode } from "../../kernel/interface/error-code.ts";
import { program } from "../library/program.ts";
import type { Steps } from "../library/steps.ts";
import { pageBytes, type User } from "../library/user.ts";

const { badAddress } = ErrorCode;

/** The last page of user addresses. */
const lastPage = 2 ** 47 - pageBytes;

export const testrwaddr = program("testrwaddr", function* (user) {
    yield* badWrites(user);
    yield* user.print("Type a few characters and press return:\n");
    yield* badReads(user);
    const buffer = user.local(64);
    const first = yield* user.read(0, buffer, 64);
    yield* user.assert(first > 0 && first <= 64, "a line was read");
    yield* endOfLastPage(user);
    yield* user.printSuccess("testrwaddr succeeded!");
});

/** Nothing of a range is written when any of it is no user's. */
function* badWrites(user: User): Steps {
    const { stackPointer } = user;
    for (const [address, byteLength, what] of [
        [stackPointer, -1, "of 2^64 - 1 bytes"],
        [10, 1, "at address 10"],
        [stackPointer, 16_384, "beyond the stack"],
        [2 ** 47 - 1, 2, "across the end of user addresses"],
        [-4096, 16, "at an address of the kernel"],
    ] as const) {
        yield* user.check(yield* user.write(1, address, byteLength), badAddress, `write ${what}`);
    }
    for (const address of [0x4000_0000, 0x8000_0000_0000, 0]) {
        const what = `write of nothing at 0x${address.toString(16)}`;
        yield* user.check(yield* user.write(1, address, 0), 0, what);
    }
}

/** The range is looked at before anybody waits for a key. */
function* badReads(user: User): Steps {
    const { stackPointer } = user;
    for (const [address, byteLength, what] of [
        [stackPointer, -1, "of 2^64 - 1 bytes"],
        [10, 1, "at address 10"],
        [stackPointer, 16_384, "beyond the stack"],
    ] as const) {
        yield* user.check(yield* user.read(0, address, byteLength), badAddress, `read ${what}`);
    }
    for (const address of [0x4000_0000, 0x8000_0000_0000]) {
        const what = `read of nothing at 0x${address.toString(16)}`;
        yield* user.check(yield* user.read(0, address, 0), 0, what);
    }
}

/** The last page is a user's as any other, to its last byte and no further. */
function* endOfLastPage(user: User): Steps {
    yield* user.check(yield* user.pageAlloc(lastPage), 0, "page_alloc of the last page");
    yield* user.print("Now type another few characters and press return:\n");
    const buffer = lastPage + pageBytes - 64;
    const beyond = yield* user.read(0, buffer, 65);
    yield* user.check(beyond, badAddress, "read beyond the last page");
    const count = yield* user.read(0, buffer, 64);
    yield* user.assert(count > 0 && count <= 64, "a line was read into the last page");
    yield* user.check(yield* user.write(1, buffer, 65), badAddress, "write beyond the last page");
    yield* user.check(yield* user.write(1, buffer, count), count, "write from the last page");
    yield* user.storeBytes(lastPage + pageBytes - 4, "end\n");
    const end = yield* user.write(1, lastPage + pageBytes - 4, 4);
    yield* user.check(end, 4, "write of the last bytes");
}
