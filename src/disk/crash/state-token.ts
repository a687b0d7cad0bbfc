/**
 * Tokens: a crash state in a few characters that a person can read and a program can replay.
 *
 *     L1:none                 nothing landed that need not have
 *     L1:+w3,+w5              the open writes (commands) 3 and 5 landed
 *     L2:+w7[0,2-4]           of write 7 its sectors 0, 2, 3 and 4, counted from its first
 *     L3:+w7,!2050-2051       and sectors 2050 and 2051 of the disk hold trash
 *     L3:#123456              the state with this index
 *
 * Items apply from left to right, a later one on top. A write without sectors in brackets stands
 * for all of its sectors for which it is a candidate.
 */
import { assert } from "../../base/assert.ts";
import { UserError } from "../../base/user-error.ts";
import { type Source, sectorRange, trash } from "./crash-view.ts";
import { type CrashState, type Level, levels, type StateSpace } from "./state-space.ts";

/** First and last sector of a run, both included. */
type SectorRun = readonly [first: number, last: number];

/** The token of a state, in words of writes and sectors. */
export function tokenOf(state: CrashState): string {
    const shown = placesBySource(state);
    const trashed = shown.get(trash) ?? [];
    const ids = [...shown.keys()].filter((source) => source >= 0).sort((a, b) => a - b);
    // From the last item to the first, for an item leaves out what later ones apply on top of it.
    const onTop = new Set(trashed);
    const items: string[] = [];
    for (const id of ids.reverse()) {
        const places = shown.get(id) ?? [];
        for (const place of places) {
            onTop.add(place);
        }
        items.unshift(writeItem(state, id, places, onTop));
    }
    const runs = runsOf(trashed.map((place) => state.domain.sectorAt(place)));
    items.push(...runs.map((run) => `!${runText(run)}`));
    return `${state.level}:${items.length === 0 ? "none" : items.join(",")}`;
}

/** The token of a state by its index, which is short however much landed. */
export function indexTokenOf(space: StateSpace, index: bigint): string {
    return `${space.level}:#${index}`;
}

/** The level that a token names. Throws `UserError` when it names none. */
export function levelOfToken(token: string): Level {
    const level = levels.find((name) => token.startsWith(`${name}:`));
    if (level === undefined) {
        throw new UserError(
            `state ${token}: a state begins with its level, one of ${levels.join(", ")}, and a ` +
                "colon, as in L1:none",
        );
    }
    return level;
}

/**
 * The state that a token names in a space of its level. Throws `UserError` for a token that is
 * none, and for a state that the level does not allow.
 */
export function parseToken(space: StateSpace, token: string): CrashState {
    const text = token.slice(levelOfToken(token).length + 1);
    assert(token.startsWith(`${space.level}:`), "a token is read in a space of its level");
    if (text.startsWith("#")) {
        return stateByIndex(space, token, text.slice(1));
    }
    const sources = space.domain.floor();
    if (text !== "none") {
        // Commas separate items, and sectors in brackets.
        for (const item of text.split(/,(?![^[]*\])/)) {
            applyItem(space, sources, token, item);
        }
    }
    if (!space.allows(sources)) {
        throw new UserError(
            `state ${token}: level ${space.level} does not allow it at time ${space.view.time}; ` +
                "a later level may, or another order of the writes",
        );
    }
    return { level: space.level, view: space.view, domain: space.domain, sources };
}

function stateByIndex(space: StateSpace, token: string, digits: string): CrashState {
    const index = /^\d{1,10000}$/.test(digits) ? BigInt(digits) : undefined;
    if (index === undefined || index >= space.listedCount) {
        throw new UserError(
            `state ${token}: ${space.level} has states #0 to #${space.listedCount - 1n} at time ` +
                `${space.view.time}`,
        );
    }
    return space.stateAt(index);
}

/** Applies one item of a token to the sources of a state. */
function applyItem(space: StateSpace, sources: Int32Array, token: string, item: string): void {
    const [, id, inBrackets] = /^\+w(\d{1,15})(?:\[([\d,-]+)\])?$/.exec(item) ?? [];
    const [, trashed] = /^!([\d-]+)$/.exec(item) ?? [];
    if (trashed !== undefined) {
        const run = parseRun(token, trashed, space.view.trace.diskSizeBytes);
        setSectors(space, sources, token, trash, run);
    } else if (inBrackets !== undefined) {
        const [first, end] = rangeOfWrite(space, token, Number(id));
        for (const text of inBrackets.split(",")) {
            const [from, to] = parseRun(token, text, end - first);
            setSectors(space, sources, token, Number(id), [first + from, first + to]);
        }
    } else if (id !== undefined) {
        setWrite(space, sources, token, Number(id));
    } else {
        throw new UserError(
            `state ${token}: ${item} is neither a write, as +w3 or +w3[0,2-4], nor sectors of ` +
                "trash, as !2050-2051",
        );
    }
}

