/** `echo [-n] [WORD...]`: writes its arguments; -n leaves the line open. */
import { isError } from "../../kernel/interface/error-code.ts";
import { complain } from "../library/output.ts";
import { program } from "../library/program.ts";

export const echo = program("echo", function* (user) {
    const [, ...words] = yield* user.argv();
    const isOpen = words[0] === "-n";
    const text = (isOpen ? words.slice(1) : words).join(" ") + (isOpen ? "" : "\n");
    const result = yield* user.writeText(1, text);
    return isError(result) ? yield* complain(user, "standard output", result) : 0;
});
