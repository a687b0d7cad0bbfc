/** Operations of spinlocks, which say little by themselves: told as what they are for. */
import { OperationCode } from "../../machine/cpu/operation.ts";
import type { ObservedOperation } from "./observed-run.ts";
import type { SourceLine } from "./stack-lines.ts";

/** An operation, and where it came from if that is known. */
export interface PlacedOperation extends ObservedOperation {
    /** Innermost first. */
    readonly lines?: readonly SourceLine[];
}

/** Every operation of a lock comes from here. */
export const lockFile = "src/kernel/sync/spin-lock.ts";

/** `acquire`, `waits for` or `release`; undefined for what is none of a lock's own operations. */
export function lockVerb({ operation, subject, lines }: PlacedOperation): string | undefined {
    const line = lines?.at(0);
    // A lock names itself only where it is taken or let go.
    if (subject === undefined || line?.file !== lockFile) {
        return undefined;
    }
    if (line.functionName === "acquire") {
        return operation === OperationCode.pause ? "waits for" : "acquire";
    }
    return line.functionName === "release" ? "release" : undefined;
}
