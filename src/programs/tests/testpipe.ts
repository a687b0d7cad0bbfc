/**
 * Pipes: numbers of descriptors, partial reads, directions, inheritance by fork, blocking, the end
 * of the file, writers without readers, ends closed by exit; and readers and writers that race.
 */
import { maxDescriptors, OpenFlag } from "../../kernel/interface/constants.ts";
import { ErrorCode } from "../../kernel/interface/error-code.ts";
import { forkChild, reapChild } from "../library/children.ts";
import { program } from "../library/program.ts";
import type { Steps } from "../library/steps.ts";
import type { User } from "../library/user.ts";

const { badDescriptor, brokenPipe, tooManyDescriptors } = ErrorCode;

/** Bytes that go through a pipe one by one, each answered before the next. */
const echoedBytes = 12;
/** More than a pipe holds. */
const longLength = 10_000;

export const testpipe = program("testpipe", function* (user) {
    yield* raceForEachByte(user);
    yield* readsAndWrites(user);
    yield* readerWaitsForWriter(user);
    yield* readerSeesTheEnd(user);
    yield* writerWithoutReader(user);
    yield* exitClosesEnds(user);
    yield* longWriteGoesInPieces(user);
    yield* descriptorsRunOut(user);
    yield* user.printSuccess("testpipe succeeded!");
});

/** Two processes, no sleeps, each byte waited for: a wakeup that is lost leaves both waiting. */
function* raceForEachByte(user: User): Steps {
    const [requestEnd, requests] = yield* makePipe(user);
    const [answerEnd, answers] = yield* makePipe(user);
    const child = yield* forkChild(user);
    if (child === 0) {
        yield* user.close(requests);
        for (;;) {
            const byte = yield* user.readText(requestEnd, 1);
            if (typeof byte === "number" || byte === "") {
                yield* user.check(byte, "", "end of requests");
                yield* user.exit(0);
            } else {
                yield* user.check(yield* user.writeText(answers, byte), 1, "write of an answer");
            }
        }
    }
    for (let index = 0; index < echoedBytes; index++) {
        const byte = String.fromCharCode(97 + index);
        yield* user.check(yield* user.writeText(requests, byte), 1, "write of a request");
        yield* user.check(yield* user.readText(answerEnd, 1), byte, "answer");
    }
    yield* closeAll(user, [requestEnd, requests, answerEnd, answers]);
    yield* reapChild(user, child);
}

function* readsAndWrites(user: User): Steps {
    const [readEnd, writeEnd] = yield* makePipe(user);
    yield* user.assert(readEnd > 2 && writeEnd > 2, "descriptors of a pipe are above 2");
    yield* user.assert(readEnd !== writeEnd, "a pipe's two descriptors differ");
    yield* user.check(yield* user.writeText(readEnd, "x"), badDescriptor, "write to the read end");
    yield* user.check(yield* user.readText(writeEnd, 1), badDescriptor, "read of the write end");

    yield* user.check(yield* user.writeText(writeEnd, "hello"), 5, "write of 5 bytes");
    yield* user.check(yield* user.readText(readEnd, 2), "he", "read of 2 bytes");
    yield* user.check(yield* user.writeText(writeEnd, " you"), 4, "write of 4 bytes");
    yield* user.check(yield* user.readText(readEnd, 0), "", "read of nothing");
    yield* user.check(yield* user.readText(readEnd, 100), "llo you", "read of what there is");

    yield* user.check(yield* user.close(readEnd), 0, "close of the read end");
    yield* user.check(yield* user.close(readEnd), badDescriptor, "close of the read end again");
    yield* user.check(yield* user.close(writeEnd), 0, "close of the write end");
    yield* user.check(yield* user.close(writeEnd), badDescriptor, "close of the write end again");
}

/** The parent reads before the child writes: the child sleeps first. */
function* readerWaitsForWriter(user: User): Steps {
    const [readEnd, writeEnd] = yield* makePipe(user);
    const child = yield* forkChild(user);
    if (child === 0) {
        yield* user.msleep(100);
        yield* user.check(yield* user.writeText(writeEnd, "late"), 4, "write by the child");
        yield* user.exit(0);
    }
    yield* user.check(yield* user.readText(readEnd, 10), "late", "read that waits");
    yield* closeAll(user, [readEnd, writeEnd]);
    yield* reapChild(user, child);
}

