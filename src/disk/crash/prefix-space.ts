/**
 * Level L0: requests are atomic and land in one order, so that a crash leaves a prefix of it.
 *
 * The order is the order of landing of `compareLanding`: as the host was told that they ended, and
 * after those the ones in flight as they were issued. Durable writes keep their place in it. Of k
 * open writes there are k+1 prefixes; a write that shows nowhere in its place, for durable writes
 * cover it, makes no state of its own.
 */
import { assert } from "../../base/assert.ts";
import { beforeTrace, type CrashView, compareLanding, isDurable, isMaybe } from "./crash-view.ts";
import { Domain } from "./domain.ts";
import { SourceRuns } from "./source-runs.ts";
import type { StateCount } from "./state-count.ts";
import type { CrashState, StateSpace } from "./state-space.ts";

export class PrefixSpace implements StateSpace {
    readonly level = "L0";
    readonly view: CrashView;
    readonly domain: Domain;
    /** The open writes that show, in the order of landing. */
    readonly #order: readonly number[];
    /** All candidates, durable ones too, in the order of landing. */
    readonly #rank: ReadonlyMap<number, number>;

    constructor(view: CrashView) {
        this.view = view;
        this.domain = Domain.ofCandidates(view);
        const writes = new Set(this.domain.extents.flatMap(({ sources }) => sources));
        writes.delete(beforeTrace);
        const ranked = [...writes].sort((a, b) => compareLanding(view, a, b));
        this.#rank = new Map(ranked.map((id, rank) => [id, rank]));
        const showing = new Set<number>();
        for (const { sources } of this.domain.extents) {
            const floorRank = this.#rankOf(sources[0]);
            for (const source of sources) {
                if (isMaybe(view, source) && this.#rankOf(source) > floorRank) {
                    showing.add(source);
                }
            }
        }
        this.#order = ranked.filter((id) => showing.has(id));
    }

    get count(): StateCount {
        const { listedCount } = this;
        return { count: listedCount, log10: Math.log10(Number(listedCount)), isExact: true };
    }

    get listedCount(): bigint {
        return BigInt(this.#order.length + 1);
    }

    /** From both ends: nothing, everything, the first alone, all but the last, and so on. */
    *states(): Generator<CrashState> {
        const last = this.#order.length;
        for (let landed = 0; landed <= last - landed; landed++) {
            yield this.#prefix(landed);
            if (landed !== last - landed) {
                yield this.#prefix(last - landed);
            }
        }
    }

    stateAt(index: bigint): CrashState {
        assert(index >= 0n && index < this.listedCount, "an index of a state");
        return this.#prefix(Number(index));
    }

    indexOf({ sources }: CrashState): bigint | undefined {
        // The last write that landed shows wherever it landed.
        let lastRank = -1;
        for (const { source } of sources.runs()) {
            lastRank = Math.max(lastRank, isMaybe(this.view, source) ? this.#rankOf(source) : -1);
        }
        const landed = this.#order.findIndex((id) => this.#rankOf(id) === lastRank) + 1;
        return this.#prefix(landed).sources.equals(sources) ? BigInt(landed) : undefined;
    }

    allows(sources: SourceRuns): boolean {
        const state = { level: this.level, view: this.view, domain: this.domain, sources } as const;
        return this.indexOf(state) !== undefined;
    }

    /** The state in which the first `landed` writes have landed. */
    #prefix(landed: number): CrashState {
        const lastRank = landed === 0 ? -1 : this.#rankOf(this.#order[landed - 1]);
        const sources = new SourceRuns();
        for (const extent of this.domain.extents) {
            // Candidates after the floor are in the order of landing: the last that landed shows.
            const newest = extent.sources.findLast(
                (source) =>
                    source < 0 || isDurable(this.view, source) || this.#rankOf(source) <= lastRank,
            );
            assert(newest !== undefined, "the floor has landed");
            const shown =
                this.#rankOf(newest) > this.#rankOf(extent.sources[0]) ? newest : extent.sources[0];
            sources.append(extent.sectorCount, shown);
        }
        return { level: this.level, view: this.view, domain: this.domain, sources };
    }

    /** Place in the order of landing; -1 for the disk before the trace. */
    #rankOf(source: number): number {
        return this.#rank.get(source) ?? -1;
    }
}
