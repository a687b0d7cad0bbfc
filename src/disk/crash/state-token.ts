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
import { beforeTrace, type Source, sectorRange, trash } from "./crash-view.ts";
import type { SectorRange } from "./domain.ts";
import { SourceRuns } from "./source-runs.ts";
import { type CrashState, type Level, levels, type StateSpace } from "./state-space.ts";

/** First and last sector of a run, both included. */
type SectorRun = readonly [first: number, last: number];

/** The token of a state, in words of writes and sectors. */
export function tokenOf(state: CrashState): string {
    const shown = runsBySource(state);
    const ids = [...shown.keys()].filter((source) => source >= 0).sort((a, b) => a - b);
    // From the last item to the first, for an item leaves out what later ones apply on top of it.
    const later = new SourceRuns();
    later.append(state.domain.sectorCount, beforeTrace);
    const trashed = shown.get(trash) ?? [];
    fillRuns(later, trashed, trash);
    const items = sectorRuns(trashed, 0)
        .map((run) => `!${runText(run)}`)
        .reverse();
    for (const id of ids.reverse()) {
        const runs = shown.get(id) ?? [];
        fillRuns(later, runs, id);
        items.push(writeItem(state, id, runs, later));
    }
    return `${state.level}:${items.length === 0 ? "none" : items.reverse().join(",")}`;
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
        for (const item of itemsOf(token, text)) {
            applyItem(space, sources, token, item);
        }
    }
    if (!space.allows(sources)) {
        const isTorn = text.includes("[") && wholeWriteLevels.includes(space.level);
        const advice = isTorn
            ? "L2 and above, but not L5, allow parts of a write"
            : "a later level may, or another order of the writes";
        throw new UserError(
            `state ${token}: level ${space.level} does not allow it at time ${space.view.time}; ` +
                advice,
        );
    }
    return { level: space.level, view: space.view, domain: space.domain, sources };
}

/** Levels at which writes land whole or not at all. */
const wholeWriteLevels: readonly Level[] = ["L0", "L1", "L5"];

/** The items of a token's text, none of them empty, and each write in one of them at most. */
function itemsOf(token: string, text: string): string[] {
    if (text === "") {
        throw new UserError(
            `state ${token}: nothing after the colon; where nothing landed it is ${token}none`,
        );
    }
    // Commas separate items, and sectors in brackets.
    const items = text.split(/,(?![^[]*\])/);
    const named = new Set<string>();
    for (const [index, item] of items.entries()) {
        if (item === "") {
            const side = index === 0 ? "before" : "after";
            throw new UserError(`state ${token}: an empty part ${side} the comma`);
        }
        const [, write] = /^\+(w\d+)/.exec(item) ?? [];
        if (write !== undefined && named.has(write)) {
            throw new UserError(
                `state ${token}: ${write} is named twice; one item has all of its sectors, as ` +
                    `+${write}[0,2-4]`,
            );
        }
        named.add(write ?? "");
    }
    return items;
}

function stateByIndex(space: StateSpace, token: string, digits: string): CrashState {
    const index = /^\d{1,10000}$/.test(digits) ? BigInt(digits) : undefined;
    const { listedCount } = space;
    if (index === undefined || (listedCount !== undefined && index >= listedCount)) {
        const last = listedCount === undefined ? "more than can be named" : `#${listedCount - 1n}`;
        throw new UserError(
            `state ${token}: ${space.level} has states #0 to ${last} at time ${space.view.time}`,
        );
    }
    return space.stateAt(index);
}

/** Applies one item of a token to the sources of a state. */
function applyItem(space: StateSpace, sources: SourceRuns, token: string, item: string): void {
    const [, id, inBrackets] = /^\+w(\d{1,15})(?:\[([\d,-]+)\])?$/.exec(item) ?? [];
    const [, trashed] = /^!([\d-]+)$/.exec(item) ?? [];
    if (trashed !== undefined) {
        const { diskSizeBytes, sectorSizeBytes } = space.view.trace;
        const sectorCount = Math.floor(diskSizeBytes / sectorSizeBytes);
        const run = parseRun(token, trashed, "the disk", sectorCount);
        setSectors(space, sources, token, trash, run);
    } else if (inBrackets !== undefined) {
        const [first, end] = rangeOfWrite(space, token, Number(id));
        for (const text of inBrackets.split(",")) {
            const [from, to] = parseRun(token, text, `w${id}`, end - first);
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
function setWrite(space: StateSpace, sources: SourceRuns, token: string, id: number): void {
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
    sources: SourceRuns,
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

/** A run of the `sectorCount` sectors that `owner` has. */
function parseRun(token: string, text: string, owner: string, sectorCount: number): SectorRun {
    const [, first, last = first] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(text) ?? [];
    const run = [Number(first), Number(last)] as const;
    if (first === undefined || run[0] > run[1]) {
        throw new UserError(`state ${token}: ${text} is no run of sectors such as 3 or 3-5`);
    }
    if (run[1] >= sectorCount) {
        throw new UserError(
            `state ${token}: ${owner} has sectors 0 to ${sectorCount - 1}, not ${text}`,
        );
    }
    return run;
}

/** Sectors in a row that a source gives. */
interface ShownRun extends SectorRange {
    /** Place of the first one in the domain. */
    readonly place: number;
}

/** The runs of the domain that each source other than the floor has, in ascending order. */
function runsBySource({ domain, sources }: CrashState): Map<Source, ShownRun[]> {
    const shown = new Map<Source, ShownRun[]>();
    for (const { start, firstSector, sectorCount, sources: options } of domain.extents) {
        for (const run of sources.runs(start, start + sectorCount)) {
            if (run.source !== options[0]) {
                const runs = shown.get(run.source) ?? [];
                runs.push({
                    place: run.start,
                    firstSector: firstSector + run.start - start,
                    sectorCount: run.end - run.start,
                });
                shown.set(run.source, runs);
            }
        }
    }
    return shown;
}

function fillRuns(target: SourceRuns, runs: readonly ShownRun[], source: Source): void {
    for (const { place, sectorCount } of runs) {
        target.fill(source, place, place + sectorCount);
    }
}

/**
 * A write's item: without brackets when what it stands for then is set, by it (at `runs`) or by an
 * item to come (in `later`, which has it already).
 */
function writeItem(
    { view, domain }: CrashState,
    id: number,
    runs: readonly ShownRun[],
    later: SourceRuns,
): string {
    const [first, end] = sectorRange(view.trace, id);
    for (const { place, sectorCount, sources } of domain.piecesBetween([first, end])) {
        const set = sources.includes(id) ? [...later.runs(place, place + sectorCount)] : [];
        if (set.some(({ source }) => source === beforeTrace)) {
            return `+w${id}[${sectorRuns(runs, first).map(runText).join(",")}]`;
        }
    }
    return `+w${id}`;
}

/** Runs as tokens have them, joined where they meet; sectors are counted from `firstSector`. */
function sectorRuns(runs: readonly ShownRun[], firstSector: number): SectorRun[] {
    const found: [number, number][] = [];
    for (const run of runs) {
        const start = run.firstSector - firstSector;
        const last = found.at(-1);
        if (last !== undefined && last[1] + 1 === start) {
            last[1] += run.sectorCount;
        } else {
            found.push([start, start + run.sectorCount - 1]);
        }
    }
    return found;
}

function runText([first, last]: SectorRun): string {
    return first === last ? `${first}` : `${first}-${last}`;
}
