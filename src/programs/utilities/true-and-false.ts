/** `true` and `false`: end, well and not so. */
import { program } from "../library/program.ts";

export const trueProgram = program("true", function* (user) {
    yield* user.exit(0);
});

export const falseProgram = program("false", function* (user) {
    yield* user.exit(1);
});
