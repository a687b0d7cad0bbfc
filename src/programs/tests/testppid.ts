/**
 * Parents: children know theirs, and get init, process 1, when it ends.
 *
 * It is init's child itself, so it must be the program that is booted. Where the original sleeps
 * and hopes, pipes and waitpid say here that something has happened.
 */
import { forkChild, reapChild } from "../library/children.ts";
import { program } from "../library/program.ts";
import type { Steps } from "../library/steps.ts";
import type { User } from "../library/user.ts";

const init = 1;
const maxPolls = 50;

export const testppid = program("testppid", function* (user) {
    if ((yield* user.getppid()) !== init) {
        yield* user.print("testppid: it must be the first program, for its parent is to be init\n");
        return 1;
    }
    yield* withoutExit(user);
    yield* user.printSuccess("ppid tests without exit succeeded!");
    yield* orphanOfReapedParent(user);
    yield* orphanOfZombie(user);
    yield* user.printSuccess("ppid tests with exit succeeded!");
    yield* user.printSuccess("testppid succeeded!");
    return 0;
});

/** A chain of three generations, and two children of one parent. */
function* withoutExit(user: User): Steps {
    const me = yield* user.getpid();
    const child = yield* forkChild(user);
    if (child === 0) {
        yield* user.check(yield* user.getppid(), me, "parent of the child");
        const childPid = yield* user.getpid();
        const grandchild = yield* forkChild(user);
        if (grandchild === 0) {
            yield* user.check(yield* user.getppid(), childPid, "parent of the grandchild");
            yield* user.exit(0);
        }
        yield* reapChild(user, grandchild);
        yield* user.check(yield* user.getppid(), me, "parent of the child, later");
        yield* user.exit(0);
    }
    const sibling = yield* forkChild(user);
    if (sibling === 0) {
        yield* user.check(yield* user.getppid(), me, "parent of the second child");
        yield* user.exit(0);
    }
    yield* reapChild(user, sibling);
    yield* reapChild(user, child);
    yield* user.check(yield* user.getppid(), init, "parent of the first program");
}

/** A grandchild looks after its parent was waited for: that happened before. */
function* orphanOfReapedParent(user: User): Steps {
    const [goEnd, go] = yield* user.pipe();
    const [answerEnd, answer] = yield* user.pipe();
    yield* user.succeed(answerEnd, "pipe");
    const child = yield* forkChild(user);
    if (child === 0) {
        const childPid = yield* user.getpid();
        const grandchild = yield* forkChild(user);
        if (grandchild === 0) {
            const before = yield* user.getppid();
            const isFirst = before === childPid || before === init;
            yield* user.assert(isFirst, "an orphan's parent is its own or init");
            yield* user.readText(goEnd, 1);
            yield* user.writeText(answer, `${yield* user.getppid()}`);
            yield* user.exit(0);
        }
        yield* user.exit(0);
    }
    yield* reapChild(user, child);
    yield* user.writeText(go, "x");
    const answered = yield* user.readText(answerEnd, 10);
    yield* user.check(answered, `${init}`, "parent of an orphan");
    for (const end of [goEnd, go, answerEnd, answer]) {
        yield* user.check(yield* user.close(end), 0, "close");
    }
}

/** Nobody waits for the child yet; it is its end that makes the grandchild init's. */
function* orphanOfZombie(user: User): Steps {
    const [doneEnd, done] = yield* user.pipe();
    yield* user.succeed(doneEnd, "pipe");
    const child = yield* forkChild(user);
    if (child === 0) {
        const childPid = yield* user.getpid();
        const grandchild = yield* forkChild(user);
        if (grandchild === 0) {
            let parent = yield* user.getppid();
            for (let poll = 0; parent === childPid && poll < maxPolls; poll++) {
                yield* user.msleep(10);
                parent = yield* user.getppid();
            }
            yield* user.check(parent, init, "parent after the end of the parent");
            yield* user.exit(0);
        }
        yield* user.msleep(50);
        yield* user.exit(0);
    }
    yield* user.check(yield* user.close(done), 0, "close of the write end");
    // The end of the pipe is the end of both.
    yield* user.check(yield* user.readText(doneEnd, 1), "", "end of the grandchild");
    yield* user.check(yield* user.close(doneEnd), 0, "close of the read end");
    yield* reapChild(user, child);
}
