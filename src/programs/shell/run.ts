/**
 * Runs a parsed list: a process for each command, pipes between those of a pipeline.
 *
 * Nothing waits for what runs in the background; init reaps it if the shell has not when it ends.
 */
import { OpenFlag, SeekOrigin } from "../../kernel/interface/constants.ts";
import { errorName, isError } from "../../kernel/interface/error-code.ts";
import { complain } from "../library/output.ts";
import type { Steps } from "../library/steps.ts";
import type { User } from "../library/user.ts";
import type { Chain, Command, List, Pipeline, Redirect } from "./parse.ts";

/** Exit status when a program cannot be run. */
const cannotRun = 127;

/** Returns the status of the last command. */
export function* runList(user: User, list: List): Steps<number> {
    let status = 0;
    for (const chain of list) {
        status = chain.isBackground
            ? yield* runInBackground(user, chain)
            : yield* runChain(user, chain);
    }
    return status;
}

/** Reaps what ran in the background and has ended. */
export function* reapBackground(user: User): Steps {
    let pid = 1;
    while (pid > 0) {
        ({ pid } = yield* user.waitpidNoHang(0));
    }
}

function* runChain(user: User, { first, rest }: Chain): Steps<number> {
    let status = yield* runPipeline(user, first);
    for (const { operator, pipeline } of rest) {
        if ((status === 0) === (operator === "&&")) {
            status = yield* runPipeline(user, pipeline);
        }
    }
    return status;
}

function* runInBackground(user: User, chain: Chain): Steps<number> {
    const child = yield* user.fork();
    if (child === 0) {
        const [command] = chain.first;
        const isSimple = chain.first.length === 1 && chain.rest.length === 0;
        yield* isSimple
            ? becomeCommand(user, command)
            : user.exit(yield* runChain(user, { ...chain, isBackground: false }));
    }
    return isError(child) ? yield* complain(user, "fork", child) : 0;
}

/** Starts all commands, each reading what the one before writes; the last one's status counts. */
function* runPipeline(user: User, commands: Pipeline): Steps<number> {
    const [only] = commands;
    if (commands.length === 1 && only.words[0] === "exit") {
        return yield* exitShell(user, only.words[1]);
    }
    const children: number[] = [];
    let problem = 0;
    /** What the next command reads; none for the shell's own input. */
    let input: number | undefined;
    for (const [index, command] of commands.entries()) {
        const isLast = index === commands.length - 1;
        const [readEnd, writeEnd] = isLast ? [undefined, undefined] : yield* user.pipe();
        const child = readEnd !== undefined && isError(readEnd) ? readEnd : yield* user.fork();
        if (child === 0) {
            yield* moveDescriptor(user, input, 0);
            yield* moveDescriptor(user, writeEnd, 1);
            yield* closeIfOpen(user, readEnd);
            yield* becomeCommand(user, command);
        }
        yield* closeIfOpen(user, input);
        yield* closeIfOpen(user, writeEnd);
        input = readEnd;
        if (isError(child)) {
            problem = yield* complain(user, "fork", child);
            break;
        }
        children.push(child);
    }
    yield* closeIfOpen(user, problem === 0 ? undefined : input);
    let status = 0;
    for (const child of children) {
        ({ status } = yield* user.waitpid(child));
    }
    return problem === 0 ? status : problem;
}

/** In a process of its own: redirects, and runs. */
function* becomeCommand(user: User, { list, words, redirects }: Command): Steps<never> {
    for (const redirect of redirects) {
        const result = yield* openRedirect(user, redirect);
        if (isError(result)) {
            yield* user.exit(yield* complain(user, redirect.path, result));
        }
    }
    if (list !== undefined) {
        return yield* user.exit(yield* runList(user, list));
    }
    const [path] = words;
    if (path === undefined) {
        return yield* user.exit(0);
    }
    const result = yield* user.execv(path, words);
    yield* user.writeText(2, `sh: ${path}: ${errorName(result)}\n`);
    return yield* user.exit(cannotRun);
}

function* openRedirect(user: User, { operator, path }: Redirect): Steps<number> {
    const { create, read, truncate, write } = OpenFlag;
    const flags = { "<": read, ">": write | create | truncate, ">>": write | create }[operator];
    const file = yield* user.open(path, flags);
    if (isError(file)) {
        return file;
    }
    if (operator === ">>") {
        yield* user.lseek(file, 0, SeekOrigin.end);
    }
    yield* moveDescriptor(user, file, operator === "<" ? 0 : 1);
    return 0;
}

/** Makes `to` what `from` is, and closes that. */
function* moveDescriptor(user: User, from: number | undefined, to: number): Steps {
    if (from !== undefined && from !== to) {
        yield* user.dup2(from, to);
        yield* user.close(from);
    }
}

function* closeIfOpen(user: User, descriptor: number | undefined): Steps {
    if (descriptor !== undefined && descriptor >= 0) {
        yield* user.close(descriptor);
    }
}

function* exitShell(user: User, text = "0"): Steps<number> {
    if (!/^[0-9]{1,3}$/.test(text)) {
        yield* user.writeText(2, "sh: exit: a status is a number below 1000\n");
        return 1;
    }
    return yield* user.exit(Number(text));
}
