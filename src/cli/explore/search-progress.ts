/** How far a search is, in a line for a terminal. */
import { counted, grouped } from "../../report/size.ts";

const barLength = 20;
/** Before so much time has passed, a rate says nothing. */
const leastMs = 1000;

/** `[#####               ] 610 of 2,500 runs, 187 a second, 10 s left` */
export function searchLine(done: number, wanted: number, elapsedMs: number): string {
    const filled = Math.floor((barLength * done) / Math.max(1, wanted));
    const bar = `[${"#".repeat(Math.min(barLength, filled)).padEnd(barLength)}]`;
    const count = `${grouped(done)} of ${counted(wanted, "run", "runs", grouped)}`;
    return [`${bar} ${count}`, ...rateWords(done, wanted, elapsedMs)].join(", ");
}

function rateWords(done: number, wanted: number, elapsedMs: number): string[] {
    const perSecond = rateOf(done, elapsedMs);
    if (elapsedMs < leastMs || perSecond <= 0) {
        return [];
    }
    const secondsLeft = Math.ceil((wanted - done) / perSecond);
    return [`${rateText(perSecond)} a second`, `${durationText(secondsLeft)} left`];
}

/** `2,500 runs in 13.4 s, 187 a second` */
export function searchedText(done: number, elapsedMs: number): string {
    const seconds = `${(elapsedMs / 1000).toFixed(1)} s`;
    const runs = counted(done, "run", "runs", grouped);
    return `${runs} in ${seconds}, ${rateText(rateOf(done, elapsedMs))} a second`;
}

/** Runs in a second. */
function rateOf(done: number, elapsedMs: number): number {
    return elapsedMs <= 0 ? 0 : (1000 * done) / elapsedMs;
}

function rateText(perSecond: number): string {
    return perSecond < 10 ? perSecond.toFixed(1) : grouped(Math.round(perSecond));
}

function durationText(seconds: number): string {
    if (seconds < 120) {
        return `${seconds} s`;
    }
    return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
