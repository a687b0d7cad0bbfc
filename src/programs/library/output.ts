/** Writing all of something, however little a `write` takes, and saying what went wrong. */
import { errorName, isError } from "../../kernel/interface/error-code.ts";
import type { Steps } from "./steps.ts";
import type { User } from "./user.ts";

/** Returns 0, or the error of the `write` that failed. */
export function* writeAll(
    user: User,
    descriptor: number,
    address: number,
    byteLength: number,
): Steps<number> {
    let written = 0;
    while (written < byteLength) {
        const count = yield* user.write(descriptor, address + written, byteLength - written);
        if (isError(count)) {
            return count;
        }
        written += count;
    }
    return 0;
}

/** Says on standard error what `what` came to. Returns 1, an exit status. */
export function* complain(user: User, what: string, code: number): Steps<number> {
    yield* user.writeText(2, `${user.name}: ${what}: ${errorName(code)}\n`);
    return 1;
}
