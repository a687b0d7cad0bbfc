/**
 * Orphans: eight times, a child makes ten grandchildren and ends; init must reap them, or there
 * would soon be no number left for another process.
 */
import { forkChild, reapChild } from "../library/children.ts";
import { program } from "../library/program.ts";

const roundCount = 8;
const grandchildCount = 10;

export const testzombie = program("testzombie", function* (user) {
    for (let round = 1; round <= roundCount; round++) {
        yield* user.print(`making zombies, round ${round}...\n`);
        const child = yield* forkChild(user);
        if (child === 0) {
            for (let index = 0; index < grandchildCount; index++) {
                const grandchild = yield* forkChild(user);
                if (grandchild === 0) {
                    yield* user.msleep(100 + 10 * index);
                    yield* user.exit(0);
                }
            }
            yield* user.exit(0);
        }
        yield* reapChild(user, child);
        yield* user.check(yield* user.msleep(250), 0, "msleep");
        yield* user.print("zombies hopefully being reaped\n");
    }
    yield* user.printSuccess("testzombie succeeded!");
});
