/**
 * Fewer preemptions than are left when none can be left out.
 *
 * A list from which no point can be taken may still not be the shortest: its points brought the
 * tasks to where the race was, while elsewhere in the run the same race can be had for less. So it
 * is looked for there. First at the same site: at places of the plain run, and of the run with one
 * of the points, where a CPU stands between two operations as alike as can be to those that the
 * list's point stands between. Then anywhere, by chance, with one point and with two: most races
 * need no more (Musuvathi and Qadeer, PLDI 2007).
 */
import { SeededChoices } from "../../base/choices.ts";
import type { Preemption } from "../../machine/schedule/plain-policy.ts";
import { type ObservedOperation, type ObservedRequest, observeRun } from "./observed-run.ts";
import type { Points, Trials } from "./trials.ts";

/** Places of one run that are tried at the most. */
const maxPlaces = 40;
/** Lists by chance that are tried, for each number of points. */
const listsByChance = 120;

/** A list that fails in the same way with fewer points; undefined when none was found. */
export function findFewer(
    trials: Trials,
    request: Omit<ObservedRequest, "points">,
    points: Points,
): Points | undefined {
    if (points.length < 2) {
        return undefined;
    }
    const { operations } = observeRun({ ...request, points });
    const sites = new Set(
        points.map(({ after }) => siteAt(operations, after)).filter((site) => site !== undefined),
    );
    const bases: (readonly Preemption[])[] = [[], ...(points.length > 2 ? points.map(one) : [])];
    for (const base of bases) {
        const found = atSites(trials, request, base, sites);
        if (found !== undefined) {
            return found;
        }
    }
    const cpuCount = 1 + operations.reduce((highest, { cpu }) => Math.max(highest, cpu), 0);
    return byChance(trials, points.length - 1, operations.length, cpuCount, request.seed);
}

function one({ after, cpu }: Preemption): readonly Preemption[] {
    return [{ after, cpu }];
}

/** Tries one point more than `base` has, at each place of its run that is like one of the sites. */
function atSites(
    trials: Trials,
    request: Omit<ObservedRequest, "points">,
    base: readonly Preemption[],
    sites: ReadonlySet<string>,
): Points | undefined {
    const { operations } = observeRun({ ...request, points: base });
    const places: Preemption[] = [];
    const cpus = new Set(operations.map(({ cpu }) => cpu));
    for (let after = (base.at(-1)?.after ?? 0) + 1; after < operations.length; after++) {
        const [before, next] = [operations[after - 1], operations[after]];
        if (before.cpu === next.cpu && sites.has(siteBetween(before, next))) {
            const others = [...cpus].filter((cpu) => cpu !== operations[after].cpu);
            places.push(...others.map((cpu) => ({ after, cpu })));
        }
    }
    const stride = Math.max(1, Math.ceil(places.length / maxPlaces));
    for (let index = 0; index < places.length && !trials.areOver; index += stride) {
        const found = trials.failExactly([...base, places[index]]);
        if (found !== undefined) {
            return found;
        }
    }
    return undefined;
}

/** Tries lists by chance, of one point, then of two. */
function byChance(
    trials: Trials,
    mostPoints: number,
    length: number,
    cpuCount: number,
    seed: number,
): Points | undefined {
    const choices = new SeededChoices(seed);
    for (let count = 1; count <= Math.min(mostPoints, 2); count++) {
        for (let list = 0; list < listsByChance && !trials.areOver; list++) {
            const points = Array.from({ length: count }, () => ({
                after: choices.choose(length),
                cpu: choices.choose(cpuCount),
            }));
            const found = trials.failExactly(points);
            if (found !== undefined) {
                return found;
            }
        }
    }
    return undefined;
}

/**
 * Between which two of its operations a CPU stands after `after` operations of all: the one that it
 * did last and the one that it does next. Undefined where it has done none or does none.
 */
function siteAt(operations: readonly ObservedOperation[], after: number): string | undefined {
    if (after < 1 || after > operations.length) {
        return undefined;
    }
    const before = operations[after - 1];
    const next = operations.slice(after).find(({ cpu }) => cpu === before.cpu);
    return next === undefined ? undefined : siteBetween(before, next);
}

function siteBetween(before: ObservedOperation, next: ObservedOperation): string {
    return `${kindOf(before)}; ${kindOf(next)}`;
}

/** What an operation is like, without numbers. */
function kindOf({ operation, isUser, depth, subject = "" }: ObservedOperation): string {
    const mode = isUser ? "user" : `kernel ${depth}`;
    return `${operation} ${mode} ${subject.replace(/0x[0-9a-f]+|\d+/gi, "#")}`;
}
