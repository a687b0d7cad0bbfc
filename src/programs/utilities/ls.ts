/** `ls`: the names of the memory file system's files, one a line. */
import { isError } from "../../kernel/interface/error-code.ts";
import { SystemCall } from "../../kernel/interface/system-call.ts";
import { complain, writeAll } from "../library/output.ts";
import { program } from "../library/program.ts";

const bufferBytes = 2048;

export const ls = program("ls", function* (user) {
    const buffer = user.local(bufferBytes);
    const count = yield user.call(SystemCall.listFiles, buffer, bufferBytes);
    if (isError(count)) {
        return yield* complain(user, "files", count);
    }
    const result = yield* writeAll(user, 1, buffer, count);
    return isError(result) ? yield* complain(user, "standard output", result) : 0;
});
