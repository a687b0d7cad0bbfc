/** `cat [FILE...]`: writes files, or what it reads, to standard output. */
import { OpenFlag } from "../../kernel/interface/constants.ts";
import { isError } from "../../kernel/interface/error-code.ts";
import { complain, writeAll } from "../library/output.ts";
import { program } from "../library/program.ts";
import type { Steps } from "../library/steps.ts";
import type { User } from "../library/user.ts";

const bufferBytes = 512;

export const cat = program("cat", function* (user) {
    const [, ...names] = yield* user.argv();
    if (names.length === 0) {
        return yield* copy(user, 0, "standard input");
    }
    let status = 0;
    for (const name of names) {
        const file = yield* user.open(name, OpenFlag.read);
        if (isError(file)) {
            status = yield* complain(user, name, file);
        } else {
            status = (yield* copy(user, file, name)) || status;
            yield* user.close(file);
        }
    }
    return status;
});

/** Returns the exit status. */
function* copy(user: User, file: number, name: string): Steps<number> {
    const { stackPointer } = user;
    const buffer = user.local(bufferBytes);
    let count = yield* user.read(file, buffer, bufferBytes);
    while (count > 0) {
        const result = yield* writeAll(user, 1, buffer, count);
        if (isError(result)) {
            return yield* complain(user, "standard output", result);
        }
        count = yield* user.read(file, buffer, bufferBytes);
    }
    user.stackPointer = stackPointer;
    return isError(count) ? yield* complain(user, name, count) : 0;
}
