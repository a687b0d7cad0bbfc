/**
 * Moves a crash time over a trace, from the first event to the last, and keeps what a crash at
 * that time may leave. All times of a trace cost one pass, and each view only what is undecided.
 *
 * A write's data arriving makes it a candidate for its sectors. A write becoming durable rules out
 * whatever is older than it on them. Nothing else changes candidates.
 *
 * Candidates are kept by strips of the disk in which all sectors have the same history.
 */
import { assert } from "../../base/assert.ts";
import type { ByteReader } from "../../base/byte-store.ts";
import { UserError } from "../../base/user-error.ts";
import { type DiskTrace, notYet } from "../trace/disk-trace.ts";
import { durableFrom, isOlder, isWrite } from "../trace/durability.ts";
import {
    assertView,
    beforeTrace,
    type CrashView,
    compareLanding,
    type Extent,
    type MaybeWrite,
    type Source,
    sectorRange,
    standingOf,
} from "./crash-view.ts";
import { SettledDisk } from "./settled-disk.ts";
import { Strips } from "./strips.ts";

export interface SweepOptions {
    /** When each command's write is durable, where that is not by `durableFrom` of the trace. */
    readonly durableFrom?: readonly number[];
}

/**
 * Candidates of all strips together, and strips that writes come to over the whole trace, at most.
 * Discards that overlap can make both grow with the square of the trace's length.
 */
const maxCandidateCount = 2 ** 22;
const maxVisitCount = 2 ** 27;

/** What may be in a strip that nobody wrote to. */
const untouched: readonly Source[] = [beforeTrace];

/**
 * The view of a crash at one time.
 *
 * @param liars ids of commands whose promises are not kept; see `durableFrom`.
 */
export function crashView(trace: DiskTrace, time: number, liars?: ReadonlySet<number>): CrashView {
    const sweep = new CrashSweep(trace, { durableFrom: durableFrom(trace, liars) });
    sweep.advanceTo(time);
    return sweep.view();
}

export class CrashSweep {
    readonly #trace: DiskTrace;
    readonly #durableFrom: readonly number[];
    /** Ids of writes, by the time at which their data arrived, and at which they were durable. */
    readonly #acceptOrder: readonly number[];
    readonly #durableOrder: readonly number[];
    #acceptCount = 0;
    #durableCount = 0;
    #time = 0;

    readonly #strips: Strips;
    /** By strip: its candidates, as they came; undefined before the first write to it. */
    readonly #candidates: (Source[] | undefined)[];
    /** By strip: the candidate that was left when it was decided last. */
    readonly #settled: Int32Array;
    /** Strips with more than one candidate. */
    readonly #undecided = new Set<number>();
    /** How many candidates there are, and how often a write came to a strip. */
    #candidateCount = 0;
    #visitCount = 0;
    readonly #maybe = new Set<number>();

    constructor(trace: DiskTrace, options: SweepOptions = {}) {
        this.#trace = trace;
        this.#strips = new Strips(trace);
        this.#candidates = new Array(this.#strips.count);
        this.#settled = new Int32Array(this.#strips.count).fill(beforeTrace);
        const durable = options.durableFrom ?? durableFrom(trace);
        this.#durableFrom = durable;
        const writes = trace.commands.filter(isWrite);
        this.#acceptOrder = writes
            .filter(({ acceptedAt }) => acceptedAt !== notYet)
            .sort((a, b) => a.acceptedAt - b.acceptedAt)
            .map(({ id }) => id);
        this.#durableOrder = writes
            .map(({ id }) => id)
            .filter((id) => durable[id] !== notYet)
            .sort((a, b) => durable[a] - durable[b] || a - b);
    }

    /** The crash comes after the events with ordinals below this one. */
    get time(): number {
        return this.#time;
    }

    /**
     * Moves on to a later time, at most the trace's `eventCount`. Throws `UserError` where writes
     * overlap so much that following them would take too long or too much memory.
     */
    advanceTo(time: number): void {
        assert(
            time >= this.#time && time <= this.#trace.eventCount,
            "a sweep goes forward through the trace",
        );
        this.#time = time;
        for (;;) {
            const accepted = this.#acceptOrder[this.#acceptCount];
            const durable = this.#durableOrder[this.#durableCount];
            const acceptedAt = this.#trace.commands[accepted]?.acceptedAt ?? notYet;
            const durableAt = this.#durableFrom[durable] ?? notYet;
            if (Math.min(acceptedAt, durableAt) >= time) {
                return;
            }
            if (acceptedAt < durableAt) {
                this.#acceptCount++;
                this.#accept(accepted);
            } else {
                this.#durableCount++;
                this.#becomeDurable(durable);
            }
        }
    }

