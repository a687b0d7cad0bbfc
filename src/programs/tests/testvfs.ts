/**
 * Descriptors of the console: copied, closed, and put in each other's place. When all is well the
 * numbers from 0 to 10 come out in order.
 */
import { ErrorCode } from "../../kernel/interface/error-code.ts";
import { program } from "../library/program.ts";
import type { Steps } from "../library/steps.ts";
import type { User } from "../library/user.ts";

const { badDescriptor } = ErrorCode;

export const testvfs = program("testvfs", function* (user) {
    yield* say(user, 1, "0 ");
    yield* say(user, 2, "1 ");
    yield* user.check(yield* user.dup2(1, 3), 3, "dup2(1, 3)");
    yield* say(user, 3, "2 ");
    yield* user.check(yield* user.close(1), 0, "close(1)");
    yield* expectClosed(user, 1);
    yield* say(user, 3, "3 ");
    yield* say(user, 2, "4 ");
    yield* user.check(yield* user.close(4), badDescriptor, "close(4), which is closed");
    yield* user.check(yield* user.dup2(4, 3), badDescriptor, "dup2(4, 3), where 4 is closed");
    // 3 is as it was.
    yield* say(user, 3, "5 ");
    yield* expectClosed(user, -1);
    yield* user.check(yield* user.dup2(-1, 5), badDescriptor, "dup2(-1, 5)");
    yield* user.check(yield* user.dup2(2, -1), badDescriptor, "dup2(2, -1)");
    yield* user.check(yield* user.dup2(2, 1_000_000), badDescriptor, "dup2(2, 1000000)");
    yield* user.check(yield* user.dup2(3, 1), 1, "dup2(3, 1)");
    yield* say(user, 1, "6 ");
    yield* user.check(yield* user.dup2(2, 2), 2, "dup2(2, 2)");
    yield* say(user, 2, "7 ");
    yield* user.check(yield* user.close(3), 0, "close(3)");
    yield* expectClosed(user, 3);
    yield* say(user, 1, "8 ");
    yield* user.check(yield* user.dup2(2, 0), 0, "dup2(2, 0)");
    yield* say(user, 0, "9 ");
    yield* user.check(yield* user.close(2), 0, "close(2)");
    yield* say(user, 0, "10\n");
    yield* user.print("If you see 0-10 in sequence, testvfs succeeded.\n");
});

function* say(user: User, descriptor: number, text: string): Steps {
    const written = yield* user.writeText(descriptor, text);
    yield* user.check(written, text.length, `write to ${descriptor}`);
}

function* expectClosed(user: User, descriptor: number): Steps {
    const written = yield* user.writeText(descriptor, "x");
    yield* user.check(written, badDescriptor, `write to ${descriptor}, which is closed`);
}
