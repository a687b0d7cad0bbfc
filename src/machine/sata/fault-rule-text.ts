/**
 * Fault rules as text: what a person writes on a command line.
 *
 *     EVENT EFFECT [lba=FIRST[-LAST]] [after=COUNT] [chance=N/D] [once|always]
 *
 * as `read media-error lba=100-107 once`. Words are apart by blanks; what follows the effect
 * stands in any order; a rule that says neither `once` nor `always` applies always.
 */
import { UserError } from "../../base/user-error.ts";
import {
    type FaultEffect,
    type FaultEvent,
    type FaultRule,
    faultEffects,
    faultEvents,
    faultRuleProblem,
} from "./fault-rules.ts";

const effectWords = faultEffects.map(wordOf);

/** The rule that a text says. Throws `UserError`, which names the word that is wrong. */
export function parseFaultRule(text: string): FaultRule {
    const words = text.split(/\s+/).filter((word) => word !== "");
    const fail = (problem: string) => new UserError(`fault rule '${text.trim()}': ${problem}`);
    const [eventWord, effectWord, ...conditions] = words;
    const on = faultEvents.find((event) => event === eventWord);
    if (on === undefined) {
        throw fail(`the first word must be one of ${faultEvents.join(", ")}`);
    }
    const effect = faultEffects.find((one) => wordOf(one) === effectWord);
    if (effect === undefined) {
        throw fail(`the second word must be one of ${effectWords.join(", ")}`);
    }
    const rule = withConditions(on, effect, conditions, fail);
    const problem = faultRuleProblem(rule);
    if (problem !== undefined) {
        throw fail(problem);
    }
    return rule;
}

/** Throws `UserError` for a rule, however it was made, that cannot be. */
export function checkFaultRule(rule: FaultRule): void {
    const problem = faultRuleProblem(rule);
    if (problem !== undefined) {
        throw new UserError(`fault rule '${formatFaultRule(rule)}': ${problem}`);
    }
}

/** A rule's text; `parseFaultRule` reads it back. */
export function formatFaultRule(rule: FaultRule): string {
    const { on, effect, where, afterCommands, chance, times } = rule;
    const words = [on, wordOf(effect)];
    if (where !== undefined) {
        words.push(`lba=${where.firstLba}-${where.lastLba}`);
    }
    if (afterCommands !== undefined) {
        words.push(`after=${afterCommands}`);
    }
    if (chance !== undefined) {
        words.push(`chance=${chance[0]}/${chance[1]}`);
    }
    return [...words, times].join(" ");
}

function wordOf(effect: FaultEffect): string {
    return effect.replace(" ", "-");
}

function withConditions(
    on: FaultEvent,
    effect: FaultEffect,
    words: readonly string[],
    fail: (problem: string) => UserError,
): FaultRule {
    let rule: FaultRule = { on, effect, times: "always" };
    const stated = new Set<string>();
    for (const word of words) {
        const condition = parseCondition(word);
        if (condition === undefined) {
            throw fail(
                `'${word}' is none of lba=FIRST-LAST, after=COUNT, chance=N/D, once, always`,
            );
        }
        const [name] = Object.keys(condition);
        if (stated.has(name)) {
            throw fail(`'${word}' says again what was said before`);
        }
        stated.add(name);
        rule = { ...rule, ...condition };
    }
    return rule;
}

/** The one field of a rule that a word states. */
function parseCondition(word: string): Partial<FaultRule> | undefined {
    if (word === "once" || word === "always") {
        return { times: word };
    }
    const range = /^lba=(\d+)(?:-(\d+))?$/.exec(word);
    if (range !== null) {
        const [, first, last = first] = range;
        return { where: { firstLba: Number(first), lastLba: Number(last) } };
    }
    const after = /^after=(\d+)$/.exec(word);
    if (after !== null) {
        return { afterCommands: Number(after[1]) };
    }
    const chance = /^chance=(\d+)\/(\d+)$/.exec(word);
    if (chance !== null) {
        return { chance: [Number(chance[1]), Number(chance[2])] };
    }
    return undefined;
}
