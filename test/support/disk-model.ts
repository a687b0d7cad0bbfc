/**
 * A disk with a volatile cache as a machine that may do anything it was not told not to do, and
 * the set of all media that it can have after a history. Nothing here comes from `src`.
 *
 * The disk holds pieces of writes: the sector of a write (level L2), or the write as a whole (L1).
 * Between any two events it may land any piece that it holds, in any order. It is bound only by
 * what it tells the host:
 *
 *   - A write that the host issued after an older one had ended, well or not, is not undone by the
 *     older one: once the newer one is on a sector, the older one's piece there is gone.
 *   - A FUA write, or one issued while the cache was off, is told done only when it landed.
 *   - A flush is told done only when everything landed that was told done before the flush came.
 *   - Turning the cache off is a flush. A command that fails has promised nothing, and its data
 *     stays with the disk: it may still land, later than any flush, until something newer does.
 */

/** An event of a history; writes and barriers have numbers in the order of issue. */
export type ModelEvent =
    | { readonly event: "issue write"; readonly sectors: readonly number[]; readonly fua: boolean }
    | { readonly event: "issue flush" | "issue cache off" | "issue cache on" }
    | { readonly event: "complete" | "fail"; readonly command: number };

/** A history: what happens, in order. Each event is an instant. */
export interface ModelHistory {
    readonly startsWithCache: boolean;
    readonly events: readonly ModelEvent[];
}

interface ModelWrite {
    readonly sectors: readonly number[];
    /** Told done only when landed. */
    readonly isThrough: boolean;
    /** Commands that were told done or failed before this one was issued. */
    readonly endedBefore: ReadonlySet<number>;
}

/** What the disk holds: for each sector the number of a command (-1 before), and what landed. */
interface DiskState {
    readonly medium: readonly number[];
    /** `command.sector` for a piece that landed or is gone; just `command` where whole. */
    readonly settled: ReadonlySet<string>;
}

export class ModelDisk {
    readonly #isAtomic: boolean;
    readonly #sectorCount: number;
    readonly #writes = new Map<number, ModelWrite>();
    readonly #done = new Set<number>();
    readonly #ended = new Set<number>();
    readonly #barriers = new Map<number, { doneBefore: ReadonlySet<number>; kind: string }>();
    #commandCount = 0;
    #isOff: boolean;
    /** The last command that turned the cache on. */
    #lastOn = -1;
    #states: Map<string, DiskState>;

    /** @param isAtomic whether writes land whole (L1) or by sectors (L2). */
    constructor(sectorCount: number, startsWithCache: boolean, isAtomic: boolean) {
        this.#sectorCount = sectorCount;
        this.#isAtomic = isAtomic;
        this.#isOff = !startsWithCache;
        const fresh = {
            medium: new Array<number>(sectorCount).fill(-1),
            settled: new Set<string>(),
        };
        this.#states = new Map([[keyOf(fresh), fresh]]);
    }

    /** A disk in the same state, that goes its own way from here. */
    fork(): ModelDisk {
        const twin = new ModelDisk(this.#sectorCount, !this.#isOff, this.#isAtomic);
        for (const [id, write] of this.#writes) {
            twin.#writes.set(id, write);
        }
        for (const id of this.#done) {
            twin.#done.add(id);
        }
        for (const id of this.#ended) {
            twin.#ended.add(id);
        }
        for (const [id, barrier] of this.#barriers) {
            twin.#barriers.set(id, barrier);
        }
        twin.#commandCount = this.#commandCount;
        twin.#lastOn = this.#lastOn;
        twin.#states = this.#states;
        return twin;
    }

    happen(event: ModelEvent): void {
        switch (event.event) {
            case "issue write": {
                const isThrough = event.fua || this.#isOff;
                const { sectors } = event;
                const endedBefore = new Set(this.#ended);
                this.#writes.set(this.#commandCount++, { sectors, isThrough, endedBefore });
                this.#destageAnything();
                break;
            }
            case "issue flush":
            case "issue cache off":
            case "issue cache on":
                if (event.event === "issue cache on") {
                    this.#isOff = false;
                    this.#lastOn = this.#commandCount;
                }
                this.#barriers.set(this.#commandCount++, {
                    doneBefore: new Set(this.#done),
                    kind: event.event,
                });
                break;
            case "complete":
                this.#complete(event.command);
                this.#ended.add(event.command);
                break;
            case "fail":
                this.#ended.add(event.command);
                break;
        }
    }

    /** All media that power failing now can leave: the commands by sector, joined by commas. */
    media(): Set<string> {
        return new Set([...this.#states.values()].map(({ medium }) => medium.join()));
    }

    #complete(id: number): void {
        const write = this.#writes.get(id);
        const barrier = this.#barriers.get(id);
        if (write?.isThrough) {
            this.#keep((state) => this.#hasLanded(state, id));
        } else if (barrier !== undefined && barrier.kind !== "issue cache on") {
            this.#keep((state) =>
                [...barrier.doneBefore].every(
                    (other) => !this.#writes.has(other) || this.#hasLanded(state, other),
                ),
            );
            if (barrier.kind === "issue cache off" && this.#lastOn < id) {
                this.#isOff = true;
            }
        }
        this.#done.add(id);
    }

    #keep(isPossible: (state: DiskState) => boolean): void {
        this.#states = new Map([...this.#states].filter(([, state]) => isPossible(state)));
    }

    #hasLanded({ settled }: DiskState, id: number): boolean {
        if (this.#isAtomic) {
            return settled.has(`${id}`);
        }
        return (
            this.#writes.get(id)?.sectors.every((sector) => settled.has(`${id}.${sector}`)) ?? false
        );
    }

    /** All states that landing any pieces leads to. */
    #destageAnything(): void {
        const states = new Map(this.#states);
        const fresh = [...states.values()];
        for (let state = fresh.pop(); state !== undefined; state = fresh.pop()) {
            for (const next of this.#steps(state)) {
                const key = keyOf(next);
                if (!states.has(key)) {
                    states.set(key, next);
                    fresh.push(next);
                }
            }
        }
        this.#states = states;
    }

    *#steps(state: DiskState): Generator<DiskState> {
        for (const [id, { sectors }] of this.#writes) {
            if (!this.#isAtomic) {
                for (const sector of sectors) {
                    if (!state.settled.has(`${id}.${sector}`)) {
                        yield this.#land(state, id, [sector]);
                    }
                }
            } else if (!state.settled.has(`${id}`) && !state.settled.has(`${id} is late`)) {
                yield this.#land(state, id, sectors);
            }
        }
    }

    #land(state: DiskState, id: number, sectors: readonly number[]): DiskState {
        const medium = [...state.medium];
        const settled = new Set(state.settled);
        for (const sector of sectors) {
            medium[sector] = id;
        }
        settled.add(this.#isAtomic ? `${id}` : `${id}.${sectors[0]}`);
        for (const [other, write] of this.#writes) {
            const isOlder = this.#writes.get(id)?.endedBefore.has(other) === true;
            if (isOlder && write.sectors.some((sector) => sectors.includes(sector))) {
                // Whole, it could only have come before; by sectors, only this one is gone.
                settled.add(this.#isAtomic ? `${other} is late` : `${other}.${sectors[0]}`);
            }
        }
        return { medium, settled };
    }
}

function keyOf({ medium, settled }: DiskState): string {
    return `${medium.join()}|${[...settled].sort().join()}`;
}