/** Gives a write all the sectors for which it is a candidate. */
function setWrite(space: StateSpace, sources: Int32Array, token: string, id: number): void {
    const range = rangeOfWrite(space, token, id);
    let isCandidate = false;
    for (const piece of space.domain.piecesBetween(range)) {
        if (piece.sources.includes(id)) {
            sources.fill(id, piece.place, piece.place + piece.sectorCount);
            isCandidate = true;
        }
    }
    if (!isCandidate) {
        throw new UserError(
            `state ${token}: what write w${id} brought is decided at time ${space.view.time}; ` +
                "only writes whose fate is open can be named",
        );
    }
}

/** Gives each sector of a run a source that it may have. */
function setSectors(
    space: StateSpace,
    sources: Int32Array,
    token: string,
    source: Source,
    [first, last]: SectorRun,
): void {
    let setCount = 0;
    for (const piece of space.domain.piecesBetween([first, last + 1])) {
        if (piece.sources.includes(source)) {
            sources.fill(source, piece.place, piece.place + piece.sectorCount);
            setCount += piece.sectorCount;
        }
    }
    if (setCount !== last + 1 - first) {
        const what = source === trash ? "trash" : `data of w${source}`;
        throw new UserError(
            `state ${token}: level ${space.level} does not allow ${what} in all of sectors ` +
                `${first} to ${last} at time ${space.view.time}`,
        );
    }
}

function rangeOfWrite({ view }: StateSpace, token: string, id: number): [number, number] {
    if (view.trace.commands[id]?.after === undefined && !isDiscard(view.trace.commands[id])) {
        throw new UserError(`state ${token}: command ${id} of the trace is no write that it has`);
    }
    return sectorRange(view.trace, id);
}

function isDiscard(command: { readonly kind: string } | undefined): boolean {
    return command?.kind === "discard";
}

/** A run of sectors below `sectorCount`. */
function parseRun(token: string, text: string, sectorCount: number): SectorRun {
    const [, first, last = first] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text) ?? [];
    const run = [Number(first), Number(last)] as const;
    if (first === undefined || run[0] > run[1] || run[1] >= sectorCount) {
        throw new UserError(
            `state ${token}: ${text} is no run of sectors such as 3 or 3-5, or goes past the end`,
        );
    }
    return run;
}

/** The places of the domain that each source other than the floor has, in ascending order. */
function placesBySource({ domain, sources }: CrashState): Map<Source, number[]> {
    const shown = new Map<Source, number[]>();
    for (const extent of domain.extents) {
        for (let place = extent.start; place < extent.start + extent.sectorCount; place++) {
            const source = sources[place];
            if (source !== extent.sources[0]) {
                const places = shown.get(source) ?? [];
                places.push(place);
                shown.set(source, places);
            }
        }
    }
    return shown;
}

/**
 * A write's item: without brackets when what it stands for then is set, by it (at `places`) or by
 * an item to come.
 */
function writeItem(
    { view, domain }: CrashState,
    id: number,
    places: readonly number[],
    isSet: ReadonlySet<number>,
): string {
    const [first, end] = sectorRange(view.trace, id);
    for (const piece of domain.piecesBetween([first, end])) {
        for (let index = 0; index < piece.sectorCount; index++) {
            if (piece.sources.includes(id) && !isSet.has(piece.place + index)) {
                const runs = runsOf(places.map((place) => domain.sectorAt(place) - first));
                return `+w${id}[${runs.map(runText).join(",")}]`;
            }
        }
    }
    return `+w${id}`;
}

/** Ascending numbers as runs. */
function runsOf(numbers: readonly number[]): SectorRun[] {
    const runs: [number, number][] = [];
    for (const number of numbers) {
        const last = runs.at(-1);
        if (last !== undefined && last[1] + 1 === number) {
            last[1] = number;
        } else {
            runs.push([number, number]);
        }
    }
    return runs;
}

function runText([first, last]: SectorRun): string {
    return first === last ? `${first}` : `${first}-${last}`;
}
