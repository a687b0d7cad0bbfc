/**
 * Sleeping: eight processes, made by three forks, sleep 100 to 800 ms and print their numbers.
 *
 * Lines must come in order: each process also writes its number to a pipe, which the first reads.
 * A child sleeps longer than its parent, for its end would wake its parent.
 */

import { forkChild, reapAllChildren } from "../library/children.ts";
import { program } from "../library/program.ts";

const forkCount = 3;
const processCount = 2 ** forkCount;

export const testmsleep = program("testmsleep", function* (user) {
    const [readEnd, writeEnd] = yield* user.pipe();
    yield* user.succeed(readEnd, "pipe");
    let order = 1;
    for (let fork = 0; fork < forkCount; fork++) {
        if ((yield* forkChild(user)) === 0) {
            order += 2 ** fork;
        }
    }
    yield* user.check(yield* user.msleep(100 * order), 0, "msleep");
    yield* user.print(`${order} [pid ${yield* user.getpid()}]\n`);
    yield* user.check(yield* user.writeText(writeEnd, `${order}`), 1, "write to the pipe");
    if (order === 1) {
        yield* user.check(yield* user.close(writeEnd), 0, "close of the write end");
        for (let next = 1; next <= processCount; next++) {
            yield* user.check(yield* user.readText(readEnd, 1), `${next}`, "number of a line");
        }
        yield* user.check(yield* user.readText(readEnd, 1), "", "end of the numbers");
    }
    yield* reapAllChildren(user);
    if (order === 1) {
        yield* user.print("You should see lines numbered 1-8 in order.\n");
        yield* user.printSuccess("testmsleep succeeded!");
    }
});
