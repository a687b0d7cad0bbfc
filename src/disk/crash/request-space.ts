/**
 * Level L1: requests are atomic. Any set of open requests has landed, each whole, in any order
 * that the rule allows; states that differ in what cannot be seen are one state.
 *
 * L5, the liar, is L1 where no promise was kept: what a disk may leave that broke some of its
 * promises is among what it may leave when it broke all, so that the union over all sets of broken
 * promises is L1 of the view in which every flush and every write-through lied.
 */
import { assert } from "../../base/assert.ts";
import { type CrashView, isDurable, type Source, trash } from "./crash-view.ts";
import { Domain } from "./domain.ts";
import { type Choice, choiceAt, nearExtremes, type Units } from "./near-extremes.ts";
import { canBeOrdered, landsBefore, requestComponents } from "./request-order.ts";
import { type Component, componentOf } from "./request-outcomes.ts";
import type { Segment } from "./request-segments.ts";
import type { SourceRuns } from "./source-runs.ts";
import { CountProduct, type StateCount } from "./state-count.ts";
import type { CrashState, Level, StateSpace } from "./state-space.ts";

export class RequestSpace implements StateSpace {
    readonly level: Level;
    readonly view: CrashView;
    readonly domain: Domain;
    readonly count: StateCount;
    readonly listedCount: bigint | undefined;
    readonly #components: readonly Component[];
    /** The units are the components, their options the outcomes. */
    readonly #units: Units;

    constructor(level: Level, view: CrashView) {
        this.level = level;
        this.view = view;
        this.domain = Domain.ofCandidates(view);
        const components = requestComponents(view)
            .map((requests) => componentOf(view, this.domain, requests))
            .filter(({ segments }) => segments.length > 0);
        this.#components = components;
        this.#units = {
            count: components.length,
            movingCount: components.filter(({ top }) => top !== 0).length,
            optionCount: (unit) => components[unit].outcomes.length,
            top: (unit) => components[unit].top,
        };
        const product = new CountProduct();
        const listed = new CountProduct();
        for (const { count, outcomes } of components) {
            product.multiply(count);
            listed.multiply(BigInt(outcomes.length));
        }
        this.count = product.result(components.every(({ isComplete }) => isComplete));
        this.listedCount = listed.result().count;
    }

    *states(): Generator<CrashState> {
        for (const choice of nearExtremes(this.#units)) {
            yield this.#state(choice);
        }
    }

    stateAt(index: bigint): CrashState {
        const { listedCount } = this;
        assert(index >= 0n && (listedCount === undefined || index < listedCount), "a listed state");
        return this.#state(choiceAt(this.#units, index));
    }

    indexOf({ sources }: CrashState): bigint | undefined {
        let index = this.listedCount === undefined ? undefined : 0n;
        for (const { segments, outcomes } of [...this.#components].reverse()) {
            const found = segments.map((segment) => uniformSource(sources, segment));
            const digit = outcomes.indexOf(found);
            if (index === undefined || digit === undefined) {
                return undefined;
            }
            index = index * BigInt(outcomes.length) + BigInt(digit);
        }
        return index;
    }

    allows(sources: SourceRuns): boolean {
        return (
            sources.length === this.domain.sectorCount &&
            this.#components.every((component) => this.#allowsComponent(component, sources))
        );
    }

    #state({ origin, differing }: Choice): CrashState {
        const sources = this.domain.floor();
        const options = new Map(differing.map(({ unit, option }) => [unit, option]));
        for (const [unit, { segments, outcomes }] of this.#components.entries()) {
            const option = options.get(unit) ?? (origin === "none" ? 0 : this.#units.top(unit));
            const outcome = outcomes.at(option);
            for (const [index, { place, sectorCount }] of segments.entries()) {
                sources.fill(outcome[index], place, place + sectorCount);
            }
        }
        return { level: this.level, view: this.view, domain: this.domain, sources };
    }

    /** Whether an order of landing leaves these sources: no circle of "lands before". */
    #allowsComponent({ requests, segments }: Component, sources: SourceRuns): boolean {
        const found = segments.map((segment) => uniformSource(sources, segment));
        const shown = new Set<Source>(found);
        const landed = requests.filter((id) => isDurable(this.view, id) || shown.has(id));
        const rank = new Map(landed.map((id, index) => [id, index]));
        const rankOf = (id: number) => rank.get(id) ?? -1;
        /** By request: those that cover it somewhere, and so land after it. */
        const covering = new Map<number, Set<number>>(landed.map((id) => [id, new Set()]));
        let isInOrder = true;
        for (const [index, { writers, floor }] of segments.entries()) {
            const source = found[index];
            const under = writers.filter((id) => id !== source && rank.has(id));
            if (!rank.has(source) && (source !== floor || under.length > 0)) {
                return false;
            }
            for (const id of under) {
                covering.get(id)?.add(source);
                isInOrder &&= rankOf(id) < rankOf(source);
            }
        }
        // Where the order of landing is none that leaves this, another one may be.
        return (
            isInOrder ||
            canBeOrdered(
                landed,
                (first, second) =>
                    covering.get(first)?.has(second) === true ||
                    landsBefore(this.view, first, second),
            )
        );
    }
}

/** The one source of all sectors of a run; trash, which no request brings, for a torn one. */
function uniformSource(sources: SourceRuns, { place, sectorCount }: Segment): Source {
    return sources.uniform(place, place + sectorCount) ?? trash;
}
