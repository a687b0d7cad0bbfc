/**
 * An interleaving as text: a column for each CPU, time going down, and below it the lines that
 * race.
 */
import { describeOperation } from "./describe-operation.ts";
import type {
    FoldedOperations,
    Interleaving,
    Race,
    ShownOperation,
    Stretch,
} from "./interleaving.ts";
import { lockVerb } from "./lock-operation.ts";
import { formatLine, type SourceLine } from "./stack-lines.ts";

export interface InterleavingFormat {
    /** Columns of text; 100 unless given. */
    readonly width?: number;
    /**
     * Files whose lines say little: the caller's line is told in their place. A spinlock's, for
     * instance: who took which lock is what matters, not where in the lock.
     */
    readonly isPrimitive?: (file: string) => boolean;
}

/** With more CPUs than this a column is too narrow, and each line says whose it is. */
const maxColumns = 3;
const defaultWidth = 100;
/** In a column that is narrower, functions are not named, so that the operations can be seen. */
const leastWidthForFunctions = 49;
/** Calls told below a line that races. */
const shownCallers = 4;
const columnGap = 2;

/** Lines of text, none longer than the width but those of the verdict. */
export function formatInterleaving(
    interleaving: Interleaving,
    format: InterleavingFormat = {},
): string[] {
    const { cpuCount, stretches, races, failure } = interleaving;
    const table = new Table(cpuCount, format);
    for (let index = 0; index < stretches.length; ) {
        const unseen = countUnseen(stretches, index);
        if (unseen > 1) {
            const turns = stretches.slice(index, index + unseen);
            const count = turns.reduce((sum, { operationCount }) => sum + operationCount, 0);
            table.across(`... ${number(unseen)} turns, ${number(count)} operations`);
            index += unseen;
        } else {
            table.stretch(stretches[index], races);
            index++;
        }
    }
    if (failure !== undefined) {
        table.across(`${failure.kind}: ${failure.message.split("\n")[0]}`);
    }
    return [...table.lines, ...formatRaces(interleaving, format)];
}

/** What races, in sentences; one paragraph for each preemption. */
function formatRaces(interleaving: Interleaving, format: InterleavingFormat): string[] {
    const { races } = interleaving;
    const locks = locksOf(interleaving);
    return races.flatMap((race, index) => {
        const { preemptedCpu, otherCpu, done, meanwhile, next, thing } = race;
        const which = races.length > 1 ? `Preemption ${index + 1}: ` : "";
        const did = done === undefined ? [] : ["did", ...quoted(done, format), "and"];
        const stood =
            next === undefined ? ["never went on"] : ["stood before", ...quoted(next, format)];
        const other =
            meanwhile === undefined
                ? [`while CPU ${otherCpu} ran.`]
                : [`when CPU ${otherCpu} did`, ...quoted(meanwhile, format)];
        const [first, ...rest] = [...did, ...stood];
        const touched = thing !== undefined && locks.has(thing) ? "use the lock" : "touch";
        const both = thing === undefined ? [] : [`Both ${touched} ${thing}.`];
        return ["", `${which}CPU ${preemptedCpu} ${first}`, ...joined(rest), ...other, ...both];
    });
}

/** Names of the locks that operations which are shown take, wait for or let go. */
function locksOf({ stretches, races }: Interleaving): ReadonlySet<string> {
    const pieces = stretches.flatMap((stretch) => stretch.pieces);
    const shown = [
        ...pieces.flatMap((piece) => ("count" in piece ? [] : [piece])),
        ...races.flatMap(({ done, meanwhile, next }) => [done, meanwhile, next]),
    ];
    const names = shown.map((one) => {
        return one !== undefined && lockVerb(one) !== undefined ? one.subject : undefined;
    });
    return new Set(names.filter((name) => name !== undefined));
}

/** `and` goes before what comes after it. */
function joined(lines: readonly string[]): string[] {
    const at = lines.indexOf("and");
    return at < 0
        ? [...lines]
        : [...lines.slice(0, at), `and ${lines[at + 1]}`, ...lines.slice(at + 2)];
}

/** An operation by its source line, and in words. */
function quoted(shown: ShownOperation, format: InterleavingFormat): string[] {
    const line = tellingLine(shown, format);
    const words = describeOperation(shown);
    if (line === undefined) {
        return [`    ${words}`];
    }
    const callers = shown.lines.slice(shown.lines.indexOf(line) + 1).slice(0, shownCallers);
    return [
        `    ${formatLine(line)}: ${words}`,
        ...callers.map((caller) => `        from ${formatLine(caller)}`),
    ];
}

