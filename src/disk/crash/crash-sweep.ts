/**
 * Moves a crash time over a trace, from the first event to the last, and keeps what a crash at
 * that time may leave. All times of a trace cost one pass, and each view only what is undecided.
 *
 * A write's data arriving makes it a candidate for its sectors. A write becoming durable rules out
 * whatever is older than it on them. Nothing else changes candidates.
 *
 * Candidates are kept by pages of 4 KiB, in each of which a source has a mask of sectors: most
 * writes are of whole pages, and a torn page is as exact as a whole one.
 */
import { assert } from "../../base/assert.ts";
import type { ByteStore } from "../../base/byte-store.ts";
import { pageSize } from "../pages.ts";
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
    standingOf,
} from "./crash-view.ts";
import { writeSource } from "./source-bytes.ts";

/** A write and the sectors of a page for which it is a candidate; never 0. */
interface Candidate {
    readonly id: number;
    mask: number;
}

/** A page that the trace has written to. */
interface Cell {
    /** Sectors that may be as they were before the trace. */
    beforeMask: number;
    candidates: Candidate[];
}

export interface SweepOptions {
    /** When each command's write is durable, where that is not by `durableFrom` of the trace. */
    readonly durableFrom?: readonly number[];
    /** Gets the content of each sector that becomes decided; begins as the disk before. */
    readonly settled?: ByteStore;
}

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
    readonly #settled: ByteStore | undefined;
    readonly #durableFrom: readonly number[];
    /** Ids of writes, by the time at which their data arrived, and at which they were durable. */
    readonly #acceptOrder: readonly number[];
    readonly #durableOrder: readonly number[];
    #acceptCount = 0;
    #durableCount = 0;
    #time = 0;

    readonly #cells = new Map<number, Cell>();
    readonly #undecidedPages = new Set<number>();
    readonly #maybe = new Set<number>();

    constructor(trace: DiskTrace, options: SweepOptions = {}) {
        this.#trace = trace;
        this.#settled = options.settled;
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

    /** Moves on to a later time, at most the trace's `eventCount`. */
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
        const extents = new ExtentList(view);
        for (const pageNo of [...this.#undecidedPages].sort((a, b) => a - b)) {
            this.#addExtents(extents, pageNo);
        }
        view.extents = extents.extents;
        assertView(view);
        return view;
    }

    #accept(id: number): void {
        this.#maybe.add(id);
        this.#forEachPage(id, (pageNo, mask) => {
            let cell = this.#cells.get(pageNo);
            if (cell === undefined) {
                cell = { beforeMask: this.#wholeMask(), candidates: [] };
                this.#cells.set(pageNo, cell);
            }
            cell.candidates.push({ id, mask });
            this.#undecidedPages.add(pageNo);
        });
    }

    #becomeDurable(id: number): void {
        this.#maybe.delete(id);
        const { commands } = this.#trace;
        this.#forEachPage(id, (pageNo, mask) => {
            const cell = this.#cells.get(pageNo);
            assert(cell !== undefined, "a durable write was accepted");
            const wasOpen = openSectors(cell);
            cell.beforeMask &= ~mask;
            for (const candidate of cell.candidates) {
                if (
                    (candidate.mask & mask) !== 0 &&
                    isOlder(commands[candidate.id], commands[id])
                ) {
                    candidate.mask &= ~mask;
                }
            }
            cell.candidates = cell.candidates.filter((candidate) => candidate.mask !== 0);
            const isOpen = openSectors(cell);
            if (isOpen === 0) {
                this.#undecidedPages.delete(pageNo);
            }
            this.#settle(pageNo, cell, wasOpen & ~isOpen);
        });
    }

    /** Writes the only candidates of the sectors of `mask` to the settled disk. */
    #settle(pageNo: number, { candidates }: Cell, mask: number): void {
        if (this.#settled === undefined || mask === 0) {
            return;
        }
        const perPage = pageSize / this.#trace.sectorSizeBytes;
        for (const candidate of candidates) {
            for (const [first, end] of runsOf(candidate.mask & mask)) {
                const firstSector = pageNo * perPage + first;
                writeSource(this.#settled, this.#trace, candidate.id, firstSector, end - first);
            }
        }
    }

    #addExtents(extents: ExtentList, pageNo: number): void {
        const cell = this.#cells.get(pageNo);
        assert(cell !== undefined, "an undecided page was written to");
        const perPage = pageSize / this.#trace.sectorSizeBytes;
        const firstSector = pageNo * perPage;
        const sectorCount = this.#trace.diskSizeBytes / this.#trace.sectorSizeBytes - firstSector;
        for (let sector = 0; sector < Math.min(perPage, sectorCount); sector++) {
            const bit = 1 << sector;
            const sources: Source[] = (cell.beforeMask & bit) !== 0 ? [beforeTrace] : [];
            for (const { id, mask } of cell.candidates) {
                if ((mask & bit) !== 0) {
                    sources.push(id);
                }
            }
            extents.add(firstSector + sector, sources);
        }
    }

    /** Calls `visit` with each page of a write and the mask of its sectors there. */
    #forEachPage(id: number, visit: (pageNo: number, mask: number) => void): void {
        const { byteOffset, byteLength } = this.#trace.commands[id];
        const end = byteOffset + byteLength;
        for (let at = byteOffset; at < end; ) {
            const pageNo = Math.floor(at / pageSize);
            const stop = Math.min((pageNo + 1) * pageSize, end);
            const first = (at - pageNo * pageSize) / this.#trace.sectorSizeBytes;
            const count = (stop - at) / this.#trace.sectorSizeBytes;
            visit(pageNo, (2 ** count - 1) << first);
            at = stop;
        }
    }

    #wholeMask(): number {
        return 2 ** (pageSize / this.#trace.sectorSizeBytes) - 1;
    }
}

/** Sectors of a page with more than one candidate. */
function openSectors({ beforeMask, candidates }: Cell): number {
    let seen = beforeMask;
    let open = 0;
    for (const { mask } of candidates) {
        open |= seen & mask;
        seen |= mask;
    }
    return open;
}

/** The runs of set bits of a mask, each as its first bit and the one after its last. */
function runsOf(mask: number): [first: number, end: number][] {
    const runs: [number, number][] = [];
    for (let bit = 0; mask >>> bit !== 0; bit++) {
        if ((mask >>> bit) & 1) {
            const first = bit;
            while ((mask >>> bit) & 1) {
                bit++;
            }
            runs.push([first, bit]);
        }
    }
    return runs;
}

/** Extents in the making: sectors come in ascending order, equal neighbours become one extent. */
class ExtentList {
    readonly extents: Extent[] = [];
    readonly #view: Pick<CrashView, "trace" | "time" | "durableFrom">;
    /** The sources of the last extent, as they came. */
    #lastSources: readonly Source[] = [];
    #lastEnd = -1;

    constructor(view: Pick<CrashView, "trace" | "time" | "durableFrom">) {
        this.#view = view;
    }

    add(sectorNo: number, sources: Source[]): void {
        const last = this.extents.at(-1);
        if (last !== undefined && sectorNo === this.#lastEnd && this.#areLast(sources)) {
            const sectorCount = last.sectorCount + 1;
            this.extents[this.extents.length - 1] = { ...last, sectorCount };
        } else {
            const candidates = this.#ordered(sources);
            this.extents.push({ firstSector: sectorNo, sectorCount: 1, candidates });
            this.#lastSources = sources;
        }
        this.#lastEnd = sectorNo + 1;
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
