/** Chains of calls in words: who was called from where. */

import type { SourceLine } from "../../crash/exploration/stack-lines.ts";
import type { KernelStacks } from "../../crash/kernel-stacks.ts";

const width = 100;
const separator = " < ";

/**
 * A chain in lines, the innermost call first: `waitUntil sync/wait-queue.ts:84 < read
 * files/pipe.ts:101`. Files of the kernel are named from its folder on.
 */
export function chainLines(chain: readonly SourceLine[], indent: string): string[] {
    const lines: string[] = [];
    for (const { file, line, functionName } of chain) {
        const place = `${file.replace(/^src\/kernel\//, "")}:${line}`;
        const call = functionName === "" ? place : `${functionName} ${place}`;
        const last = lines.at(-1);
        if (last !== undefined && last.length + separator.length + call.length <= width) {
            lines[lines.length - 1] = `${last}${separator}${call}`;
        } else {
            lines.push(last === undefined ? `${indent}${call}` : `${indent} ${separator}${call}`);
        }
    }
    return lines;
}

/** Where the exception was thrown; for a cycle of locks, where each was taken. */
export function thrownLines({ thrown, lockCycle }: KernelStacks): string[] {
    return [
        ...(thrown.length === 0 ? [] : ["thrown at", ...chainLines(thrown, "  ")]),
        ...lockCycle.flatMap(({ held, taken, lines }) => [
            `${taken} taken while ${held} is held, at`,
            ...chainLines(lines, "  "),
        ]),
    ];
}

/** For documents. */
export function chainFields(chain: readonly SourceLine[]): readonly object[] {
    return chain.map(({ functionName, file, line }) => ({ function: functionName, file, line }));
}