/** The innermost line that is not in a primitive. */
function tellingLine(shown: ShownOperation, format: InterleavingFormat): SourceLine | undefined {
    const { isPrimitive = () => false } = format;
    return shown.lines.find(({ file }) => !isPrimitive(file)) ?? shown.lines.at(0);
}

/** How many stretches from `index` on show no operation. */
function countUnseen(stretches: readonly Stretch[], index: number): number {
    let count = 0;
    for (let at = index; at < stretches.length; at++) {
        const { race, pieces } = stretches[at];
        if (race !== undefined || pieces.some((piece) => !("count" in piece))) {
            break;
        }
        count++;
    }
    return count;
}

/** Lines in columns. */
class Table {
    readonly lines: string[] = [];
    readonly #format: InterleavingFormat;
    readonly #columnCount: number;
    readonly #columnWidth: number;
    /** By CPU: whose operations the column showed last. */
    readonly #tasks = new Map<number, string>();

    constructor(cpuCount: number, format: InterleavingFormat) {
        const { width = defaultWidth } = format;
        this.#format = format;
        this.#columnCount = cpuCount <= maxColumns ? cpuCount : 1;
        const gaps = columnGap * (this.#columnCount - 1);
        this.#columnWidth = Math.floor((width - gaps) / this.#columnCount);
        if (this.#columnCount > 1) {
            const heads = Array.from({ length: cpuCount }, (_, cpu) => `CPU ${cpu}`);
            this.lines.push(this.#joined(heads));
        }
    }

    /** A line across all columns. */
    across(text: string): void {
        this.lines.push(`-- ${text} --`);
    }

    stretch({ cpu, cause, race, pieces }: Stretch, races: readonly Race[]): void {
        if (race !== undefined) {
            const { preemptedCpu } = races[race];
            const which = races.length > 1 ? ` ${race + 1}` : "";
            const what = cause === "chosen" ? "choice" : "preemption";
            this.across(`${what}${which}: CPU ${preemptedCpu} waits, CPU ${cpu} runs`);
        }
        for (const piece of foldTasks(pieces)) {
            const { task } = piece;
            if (!("count" in piece)) {
                if (this.#tasks.get(cpu) !== task) {
                    this.#cell(cpu, `${task}:`);
                    this.#tasks.set(cpu, task);
                }
                this.#cell(cpu, `  ${this.#operation(piece)}`);
            } else {
                const { count, userCount } = piece;
                const mode = userCount === 0 ? "" : `, ${number(userCount)} in user mode`;
                this.#cell(cpu, `... ${number(count)} of ${task}${mode}`);
            }
        }
    }

    #operation(shown: ShownOperation): string {
        const line = tellingLine(shown, this.#format);
        const words = describeOperation(shown);
        if (line === undefined) {
            return words;
        }
        const file = line.file.replace(/^.*\//, "");
        const isNarrow = this.#columnWidth < leastWidthForFunctions;
        const where = isNarrow ? `${file}:${line.line}` : formatLine({ ...line, file });
        return `${where}  ${words}`;
    }

    #cell(cpu: number, text: string): void {
        if (this.#columnCount === 1) {
            this.lines.push(cut(`CPU ${cpu}  ${text}`, this.#columnWidth));
            return;
        }
        this.lines.push(
            this.#joined(Array.from({ length: cpu + 1 }, (_, at) => (at === cpu ? text : ""))),
        );
    }

    #joined(cells: readonly string[]): string {
        const gap = " ".repeat(columnGap);
        const width = this.#columnWidth;
        return cells
            .map((cell) => cut(cell, width).padEnd(width))
            .join(gap)
            .trimEnd();
    }
}

/** More tasks than this in a row are folded into one line. */
const maxTasks = 4;

/** Folds what several tasks did between operations that are shown. */
function foldTasks(pieces: Stretch["pieces"]): Stretch["pieces"] {
    const folded: (ShownOperation | FoldedOperations)[] = [];
    let row: FoldedOperations[] = [];
    const flush = () => {
        const count = row.reduce((sum, piece) => sum + piece.count, 0);
        const userCount = row.reduce((sum, piece) => sum + piece.userCount, 0);
        const task = `${new Set(row.map((piece) => piece.task)).size} tasks`;
        folded.push(...(row.length > maxTasks ? [{ task, count, userCount }] : row));
        row = [];
    };
    for (const piece of pieces) {
        if ("count" in piece) {
            row.push(piece);
        } else {
            flush();
            folded.push(piece);
        }
    }
    flush();
    return folded;
}

/** Text that fits; two dots say that something is cut off. */
function cut(text: string, width: number): string {
    return text.length > width ? `${text.slice(0, width - 2)}..` : text;
}

/** With commas: 1,204. */
function number(value: number): string {
    return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}
