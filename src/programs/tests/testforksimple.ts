/**
 * Two forks make four processes, each of which knows who it is; each says so in the screen's row
 * of its pid, by itself. The original then runs for ever; here all end.
 */
import { forkChild, reapAllChildren } from "../library/children.ts";
import { program } from "../library/program.ts";
import type { Steps } from "../library/steps.ts";
import { successColor, type User } from "../library/user.ts";

export const testforksimple = program("testforksimple", function* (user) {
    const first = yield* user.getpid();
    yield* user.assert(first > 0, "a pid is positive");
    const firstFork = yield* forkChild(user);
    const second = yield* user.getpid();
    yield* checkFork(user, first, firstFork, second);
    const secondFork = yield* forkChild(user);
    const third = yield* user.getpid();
    yield* checkFork(user, second, secondFork, third);
    const story = `${first} [${firstFork}] ${second} [${secondFork}] ${third}`;
    const line = `testforksimple ${story} succeeded!`;
    yield* user.consolePrint(third - 1, 0, line, successColor);
    yield* reapAllChildren(user);
});

/** In the child its pid is another; in the parent, whose is the same, fork gave the child's. */
function* checkFork(user: User, before: number, result: number, after: number): Steps {
    const isChild = result === 0;
    yield* user.assert(isChild ? after !== before : after === before, "who is who after fork");
    yield* user.assert(isChild || result !== before, "a child has a pid of its own");
}
