/**
 * When requests are atomic (level L1): in which orders they may land, and what each order leaves.
 *
 * A state of L1 is a set of requests that landed, all durable ones among them, each whole, one
 * after the other. Of two of them, `a` lands before `b`
 *
 *   - when they share a sector and a is older than b, or
 *   - when a was durable before b was issued, for nothing lands before it is asked for.
 *
 * Any order that keeps to this is possible: requests that overlap in time land in either order. A
 * request that is not visible in the outcome and need not be durable may be taken as lost.
 *
 * Requests fall into *components* that share sectors, directly or through others, and components
 * do not influence each other. (A circle of constraints through two components would have to
 * leave and enter each by the second rule alone; then a request of the one was issued before
 * another of the other was durable, and so on around, back before its own beginning.)
 *
 * Durable writes that are older than everything else they share a sector with take no part: they
 * are below whatever lands, as the disk before the trace is.
 */
import { isOlder } from "../trace/durability.ts";
import {
    type CrashView,
    compareLanding,
    isDurable,
    isMaybe,
    sectorRange,
    sharesSector,
} from "./crash-view.ts";

/** Whether write `first` lands before write `second` in every order. */
export function landsBefore(view: CrashView, first: number, second: number): boolean {
    const { commands } = view.trace;
    return (
        view.durableFrom[first] < commands[second].issuedAt ||
        (isOlder(commands[first], commands[second]) && sharesSector(view.trace, first, second))
    );
}

/**
 * The components of a view: ids of the requests that matter for what an undecided sector holds,
 * in the order of landing; components in the order of their sectors.
 */
export function requestComponents(view: CrashView): number[][] {
    const open = openRequests(view);
    if (open.size === 0) {
        return [];
    }
    let firstIssue = Number.POSITIVE_INFINITY;
    for (const id of open) {
        firstIssue = Math.min(firstIssue, view.trace.commands[id].issuedAt);
    }
    const requests = new Set(open);
    // What was durable before any of them was issued lies below all of them.
    for (let index = view.durableCount - 1; index >= 0; index--) {
        const id = view.durableOrder[index];
        if (view.durableFrom[id] < firstIssue) {
            break;
        }
        requests.add(id);
    }
    return clusters(view, [...requests])
        .flatMap((cluster) => clusters(view, withoutLowest(view, cluster)))
        .filter((cluster) => cluster.some((id) => open.has(id)))
        .map((cluster) => cluster.sort((a, b) => compareLanding(view, a, b)));
}

/** Requests whose landing or order makes a difference to an undecided sector. */
function openRequests(view: CrashView): Set<number> {
    const open = new Set<number>();
    for (const { candidates } of view.extents) {
        const durable = candidates.filter((source) => source >= 0 && isDurable(view, source));
        for (const source of candidates) {
            if (isMaybe(view, source) || (durable.length > 1 && durable.includes(source))) {
                open.add(source);
            }
        }
    }
    return open;
}

/** Requests grouped by shared sectors: ranges on a line that hang together. */
function clusters(view: CrashView, ids: readonly number[]): number[][] {
    const { trace } = view;
    const sorted = [...ids].sort(
        (a, b) => trace.commands[a].byteOffset - trace.commands[b].byteOffset || a - b,
    );
    const found: number[][] = [];
    let end = -1;
    for (const id of sorted) {
        const [first, after] = sectorRange(trace, id);
        const last = found.at(-1);
        if (last === undefined || first >= end) {
            found.push([id]);
            end = after;
        } else {
            last.push(id);
            end = Math.max(end, after);
        }
    }
    return found;
}

/** A cluster without the durable writes that lie below all others that share a sector. */
function withoutLowest(view: CrashView, cluster: readonly number[]): number[] {
    const { trace } = view;
    const left = new Set(cluster);
    const isBelow = (id: number, other: number) =>
        other === id ||
        !sharesSector(trace, id, other) ||
        isOlder(trace.commands[id], trace.commands[other]);
    // In the order of issue, so that those below a write were looked at before it.
    for (const id of [...cluster].sort((a, b) => a - b)) {
        if (isDurable(view, id) && everyOne(left, (other) => isBelow(id, other))) {
            left.delete(id);
        }
    }
    return [...left];
}

/** Whether all of a set pass a test; it is not copied. */
function everyOne(set: ReadonlySet<number>, test: (one: number) => boolean): boolean {
    for (const one of set) {
        if (!test(one)) {
            return false;
        }
    }
    return true;
}

/** Whether `ids` have an order in which whatever is before another one comes before it. */
export function canBeOrdered(
    ids: readonly number[],
    isBefore: (first: number, second: number) => boolean,
): boolean {
    /** By id: how many that must come before it are not placed yet. */
    const waiting = new Map(
        ids.map((id) => [id, ids.filter((other) => isBefore(other, id)).length]),
    );
    const ready = ids.filter((id) => waiting.get(id) === 0);
    let placedCount = 0;
    for (let placed = ready.pop(); placed !== undefined; placed = ready.pop()) {
        placedCount++;
        for (const [id, count] of waiting) {
            if (count > 0 && isBefore(placed, id)) {
                waiting.set(id, count - 1);
                if (count === 1) {
                    ready.push(id);
                }
            }
        }
    }
    return placedCount === ids.length;
}