/** Reading ends when the last descriptor of the other end is closed, and not before. */
function* readerSeesTheEnd(user: User): Steps {
    const [readEnd, writeEnd] = yield* makePipe(user);
    const child = yield* forkChild(user);
    if (child === 0) {
        yield* user.msleep(100);
        yield* user.check(yield* user.writeText(writeEnd, "last"), 4, "write by the child");
        yield* user.msleep(200);
        yield* closeAll(user, [writeEnd]);
        yield* user.msleep(100);
        yield* user.exit(0);
    }
    yield* closeAll(user, [writeEnd]);
    yield* user.check(yield* user.readText(readEnd, 10), "last", "read before the end");
    yield* user.check(yield* user.readText(readEnd, 10), "", "read at the end");
    yield* user.check(
        (yield* user.waitpidNoHang(child)).pid,
        ErrorCode.tryAgain,
        "waitpid of the child that closed its end and lives",
    );
    yield* closeAll(user, [readEnd]);
    yield* reapChild(user, child);
}

function* writerWithoutReader(user: User): Steps {
    const [readEnd, writeEnd] = yield* makePipe(user);
    yield* user.check(yield* user.writeText(writeEnd, "lost"), 4, "write that nobody will read");
    yield* closeAll(user, [readEnd]);
    yield* user.check(yield* user.writeText(writeEnd, "x"), brokenPipe, "write without a reader");
    yield* closeAll(user, [writeEnd]);
}

/** A child's exit closes its ends: it holds the only reader, and then the only writer. */
function* exitClosesEnds(user: User): Steps {
    const [readEnd, writeEnd] = yield* makePipe(user);
    const reader = yield* forkChild(user);
    if (reader === 0) {
        yield* user.check(yield* user.readText(readEnd, 1), "x", "read by the child");
        yield* user.exit(0);
    }
    yield* closeAll(user, [readEnd]);
    yield* user.check(yield* user.writeText(writeEnd, "x"), 1, "write to the child");
    yield* reapChild(user, reader);
    yield* user.check(yield* user.writeText(writeEnd, "y"), brokenPipe, "write after its exit");
    yield* closeAll(user, [writeEnd]);

    const [secondReadEnd, secondWriteEnd] = yield* makePipe(user);
    const writer = yield* forkChild(user);
    if (writer === 0) {
        yield* user.exit(0);
    }
    yield* closeAll(user, [secondWriteEnd]);
    yield* user.check(yield* user.readText(secondReadEnd, 1), "", "read after the writer's exit");
    yield* closeAll(user, [secondReadEnd]);
    yield* reapChild(user, writer);
}

/** A writer that has more than the pipe holds waits for the reader; all bytes come, in order. */
function* longWriteGoesInPieces(user: User): Steps {
    const [readEnd, writeEnd] = yield* makePipe(user);
    const child = yield* forkChild(user);
    if (child === 0) {
        yield* closeAll(user, [readEnd]);
        // The first page of the heap on holds the text.
        for (let page = 0; page < longLength; page += 4096) {
            yield* user.check(yield* user.pageAlloc(user.heap + page), 0, "page_alloc");
        }
        yield* user.storeBytes(user.heap, longText());
        let written = 0;
        while (written < longLength) {
            const count = yield* user.write(writeEnd, user.heap + written, longLength - written);
            written += yield* user.succeed(count, "write of many bytes");
        }
        yield* user.exit(0);
    }
    yield* closeAll(user, [writeEnd]);
    let text = "";
    for (;;) {
        const piece = yield* user.readText(readEnd, 1000);
        if (typeof piece === "number" || piece === "") {
            yield* user.check(piece, "", "end of many bytes");
            break;
        }
        text += piece;
    }
    yield* user.check(text.length, longLength, "count of the bytes read");
    yield* user.assert(text === longText(), "bytes come out in the order in which they went in");
    yield* closeAll(user, [readEnd]);
    yield* reapChild(user, child);
}

/** A pipe needs two descriptors: with one free there is none, and the one stays free. */
function* descriptorsRunOut(user: User): Steps {
    const last = maxDescriptors - 1;
    const taken: number[] = [];
    for (let descriptor = 3; descriptor < last; descriptor++) {
        yield* user.check(yield* user.dup2(0, descriptor), descriptor, "dup2");
        taken.push(descriptor);
    }
    const [result] = yield* user.pipe();
    yield* user.check(result, tooManyDescriptors, "pipe with one descriptor free");
    const file = yield* user.open("emerson.txt", OpenFlag.read);
    yield* user.check(file, last, "open with one descriptor free");
    yield* closeAll(user, [...taken, last]);
}

function longText(): string {
    const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789-";
    return alphabet.repeat(Math.ceil(longLength / alphabet.length)).slice(0, longLength);
}

function* makePipe(user: User): Steps<readonly [number, number]> {
    const ends = yield* user.pipe();
    yield* user.succeed(ends[0], "pipe");
    return ends;
}

function* closeAll(user: User, descriptors: readonly number[]): Steps {
    for (const descriptor of descriptors) {
        yield* user.check(yield* user.close(descriptor), 0, `close of ${descriptor}`);
    }
}
