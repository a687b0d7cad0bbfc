/** `wc [FILE...]`: counts characters, words and lines, of files or of what it reads. */
import { OpenFlag } from "../../kernel/interface/constants.ts";
import { isError } from "../../kernel/interface/error-code.ts";
import { complain } from "../library/output.ts";
import { program } from "../library/program.ts";
import type { Steps } from "../library/steps.ts";
import type { User } from "../library/user.ts";

const bufferBytes = 512;

export const wc = program("wc", function* (user) {
    const [, ...names] = yield* user.argv();
    if (names.length === 0) {
        return yield* count(user, 0, "");
    }
    let status = 0;
    for (const name of names) {
        const file = yield* user.open(name, OpenFlag.read);
        if (isError(file)) {
            status = yield* complain(user, name, file);
        } else {
            status = (yield* count(user, file, ` ${name}`)) || status;
            yield* user.close(file);
        }
    }
    return status;
});

/** Returns the exit status. */
function* count(user: User, file: number, label: string): Steps<number> {
    let characters = 0;
    let words = 0;
    let lines = 0;
    let isInWord = false;
    for (;;) {
        const text = yield* user.readText(file, bufferBytes);
        if (typeof text === "number") {
            return yield* complain(user, "read", text);
        }
        if (text === "") {
            break;
        }
        characters += text.length;
        for (const character of text) {
            const isSpace = /\s/.test(character);
            words += !isSpace && !isInWord ? 1 : 0;
            lines += character === "\n" ? 1 : 0;
            isInWord = !isSpace;
        }
    }
    yield* user.print(`${characters} ${words} ${lines}${label}\n`);
    return 0;
}
