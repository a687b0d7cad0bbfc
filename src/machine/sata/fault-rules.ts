/**
 * Faults on demand: rules that say which commands fail, and how.
 *
 * The idea is that of QEMU's blkdebug: an event, a condition, once or always. The rules are asked
 * when a command arrives, in their order; the first that applies decides.
 */
import type { ChoiceStream } from "../../base/choices.ts";
import { sectorSize } from "../../base/sector.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";

/** Which commands a rule looks at. */
export const faultEvents = [
    /** Reads, and verifications. */
    "read",
    /** Writes, and trims. */
    "write",
    /** FLUSH CACHE, and what flushes besides: STANDBY, switching the cache off. */
    "flush",
    /** Every command, whatever it is. */
    "any",
] as const;
export type FaultEvent = (typeof faultEvents)[number];

/** What becomes of a command. */
export const faultEffects = [
    /**
     * The medium fails: UNC for a read, IDNF for a write. The error names the first bad sector; of
     * a write, the drive has accepted some sectors before that one, or, where no sectors were
     * named, all of it. Where the cache's policy has whole requests, it is all or nothing.
     */
    "media error",
    /** The command never ends: the host has to give it up and reset. */
    "timeout",
    /** ABRT, and nothing was done. */
    "abort",
    /** The read succeeds, with one bit of its data turned. */
    "corrupt read",
] as const;
export type FaultEffect = (typeof faultEffects)[number];

export interface FaultRule {
    readonly on: FaultEvent;
    readonly effect: FaultEffect;
    /** Only commands that touch one of these sectors. */
    readonly where?: { readonly firstLba: number; readonly lastLba: number };
    /** Only after so many commands that the rule looks at went by. */
    readonly afterCommands?: number;
    /** With the probability numerator/denominator, both from 1 to 2^32. */
    readonly chance?: readonly [numerator: number, denominator: number];
    readonly times: "once" | "always";
}

/** What a rule may look at of a command. */
export interface FaultCandidate {
    readonly faultEvent: FaultEvent;
    readonly byteOffset: number;
    /** 0 of a command that means no sectors. */
    readonly byteLength: number;
}

/** Rules at work: with what they have seen so far. */
export class FaultInjector {
    readonly #rules: readonly FaultRule[];
    readonly #choices: ChoiceStream;
    /** By rule: how many commands it looked at. */
    #seen: number[] = [];
    /** By rule: 1 when it was to apply once, and has. */
    #spent: number[] = [];

    constructor(rules: readonly FaultRule[], choices: ChoiceStream) {
        this.#rules = rules;
        this.#choices = choices;
        this.reset();
    }

    /** The rule that applies to a command that arrives now. */
    ruleFor(command: FaultCandidate): FaultRule | undefined {
        let applying: FaultRule | undefined;
        for (let index = 0; index < this.#rules.length; index++) {
            const rule = this.#rules[index];
            if (!looksAt(rule, command)) {
                continue;
            }
            this.#seen[index]++;
            if (applying === undefined && this.#applies(index)) {
                this.#spent[index] = rule.times === "once" ? 1 : 0;
                applying = rule;
            }
        }
        return applying;
    }

    reset(): void {
        this.#seen = this.#rules.map(() => 0);
        this.#spent = this.#rules.map(() => 0);
    }

    save(): StateRecord {
        return { version: 1, seen: [...this.#seen], spent: [...this.#spent] };
    }

    /** Throws `UserError` for a state of a drive with other rules. */
    load(state: StateFields): void {
        state.expectVersion(1);
        this.#seen = [...state.numbers("seen", this.#rules.length)];
        this.#spent = [...state.numbers("spent", this.#rules.length)];
    }

    #applies(index: number): boolean {
        const { afterCommands = 0, chance } = this.#rules[index];
        if (this.#spent[index] === 1 || this.#seen[index] <= afterCommands) {
            return false;
        }
        if (chance === undefined) {
            return true;
        }
        // The plain choice is no fault.
        const [numerator, denominator] = chance;
        return this.#choices.choose(denominator) >= denominator - numerator;
    }
}

/** What is wrong with a rule that could never apply, or asks for what cannot be. */
export function faultRuleProblem(rule: FaultRule): string | undefined {
    const { on, effect, where, chance, afterCommands = 0 } = rule;
    if (effect === "corrupt read" && on !== "read" && on !== "any") {
        return `a ${on} is not read: corrupt-read goes with read or any`;
    }
    if (where !== undefined && on === "flush") {
        return "a flush has no sectors: lba goes with read, write or any";
    }
    if (where !== undefined) {
        const { firstLba, lastLba } = where;
        const range = `lba=${firstLba}-${lastLba}`;
        if (!isCount(firstLba) || !isCount(lastLba)) {
            return `${range} is too large`;
        }
        if (lastLba < firstLba) {
            return `${range} ends before it begins`;
        }
    }
    if (chance !== undefined) {
        const [numerator, denominator] = chance;
        const isRight = isCount(numerator) && isCount(denominator) && denominator <= 2 ** 32;
        if (!isRight || numerator < 1 || numerator > denominator) {
            const stated = `chance=${numerator}/${denominator}`;
            return `${stated} must be above 0 and at most 1, with D up to ${2 ** 32}`;
        }
    }
    return isCount(afterCommands) ? undefined : `after=${afterCommands} is too large`;
}

/** A number of sectors or commands, as exact as it was written. */
function isCount(value: number): boolean {
    return Number.isSafeInteger(value) && value >= 0;
}

/** Whether a command is of those that a rule speaks of. */
function looksAt({ on, effect, where }: FaultRule, command: FaultCandidate): boolean {
    const { faultEvent, byteOffset, byteLength } = command;
    if (on !== "any" && on !== faultEvent) {
        return false;
    }
    if (effect === "corrupt read" && (faultEvent !== "read" || byteLength === 0)) {
        return false;
    }
    if (where === undefined) {
        return true;
    }
    const end = byteOffset + byteLength;
    return where.firstLba * sectorSize < end && (where.lastLba + 1) * sectorSize > byteOffset;
}
