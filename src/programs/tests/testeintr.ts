/**
 * A sleep ends early, with E_INTR, when a child ends: eight children end one after the other, each
 * within a sleep of their parent.
 */
import { ErrorCode } from "../../kernel/interface/error-code.ts";
import { expectNoChild, forkChild } from "../library/children.ts";
import { program } from "../library/program.ts";

/** By child: which to end it is, each 500 ms after the one before. */
const orders = [2, 7, 6, 4, 1, 8, 5, 3];

export const testeintr = program("testeintr", function* (user) {
    const orderOf = new Map<number, number>();
    for (const order of orders) {
        const child = yield* forkChild(user);
        if (child === 0) {
            yield* user.check(yield* user.msleep(500 * order), 0, "msleep of a child");
            yield* user.exit(order);
        }
        orderOf.set(child, order);
    }
    for (let next = 1; next <= orders.length; next++) {
        const slept = yield* user.msleep(1000);
        yield* user.check(slept, ErrorCode.interrupted, "msleep when a child ends");
        const { pid, status } = yield* user.waitpidNoHang(0);
        yield* user.check(orderOf.get(pid) ?? pid, next, "order of the child that has ended");
        yield* user.check(status, next, "status of the child that has ended");
    }
    yield* expectNoChild(user);
    yield* user.check(yield* user.msleep(1000), 0, "msleep without children");
    yield* user.printSuccess("testeintr succeeded!");
});
