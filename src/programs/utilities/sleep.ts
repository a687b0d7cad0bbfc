/** `sleep SECONDS`: sleeps; parts of a second are welcome. */
import { isError } from "../../kernel/interface/error-code.ts";
import { complain } from "../library/output.ts";
import { program } from "../library/program.ts";

export const sleep = program("sleep", function* (user) {
    const [, text = ""] = yield* user.argv();
    if (!/^[0-9]+(\.[0-9]+)?$/.test(text)) {
        yield* user.writeText(2, "usage: sleep SECONDS\n");
        return 1;
    }
    const result = yield* user.msleep(Math.round(1000 * Number(text)));
    return isError(result) ? yield* complain(user, "msleep", result) : 0;
});
