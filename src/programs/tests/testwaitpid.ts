/**
 * waitpid, in four rounds of eight children: any child or one after the other, and waiting or
 * asking again and again (W_NOHANG); here the asker sleeps a tick between.
 */
import { WaitOption } from "../../kernel/interface/constants.ts";
import { ErrorCode } from "../../kernel/interface/error-code.ts";
import { expectNoChild, forkChild } from "../library/children.ts";
import { program } from "../library/program.ts";
import type { Steps } from "../library/steps.ts";
import type { WaitedChild } from "../library/system-calls.ts";
import type { User } from "../library/user.ts";

/** By child: which to end it is, each 100 ms after the one before. */
const orders = [3, 1, 5, 8, 2, 6, 4, 7];

/** A child of a round. */
interface Child {
    readonly pid: number;
    readonly order: number;
}

export const testwaitpid = program("testwaitpid", function* (user) {
    yield* expectNoChild(user);
    yield* badArguments(user);
    yield* anyChild(user, WaitOption.noHang);
    yield* user.printSuccess("waitpid(0, W_NOHANG) tests succeeded!");
    yield* eachChild(user, WaitOption.noHang);
    yield* user.printSuccess("waitpid(pid, W_NOHANG) tests succeeded!");
    yield* anyChild(user, 0);
    yield* user.printSuccess("waitpid(0, blocking) tests succeeded!");
    yield* eachChild(user, 0);
    yield* user.printSuccess("waitpid(pid, blocking) tests succeeded!");
    yield* user.printSuccess("testwaitpid succeeded!");
});

/** Waits for any child: they come in the order in which they end. */
function* anyChild(user: User, options: number): Steps {
    const children = yield* startChildren(user);
    for (let next = 1; next <= orders.length; next++) {
        const ended = yield* wait(user, 0, options);
        const child = children.find(({ pid }) => pid === ended.pid);
        yield* user.check(child?.order ?? ended.pid, next, "order of the child that has ended");
        yield* report(user, ended, next);
    }
    yield* expectNoChild(user);
}

/** Waits for one child after the other, whichever has ended. */
function* eachChild(user: User, options: number): Steps {
    for (const { pid, order } of yield* startChildren(user)) {
        const ended = yield* wait(user, pid, options);
        yield* user.check(ended.pid, pid, "waitpid of a child");
        yield* report(user, ended, order);
        const { pid: again } = yield* user.waitpid(pid);
        yield* user.check(again, ErrorCode.noChild, "waitpid of a child that was waited for");
    }
    yield* expectNoChild(user);
}

function* startChildren(user: User): Steps<readonly Child[]> {
    const children: Child[] = [];
    for (const order of orders) {
        const pid = yield* forkChild(user);
        if (pid === 0) {
            yield* user.check(yield* user.msleep(100 * order), 0, "msleep of a child");
            yield* user.exit(order);
        }
        children.push({ pid, order });
    }
    return children;
}

function* wait(user: User, pid: number, options: number): Steps<WaitedChild> {
    for (;;) {
        const ended = yield* user.waitpid(pid, options);
        if (options === 0 || ended.pid !== ErrorCode.tryAgain) {
            return ended;
        }
        yield* user.msleep(10);
    }
}

function* report(user: User, { pid, status }: WaitedChild, expected: number): Steps {
    const { ticks } = yield* user.getusage();
    yield* user.check(status, expected, `status of child ${pid}`);
    yield* user.print(`${pid} @${ticks}: exit status ${status}\n`);
}

/** Processes that are no children, and a status that cannot be written: the child stays. */
function* badArguments(user: User): Steps {
    const child = yield* forkChild(user);
    if (child === 0) {
        yield* user.exit(9);
    }
    for (const pid of [1, yield* user.getpid(), 1000, -1]) {
        const ended = yield* user.waitpid(pid);
        yield* user.check(ended.pid, ErrorCode.noChild, `waitpid of process ${pid}`);
    }
    const result = yield* user.waitpidAt(child, 0x10, 0);
    yield* user.check(result, ErrorCode.badAddress, "waitpid with a bad address");
    yield* user.check((yield* user.waitpid(child)).status, 9, "status of the child");
}
