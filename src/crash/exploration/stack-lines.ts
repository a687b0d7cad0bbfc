/**
 * Source lines out of an exception's stack: where a program was when it asked for an operation.
 *
 * Generators that delegate with `yield*` are all on the stack, so it has the whole chain of calls
 * from the operation down to where the machine went on with the program. The text of a stack is the
 * engine's own and has no standard: whatever does not read as a position is passed over.
 */

/** A place in a file; lines and columns count from 1. */
export interface SourcePosition {
    readonly file: string;
    readonly line: number;
    readonly column: number;
}

/** A place in a source file, from the project's folder on, and the function that it is in. */
export interface SourceLine {
    readonly file: string;
    readonly line: number;
    /** Empty where the engine does not say. */
    readonly functionName: string;
}

/** Turns a position in a bundle into one in a source file; undefined where it knows none. */
export type MapPosition = (position: SourcePosition) => SourcePosition | undefined;

/** As V8 writes it: `at Queue.wait (file:///x/src/queue.ts:12:5)`; without a name no brackets. */
const v8Frame = /^\s*at (?:async )?(?:(.*?) \()?([^()]+):(\d+):(\d+)\)?\s*$/;
/** As others do: `wait@file:///x/src/queue.ts:12:5`. */
const otherFrame = /^([^@]*)@(.+):(\d+):(\d+)\s*$/;

/** Our own methods on the way from a program to the machine, and from the machine to a program. */
const ownFile = /(^|\/)src\/(machine|crash)\//;
const ownName = /^(ObservedContext|Burst|Context|Operands)\./;

/** The chain of calls, innermost first, of the program that made `stack`. */
export function linesOfStack(stack: string, map: MapPosition = (position) => position) {
    const lines: SourceLine[] = [];
    for (const text of stack.split("\n")) {
        const match = v8Frame.exec(text) ?? otherFrame.exec(text);
        if (match === null || /^node:/.test(match[2]) || match[2] === "<anonymous>") {
            continue;
        }
        const [, name = "", file, line, column] = match;
        const found = { file, line: Number(line), column: Number(column) };
        const position = map(found) ?? found;
        const isOwn = ownFile.test(position.file) || ownName.test(name);
        if (!isOwn) {
            const functionName = lastPart(name);
            lines.push({ file: fromProject(position.file), line: position.line, functionName });
        } else if (lines.length > 0) {
            // The machine went on with the program here; what is below is the machine's.
            break;
        }
    }
    return lines;
}

/** `src/kernel/futex.ts:88 (wait)` */
export function formatLine({ file, line, functionName }: SourceLine): string {
    return `${file}:${line}${functionName === "" ? "" : ` (${functionName})`}`;
}

/** A method's name without its class, and without what a bundler adds to tell namesakes apart. */
function lastPart(name: string): string {
    const withoutAlias = name.replace(/ \[as .*\]$/, "").replace(/\$\d+$/, "");
    return withoutAlias.slice(withoutAlias.lastIndexOf(".") + 1);
}

function fromProject(file: string): string {
    return /(?:^|\/)((?:src|test)\/.*)$/.exec(file)?.[1] ?? file;
}
