/**
 * The disks that a loss of power could leave of a recording: every one where there are few, a
 * seeded sample of them otherwise.
 */
import type { Random } from "../../src/base/random.ts";
import type { OverlayStore } from "../../src/disk/overlay-store.ts";
import type { Landing, RecordingStore } from "../../src/disk/recording-store.ts";

/** A disk after a crash, and how to get there again. */
export interface CrashState {
    readonly name: string;
    readonly disk: OverlayStore;
}

/** Epochs of up to so many writes are crashed in every subset. */
const exhaustiveCount = 5;

/**
 * For each epoch: every prefix of its writes, every subset (or `samples` of them and their
 * complements), and torn writes: each alone, with the others lost and with the others whole, and
 * `samples` states in which every write meets its own fate.
 */
export function* crashStates(
    recording: RecordingStore,
    chance: Random,
    samples: number,
): Generator<CrashState, void> {
    for (const [epochNo, { length }] of recording.epochs.entries()) {
        const state = (name: string, landings: readonly Landing[]): CrashState => ({
            name: `epoch ${epochNo}: ${name}`,
            disk: recording.afterCrash(epochNo, (_, index) => landings[index]),
        });
        for (const landed of subsets(length, chance, samples)) {
            const shown = landed.map((isWhole) => (isWhole ? "+" : "-")).join("");
            yield state(
                shown,
                landed.map((isWhole) => (isWhole ? "whole" : "lost")),
            );
        }
        for (let sample = 0; length > 0 && sample < samples; sample++) {
            const index = sample % length;
            const mask = chance.below(256);
            for (const others of ["lost", "whole"] as const) {
                const landings = new Array<Landing>(length).fill(others);
                landings[index] = sectorsOf(mask);
                yield state(`write ${index} torn by ${mask}, others ${others}`, landings);
            }
            const masks = Array.from({ length }, () => chance.pick([0, 255, chance.below(256)]));
            yield state(`writes torn by ${masks.join()}`, masks.map(sectorsOf));
        }
    }
}

/** The sectors of a block whose bits are set, counted from where the write begins. */
function sectorsOf(mask: number): Landing {
    return (sectorIndex) => ((mask >> sectorIndex) & 1) === 1;
}

/** Which writes of an epoch land whole. */
function* subsets(length: number, chance: Random, samples: number): Generator<boolean[], void> {
    const indexes = Array.from({ length }, (_, index) => index);
    if (length <= exhaustiveCount) {
        for (let mask = 0; mask < 1 << length; mask++) {
            yield indexes.map((index) => ((mask >> index) & 1) === 1);
        }
        return;
    }
    for (let count = 0; count <= length; count++) {
        yield indexes.map((index) => index < count);
    }
    for (let sample = 0; sample < samples; sample++) {
        const landed = indexes.map(() => chance.chance(1, 2));
        yield landed;
        yield landed.map((isWhole) => !isWhole);
    }
}
