/**
 * Fewer preemptions than are left when none can be left out.
 *
 * A list from which no point can be taken may still not be the shortest: its points brought the
 * tasks to where the race was, while elsewhere in the run the same race can be had for less. So it
 * is looked for there. First at the same site: at places of the plain run, and of the run with one
 * of the points, where a CPU stands between operations as alike as can be to those that a point of
 * the list stands between. Then anywhere, by chance, with one point and with two: most races
 * need no more (Musuvathi and Qadeer, PLDI 2007).
 */
import { SeededChoices } from "../../base/choices.ts";
import type { Preemption } from "../../machine/schedule/plain-policy.ts";
import { type ObservedOperation, type ObservedRequest, observeRun } from "./observed-run.ts";
import type { Points, Trials } from "./trials.ts";

/** Places of one run that are tried at the most. */
const maxPlaces = 40;
/** And of those that are tried as the first of two. */
const maxFirstPlaces = 12;
/** Operations before a place, of its CPU, by which it is told: first more of them, then fewer. */
const reaches = [3, 1];
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
    for (const reach of reaches) {
        const all = sitesOf(operations, reach);
        const sites = new Set(points.flatMap(({ after }) => all.get(after) ?? []));
        const search = new SiteSearch(trials, request, sites, reach);
        const found = search.onePointMore([]) ?? search.twoPoints(points);
        if (found !== undefined) {
            return found;
        }
    }
    const cpuCount = 1 + operations.reduce((highest, { cpu }) => Math.max(highest, cpu), 0);
    return byChance(trials, points.length - 1, operations.length, cpuCount, request.seed);
}

/** Looks for a list with a point at places like those of another list's points. */
class SiteSearch {
    readonly #trials: Trials;
    readonly #request: Omit<ObservedRequest, "points">;
    readonly #sites: ReadonlySet<string>;
    readonly #reach: number;

    constructor(
        trials: Trials,
        request: Omit<ObservedRequest, "points">,
        sites: ReadonlySet<string>,
        reach: number,
    ) {
        this.#trials = trials;
        this.#request = request;
        this.#sites = sites;
        this.#reach = reach;
    }

    /** Tries one point more than `base` has, at the places of its run. */
    onePointMore(base: readonly Preemption[]): Points | undefined {
        for (const place of sampled(this.#placesOf(base), maxPlaces)) {
            const found = this.#trials.failExactly([...base, place]);
            if (found !== undefined) {
                return found;
            }
        }
        return undefined;
    }

    /** Tries two points in place of three or more: one of those or one at a place, and another. */
    twoPoints(points: Points): Points | undefined {
        if (points.length < 3) {
            return undefined;
        }
        const firsts = [...points, ...sampled(this.#placesOf([]), maxFirstPlaces)];
        for (const { after, cpu } of firsts) {
            const found = this.#trials.areOver ? undefined : this.onePointMore([{ after, cpu }]);
            if (found !== undefined) {
                return found;
            }
        }
        return undefined;
    }

    /** Points after those of `base` at places of its run that are like the sites. */
    #placesOf(base: readonly Preemption[]): Preemption[] {
        const { operations } = observeRun({ ...this.#request, points: base });
        const cpus = [...new Set(operations.map(({ cpu }) => cpu))];
        const first = base.at(-1)?.after ?? 0;
        return [...sitesOf(operations, this.#reach)]
            .filter(([after, site]) => after > first && this.#sites.has(site))
            .flatMap(([after]) =>
                cpus
                    .filter((cpu) => cpu !== operations[after - 1].cpu)
                    .map((cpu) => ({ after, cpu })),
            );
    }
}

/** So many of a list, from all over it. */
function sampled<T>(list: readonly T[], count: number): T[] {
    const stride = Math.max(1, Math.ceil(list.length / count));
    return list.filter((_, index) => index % stride === 0);
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
 * By the count of operations: between which of its operations the CPU stands that did the last one,
 * the `reach` that it did last and the one that it does next.
 */
function sitesOf(
    operations: readonly ObservedOperation[],
    reach: number,
): ReadonlyMap<number, string> {
    const sites = new Map<number, string>();
    /** By CPU: where it stands, and what it did last. */
    const standing = new Map<number, { readonly after: number; readonly kinds: string[] }>();
    for (const [number, operation] of operations.entries()) {
        const kind = kindOf(operation);
        const { after, kinds } = standing.get(operation.cpu) ?? { after: 0, kinds: [] };
        if (kinds.length > 0) {
            sites.set(after, [...kinds, kind].join("; "));
        }
        const last = [...kinds, kind].slice(-reach);
        standing.set(operation.cpu, { after: number + 1, kinds: last });
    }
    return new Map([...sites].sort(([one], [other]) => one - other));
}

/** What an operation is like, without numbers. */
function kindOf({ operation, isUser, depth, subject = "" }: ObservedOperation): string {
    const mode = isUser ? "user" : `kernel ${depth}`;
    return `${operation} ${mode} ${subject.replace(/0x[0-9a-f]+|\d+/gi, "#")}`;
}
