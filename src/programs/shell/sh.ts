/**
 * `sh`: a small shell. It runs the lines that it reads, or `sh -c TEXT`, or `sh FILE`.
 *
 * Programs, pipes (|), redirection (<, >, >>), `;`, `&`, `&&`, `||`, parentheses, quotes, comments,
 * and `exit [STATUS]`. Ctrl-D, the end of the input, ends it, with the last command's status.
 */
import { OpenFlag } from "../../kernel/interface/constants.ts";
import { isError } from "../../kernel/interface/error-code.ts";
import { complain } from "../library/output.ts";
import { program } from "../library/program.ts";
import type { Steps } from "../library/steps.ts";
import type { User } from "../library/user.ts";
import { parse } from "./parse.ts";
import { reapBackground, runList } from "./run.ts";

const prompt = "sh$ ";
/** Exit status of what cannot be understood. */
const syntaxStatus = 2;
const maxLineBytes = 500;
const readBytes = 512;

export const sh = program("sh", function* (user) {
    const [, first, second] = yield* user.argv();
    if (first === undefined) {
        return yield* runInput(user);
    }
    if (first === "-c") {
        return yield* runText(user, second ?? "");
    }
    const text = yield* readFile(user, first);
    return typeof text === "number"
        ? yield* complain(user, first, text)
        : yield* runText(user, text);
});

/** Runs lines of standard input, each when it is there. */
function* runInput(user: User): Steps<number> {
    let status = 0;
    for (;;) {
        yield* user.print(prompt);
        const line = yield* readLine(user);
        if (line === undefined) {
            yield* user.print("\n");
            return status;
        }
        status = yield* runText(user, line);
        yield* reapBackground(user);
    }
}

function* runText(user: User, text: string): Steps<number> {
    const list = parse(text);
    if (typeof list === "string") {
        yield* user.writeText(2, `sh: ${list}\n`);
        return syntaxStatus;
    }
    return yield* runList(user, list);
}

/**
 * A line, byte by byte, for what comes after it may be for the programs that it runs. Undefined at
 * the end of the input.
 */
function* readLine(user: User): Steps<string | undefined> {
    let line = "";
    while (line.length < maxLineBytes) {
        const byte = yield* user.readText(0, 1);
        if (typeof byte === "number" || byte === "") {
            return line === "" ? undefined : line;
        }
        if (byte === "\n") {
            return line;
        }
        line += byte;
    }
    return line;
}

/** All of a file, or an error. */
function* readFile(user: User, path: string): Steps<string | number> {
    const file = yield* user.open(path, OpenFlag.read);
    if (isError(file)) {
        return file;
    }
    let text = "";
    let piece = yield* user.readText(file, readBytes);
    while (typeof piece === "string" && piece !== "") {
        text += piece;
        piece = yield* user.readText(file, readBytes);
    }
    yield* user.close(file);
    return typeof piece === "number" ? piece : text;
}
