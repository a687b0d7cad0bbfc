/**
 * The end of everything: four processes end after 0, 10, 100 and 1,300 ms, the first program
 * first; the machine goes on until the last one, and then switches off.
 */

import { forkChild } from "../library/children.ts";
import { program } from "../library/program.ts";

/** When the children end, and what they say. */
const children = [
    { milliseconds: 10, line: "1\n" },
    { milliseconds: 100, line: "2\n" },
    { milliseconds: 1300, line: "" },
];

export const testhalt = program("testhalt", function* (user) {
    for (const { milliseconds, line } of children) {
        const child = yield* forkChild(user);
        if (child === 0) {
            yield* user.msleep(milliseconds);
            yield* user.print(line);
            if (milliseconds === 100) {
                yield* user.print(
                    "testhalt succeeds if you see 0-2 above and the machine halts after a second\n",
                );
            }
            yield* user.exit(0);
        }
    }
    yield* user.print("0\n");
});
