/**
 * Seeds of the runs of an exploration: each a function of the exploration's seed and the run's
 * number, so that runs can be done in any order, by any number of workers.
 *
 * A run has one seed, short enough to be typed again. The machine's choices are the seed's stream;
 * the schedule's are another one, for the same seed must give the same machine under any schedule.
 */
import { assert } from "../../base/assert.ts";
import { type ChoiceStream, SeededChoices } from "../../base/choices.ts";
import { Random } from "../../base/random.ts";
import type { MakeSchedule } from "./subject.ts";

/** More runs than anybody waits for. */
const maxRunCount = 2 ** 21;

/** The seed of run `run`: a whole number below 2^32. */
export function runSeed(seed: number, run: number): number {
    assert(run >= 0 && run < maxRunCount, "a run has a number");
    const mixed = new Random(seed).uint32();
    return new Random(mixed * maxRunCount + run).uint32();
}

/** The stream of a schedule, for a machine whose own stream is that of `seed`. */
function scheduleChoices(seed: number): ChoiceStream {
    return new SeededChoices((seed + 2 ** 40) % 2 ** 53);
}

/** A schedule that draws from its own stream, whatever stream the machine offers it. */
export function withOwnChoices(makeSchedule: MakeSchedule, seed: number): MakeSchedule {
    return () => makeSchedule(scheduleChoices(seed));
}
