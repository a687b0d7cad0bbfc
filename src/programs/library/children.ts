/** Children: forks that must succeed, and children that must end well. */
import { ErrorCode } from "../../kernel/interface/error-code.ts";
import type { Steps } from "./steps.ts";
import type { User } from "./user.ts";

/** `fork`, which must succeed: the child's pid, or 0 in the child. */
export function* forkChild(user: User): Steps<number> {
    return yield* user.succeed(yield* user.fork(), "fork");
}

/** Waits for a child, which must end with `status`. */
export function* reapChild(user: User, child: number, status = 0): Steps {
    const ended = yield* user.waitpid(child);
    yield* user.check(ended.pid, child, "waitpid");
    yield* user.check(ended.status, status, `status of child ${child}`);
}

/** Waits for all children, which must end with status 0. */
export function* reapAllChildren(user: User): Steps {
    let ended = yield* user.waitpid(0);
    while (ended.pid > 0) {
        yield* user.check(ended.status, 0, `status of child ${ended.pid}`);
        ended = yield* user.waitpid(0);
    }
    yield* user.check(ended.pid, ErrorCode.noChild, "waitpid without children");
}

/** There is no child left. */
export function* expectNoChild(user: User): Steps {
    const { pid } = yield* user.waitpid(0);
    yield* user.check(pid, ErrorCode.noChild, "waitpid without children");
}
