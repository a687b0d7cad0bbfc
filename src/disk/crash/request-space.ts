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
import { choiceAt, choiceCount, indexOfChoice, nearExtremes, type Units } from "./near-extremes.ts";
import { canBeOrdered, landsBefore, requestComponents } from "./request-order.ts";
import { type Component, componentOf, type Segment } from "./request-outcomes.ts";
import type { CrashState, Level, StateCount, StateSpace } from "./state-space.ts";

export class RequestSpace implements StateSpace {
    readonly level: Level;
    readonly view: CrashView;
    readonly domain: Domain;
    readonly count: StateCount;
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
            optionCount: (unit) => components[unit].outcomes.length,
            top: (unit) => components[unit].outcomes.length - 1,
        };
        this.count = {
            count: components.reduce((product, { count }) => product * count, 1n),
            isExact: components.every(({ isComplete }) => isComplete),
        };
    }

    get listedCount(): bigint {
        return choiceCount(this.#units);
    }

    *states(): Generator<CrashState> {
        for (const choice of nearExtremes(this.#units)) {
            yield this.#state(choice);
        }
    }

    stateAt(index: bigint): CrashState {
        assert(index >= 0n && index < this.listedCount, "an index of a state");
        return this.#state(choiceAt(this.#units, index));
    }

    indexOf({ sources }: CrashState): bigint | undefined {
        const digits = this.#components.map(({ segments, outcomes }) => {
            const found = segments.map((segment) => uniformSource(sources, segment));
            return outcomes.findIndex((outcome) =>
                outcome.every((source, index) => source === found[index]),
            );
        });
        return digits.includes(-1) ? undefined : indexOfChoice(this.#units, digits);
    }

    allows(sources: Int32Array): boolean {
        return (
            sources.length === this.domain.sectorCount &&
            this.#components.every((component) => this.#allowsComponent(component, sources))
        );
    }

    #state(choice: Uint32Array): CrashState {
        const sources = this.domain.floor();
        for (const [unit, { segments, outcomes }] of this.#components.entries()) {
            const outcome = outcomes[choice[unit]];
            for (const [index, { place, sectorCount }] of segments.entries()) {
                sources.fill(outcome[index], place, place + sectorCount);
            }
        }
        return { level: this.level, view: this.view, domain: this.domain, sources };
    }

    /** Whether an order of landing leaves these sources: no circle of "lands before". */
    #allowsComponent({ requests, segments }: Component, sources: Int32Array): boolean {
        const found = segments.map((segment) => uniformSource(sources, segment));
        const landed = requests.filter((id) => isDurable(this.view, id) || found.includes(id));
        /** By request: those that cover it somewhere, and so land after it. */
        const covering = new Map<number, Set<number>>(landed.map((id) => [id, new Set()]));
        for (const [index, { writers, floor }] of segments.entries()) {
            const source = found[index];
            const under = writers.filter((id) => id !== source && covering.has(id));
            if (!covering.has(source) && (source !== floor || under.length > 0)) {
                return false;
            }
            for (const id of under) {
                covering.get(id)?.add(source);
            }
        }
        return canBeOrdered(
            landed,
            (first, second) =>
                covering.get(first)?.has(second) === true || landsBefore(this.view, first, second),
        );
    }
}

/** The one source of all sectors of a segment; trash, which no request brings, for a torn one. */
function uniformSource(sources: Int32Array, { place, sectorCount }: Segment): Source {
    const source = sources[place];
    const isUniform = sources.subarray(place, place + sectorCount).every((one) => one === source);
    return isUniform ? source : trash;
}
