/**
 * What a hostile program does, one thing after the other: plain data, so that it can be left out,
 * and told.
 */
import { SystemCall } from "../../src/kernel/interface/system-call.ts";
import type { Meeting } from "./meeting.ts";

/** What a thread remembers of its calls, to use it in others; 0 until there was one. */
export type Handle =
    | "descriptor"
    | "pipe to read"
    | "pipe to write"
    | "segment"
    | "attached"
    | "kept page"
    | "child"
    | "thread";

/** A number, or what a call gave, and so much more. */
export type Operand = number | { readonly handle: Handle; readonly plus: number };

/** Accesses to memory, and what else a user program can ask a CPU for. */
export const accessKinds = [
    "load",
    "store",
    "load64",
    "store64",
    "exchange",
    "compareExchange",
    "fetchAdd",
    "copy",
    "fill",
] as const;

export type AccessKind = (typeof accessKinds)[number];

/** What only the kernel may do. */
export const privilegedKinds = [
    "halt",
    "disableInterrupts",
    "loadPageTable",
    "invalidatePage",
    "input",
    "output",
] as const;

export type PrivilegedKind = (typeof privilegedKinds)[number];

export type Action =
    | {
          readonly do: "call";
          readonly call: number;
          readonly operands: readonly Operand[];
          /** How often, where that is not once: to use up what there is. */
          readonly times?: number;
      }
    /** Of which a fault may come, and is the end of the process. */
    | {
          readonly do: "access";
          readonly kind: AccessKind;
          readonly address: Operand;
          readonly value: number;
      }
    /** Of which a fault must come. */
    | { readonly do: "trespass"; readonly kind: AccessKind; readonly address: number }
    | { readonly do: "privileged"; readonly kind: PrivilegedKind }
    /** Looks whether the canary's page is as it was. */
    | { readonly do: "check canary" }
    /** Asks for a page of its own, and has it to itself for a while. */
    | { readonly do: "own page"; readonly stepCount: number }
    /** Meets a new thread at a futex. */
    | ({ readonly do: "meet" } & Meeting)
    /** Lets time pass in user mode. */
    | { readonly do: "linger"; readonly stepCount: number; readonly pauses: boolean }
    /**
     * Forks; the child goes on with the same script, and lives so long. One without a watchdog
     * becomes another program, or ends, before anything else.
     */
    | { readonly do: "fork"; readonly life: Life; readonly becomes?: BecomesProgram };

/** How long a process has: steps of its watchdog, and then milliseconds of sleep. */
export interface Life {
    readonly stepCount: number;
    readonly milliseconds: number;
}

/** execv by a process that is alone, and so can. */
export interface BecomesProgram {
    readonly path: number;
    readonly argumentCount: number;
}

/** Names of calls, by number. */
const callNames: ReadonlyMap<number, string> = new Map(
    Object.entries(SystemCall).map(([name, number]) => [number, name]),
);

/** `open`, or `call 99`. */
export function callName(number: number): string {
    return callNames.get(number) ?? `call ${number}`;
}

export function actionText(action: Action): string {
    switch (action.do) {
        case "call":
            return callText(action.call, action.operands, action.times);
        case "access":
            return `${action.kind} at ${operandText(action.address)}, ${action.value}`;
        case "trespass":
            return `${action.kind} at ${operandText(action.address)}, which must fault`;
        case "privileged":
            return `${action.kind}, which must fault`;
        case "check canary":
            return "check canary";
        case "own page":
            return `own page for ${action.stepCount} steps`;
        case "meet":
            return meetingText(action);
        case "linger":
            return `${action.stepCount} ${action.pauses ? "pauses" : "steps"}`;
        case "fork":
            return `fork for ${lifeText(action.life)}${becomesText(action.becomes)}`;
    }
}

function callText(call: number, operands: readonly Operand[], times = 1): string {
    const text = `${callName(call)}(${operands.map(operandText).join(", ")})`;
    return times === 1 ? text : `${text}, ${times} times`;
}

function meetingText({ stepCount, hasAlias }: Meeting): string {
    return `meeting after ${stepCount} steps${hasAlias ? ", by an alias" : ""}`;
}

/** `20 steps and 10 ms`. */
export function lifeText({ stepCount, milliseconds }: Life): string {
    return `${stepCount} steps and ${milliseconds} ms`;
}

function becomesText(becomes: BecomesProgram | undefined): string {
    return becomes === undefined
        ? ""
        : `, then execv(${operandText(becomes.path)}, argv, ${becomes.argumentCount})`;
}

function operandText(operand: Operand): string {
    if (typeof operand === "object") {
        return `${operand.handle}${operand.plus === 0 ? "" : ` + ${operand.plus}`}`;
    }
    const isPlain = !Number.isSafeInteger(operand) || (operand > -4096 && operand < 4096);
    return isPlain ? `${operand}` : `${operand < 0 ? "-" : ""}0x${Math.abs(operand).toString(16)}`;
}
