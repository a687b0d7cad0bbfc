/** Has the kernel test its wait queues, and says how far it is. */
import { SystemCall } from "../../kernel/interface/system-call.ts";
import { program } from "../library/program.ts";

/** What the call returns when all phases are done. */
const allDone = 1000;
/** Between looks, and how many there are before it is given up. */
const pollMilliseconds = 20;
const maxPolls = 1000;

export const ktestwait = program("ktestwait", function* (user) {
    let shown = -1;
    for (let poll = 0; poll < maxPolls; poll++) {
        const phase = yield user.call(SystemCall.ktest, 1);
        if (phase === allDone) {
            yield* user.printSuccess("ktestwait succeeded!");
            return 0;
        }
        if (phase < 0) {
            break;
        }
        if (phase !== shown) {
            yield* user.print(`ktestwait phase ${phase} commencing\n`);
            shown = phase;
        }
        yield* user.msleep(pollMilliseconds);
    }
    yield* user.print("ktestwait appears to have failed!\n");
    return 1;
});