    /** What a crash now may leave. Costs what is undecided. */
    view(): CrashView {
        const { commands } = this.#trace;
        const view = {
            trace: this.#trace,
            time: this.#time,
            durableFrom: this.#durableFrom,
            maybe: [...this.#maybe]
                .sort((a, b) => a - b)
                .map((id): MaybeWrite => {
                    const command = commands[id];
                    return { command, standing: standingOf({ time: this.#time }, command) };
                }),
            extents: [] as Extent[],
            durableOrder: this.#durableOrder,
            durableCount: this.#durableCount,
        };
        view.extents = this.#extents(view);
        assertView(view);
        return view;
    }

    /**
     * The disk with what is decided, over `base`, the disk before the trace. It goes along with
     * the sweep.
     */
    settledDisk(base: ByteReader): ByteReader {
        return new SettledDisk(base, this.#trace, this.#strips, this.#settled);
    }

    #accept(id: number): void {
        this.#maybe.add(id);
        const [first, end] = this.#visit(id);
        this.#candidateCount += end - first;
        this.#expectFew(id);
        for (let strip = first; strip < end; strip++) {
            const candidates = this.#candidates[strip];
            if (candidates === undefined) {
                this.#candidates[strip] = [beforeTrace, id];
            } else {
                candidates.push(id);
            }
            this.#undecided.add(strip);
        }
    }

    #becomeDurable(id: number): void {
        this.#maybe.delete(id);
        const { commands } = this.#trace;
        const isLeft = (source: Source) =>
            source !== beforeTrace && !isOlder(commands[source], commands[id]);
        const [first, end] = this.#visit(id);
        for (let strip = first; strip < end; strip++) {
            const candidates = this.#candidates[strip] ?? [];
            const left = candidates.filter(isLeft);
            assert(left.length > 0, "a durable write was accepted");
            this.#candidateCount -= candidates.length - left.length;
            this.#candidates[strip] = left;
            if (left.length === 1) {
                this.#undecided.delete(strip);
                this.#settled[strip] = left[0];
            }
        }
    }

    /** The strips of a write, as the first and the one after the last. */
    #visit(id: number): [first: number, end: number] {
        const range = this.#strips.range(sectorRange(this.#trace, id));
        this.#visitCount += range[1] - range[0];
        return range;
    }

    /** Throws `UserError` where following the trace on would take too much. */
    #expectFew(id: number): void {
        if (this.#candidateCount > maxCandidateCount || this.#visitCount > maxVisitCount) {
            throw new UserError(
                `cannot follow the trace beyond w${id}: too many of its discards overlap; choose ` +
                    `a time up to ${this.#trace.commands[id].acceptedAt}`,
            );
        }
    }

    /** The undecided strips, and what shares a physical sector with them. */
    #extents(view: ExtentView): Extent[] {
        const strips = this.#strips;
        const extents = new ExtentList(view);
        let next = 0;
        for (const undecided of Uint32Array.from(this.#undecided).sort()) {
            const [first, end] = strips.besides(undecided);
            for (let strip = Math.max(first, next); strip < end; strip++) {
                const start = strips.firstSector(strip);
                const sectorCount = strips.endSector(strip) - start;
                extents.add(start, sectorCount, this.#candidates[strip] ?? untouched);
            }
            next = Math.max(next, end);
        }
        return extents.extents;
    }
}

/** What the order of an extent's candidates follows from. */
type ExtentView = Pick<CrashView, "trace" | "time" | "durableFrom">;

/** Extents in the making: they come in ascending order, equal neighbours become one. */
class ExtentList {
    readonly extents: Extent[] = [];
    readonly #view: ExtentView;
    /** The sources of the last extent, as they came. */
    #lastSources: readonly Source[] = [];

    constructor(view: ExtentView) {
        this.#view = view;
    }

    add(firstSector: number, sectorCount: number, sources: readonly Source[]): void {
        const last = this.extents.at(-1);
        const meets = last !== undefined && firstSector === last.firstSector + last.sectorCount;
        if (meets && this.#areLast(sources)) {
            this.extents[this.extents.length - 1] = {
                ...last,
                sectorCount: last.sectorCount + sectorCount,
            };
        } else {
            this.extents.push({ firstSector, sectorCount, candidates: this.#ordered(sources) });
            this.#lastSources = sources;
        }
    }

    #areLast(sources: readonly Source[]): boolean {
        return (
            sources.length === this.#lastSources.length &&
            sources.every((source, index) => source === this.#lastSources[index])
        );
    }

    /** The floor first, the others in the order of landing. */
    #ordered(sources: readonly Source[]): Source[] {
        const { time, durableFrom: durable } = this.#view;
        const writes = sources
            .filter((source) => source >= 0)
            .sort((a, b) => compareLanding(this.#view, a, b));
        const floor = writes.findLast((id) => durable[id] < time) ?? beforeTrace;
        return [floor, ...writes.filter((id) => id !== floor)];
    }
}
