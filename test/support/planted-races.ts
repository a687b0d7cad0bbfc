/**
 * Small kernels for two CPUs with one planted race each, and subjects that run them.
 *
 * CPU 0 starts CPU 1 and sets the mark; both do their task; when both are done CPU 0 looks at what
 * came of it and switches the machine off. Around what can race there is noise: accesses that
 * nobody else makes.
 */

import type {
    RunFailure,
    RunOutcome,
    RunRequest,
    Subject,
} from "../../src/crash/exploration/subject.ts";
import { worldHash } from "../../src/crash/exploration/world-hash.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import type { EntryPoints } from "../../src/machine/cpu/entry-points.ts";
import type { Operation, Program } from "../../src/machine/cpu/operation.ts";
import { Machine } from "../../src/machine/machine.ts";

type Steps<Result = void> = Generator<Operation, Result, number>;

const interruptCommand = 0xfee0_0300;
const endOfInterrupt = 0xfee0_00b0;
const wakeVector = 48;
/** What CPUs share. */
const ready = 0x8000;
const finished = 0x8004;
const shared = 0x9000;
const other = 0x9100;
/** Where each CPU makes its noise. */
const privateBase = 0xa000;

export interface RaceOptions {
    /** Times that the window is passed. */
    readonly rounds?: number;
    /** Operations of noise before and after each round, on each CPU. */
    readonly noise?: number;
}

abstract class RaceKernel implements EntryPoints {
    onMark: () => void = () => undefined;
    readonly rounds: number;
    readonly noise: number;

    constructor({ rounds = 1, noise = 100 }: RaceOptions) {
        this.rounds = rounds;
        this.noise = noise;
    }

    *start(context: Context, vector: number): Program {
        yield context.store(0xfee0_00f0, 4, 0x13f);
        if (vector < 0) {
            yield context.store(interruptCommand, 4, 0xc_4500);
            yield context.store(interruptCommand, 4, 0xc_4604);
            while ((yield context.load(ready, 4)) === 0) {
                yield context.pause();
            }
            this.onMark();
            yield context.disableInterrupts();
            yield context.store(ready, 4, 2);
        } else {
            yield context.store(ready, 4, 1);
            while ((yield context.load(ready, 4)) !== 2) {
                yield context.pause();
            }
        }
        for (let round = 0; round < this.rounds; round++) {
            yield* this.makeNoise(context);
            yield* this.task(context, round);
            yield* this.makeNoise(context);
        }
        yield context.fetchAdd(finished, 4, 1);
        if (vector < 0) {
            while ((yield context.load(finished, 4)) < 2) {
                yield context.pause();
            }
            this.check(yield context.load(shared, 4));
            yield context.output(0x604, 2, 0x2000);
        }
        for (;;) {
            yield context.halt();
        }
    }

    abstract task(context: Context, round: number): Steps;
    abstract check(value: number): void;

    *interrupt(context: Context): Program {
        yield context.store(endOfInterrupt, 4, 0);
    }

    *systemCall(): Program {}
    *exception(): Program {}

    *makeNoise(context: Context): Steps {
        const address = privateBase + 0x1000 * context.cpuIndex;
        for (let done = 0; done < this.noise; done++) {
            if (done % 3 === 0) {
                yield context.step();
            } else {
                yield context.store(address + 4 * (done % 64), 4, done);
            }
        }
    }
}

/** An atomicity violation: two CPUs add by a load and a store. One preemption. */
class LostUpdate extends RaceKernel {
    *task(context: Context): Steps {
        const old = yield context.load(shared, 4);
        yield context.step();
        yield context.store(shared, 4, old + 1);
    }

    check(value: number): void {
        if (value !== 2 * this.rounds) {
            throw new Error(`the counter is ${value}, not ${2 * this.rounds}`);
        }
    }
}

/**
 * A lost wakeup: the sleeper looks at the predicate before it says that it sleeps, and the waker
 * comes in between. One preemption. The sleeper is CPU `sleeper`.
 */
class LostWakeup extends RaceKernel {
    readonly #sleeper: number;

    constructor(options: RaceOptions, sleeper = 0) {
        super(options);
        this.#sleeper = sleeper;
    }

    *task(context: Context, round: number): Steps {
        const flag = shared + 64 + 8 * round;
        if (context.cpuIndex === this.#sleeper) {
            yield* this.#wait(context, flag, flag + 4);
        } else {
            yield* this.#wake(context, flag, flag + 4);
        }
    }

    *#wait(context: Context, flag: number, queue: number): Steps {
        yield context.disableInterrupts();
        if ((yield context.load(flag, 4)) === 0) {
            yield context.step();
            yield context.store(queue, 4, 1);
            while ((yield context.load(queue, 4)) !== 0) {
                yield context.enableInterruptsAndHalt();
                yield context.disableInterrupts();
            }
        }
    }

    *#wake(context: Context, flag: number, queue: number): Steps {
        yield context.store(flag, 4, 1);
        if ((yield context.load(queue, 4)) !== 0) {
            yield context.store(queue, 4, 0);
            yield context.store(0xfee0_0310, 4, this.#sleeper << 24);
            yield context.store(interruptCommand, 4, 0x4000 + wakeVector);
        }
    }

    check(): void {}
}

/**
 * An order violation: CPU 1 sees the first phase, and then the second without what is between.
 * Two preemptions: CPU 0 between its phases, and CPU 1 between its looks.
 */
class TornPhases extends RaceKernel {
    *task(context: Context, round: number): Steps {
        const phase = shared + 64 + 8 * round;
        if (context.cpuIndex === 0) {
            yield context.store(phase, 4, 1);
            yield context.step();
            yield context.store(phase, 4, 2);
        } else {
            const first = yield context.load(phase, 4);
            yield context.step();
            const second = yield context.load(phase, 4);
            if (first === 1 && second === 2) {
                yield context.store(shared, 4, 1 + round);
            }
        }
    }

    check(value: number): void {
        if (value !== 0) {
            throw new Error(`the phases of round ${value} were torn`);
        }
    }
}

/**
 * A use after free behind a spinlock that spins on PAUSE: CPU 0 takes an object's address under
 * the lock and uses it outside, CPU 1 frees and reuses it. One preemption.
 */
class UseAfterFree extends RaceKernel {
    *task(context: Context, round: number): Steps {
        yield* this.#lock(context);
        if (context.cpuIndex === 0) {
            const object = yield context.load(other, 4);
            yield* this.#unlock(context);
            yield context.step();
            if ((yield context.load(shared + 64 + 4 * object, 4)) !== 0) {
                yield context.store(shared, 4, 1 + round);
            }
        } else {
            const object = yield context.load(other, 4);
            yield context.store(other, 4, object + 1);
            yield context.store(shared + 64 + 4 * object, 4, 0xdead);
            yield* this.#unlock(context);
        }
    }

    *#lock(context: Context): Steps {
        while ((yield context.exchange(other + 64, 4, 1)) !== 0) {
            yield context.pause();
        }
    }

    *#unlock(context: Context): Steps {
        yield context.store(other + 64, 4, 0);
    }

    check(value: number): void {
        if (value !== 0) {
            throw new Error(`round ${value} used what was freed`);
        }
    }
}

/** Nothing can go wrong: both add atomically. */
class NoRace extends RaceKernel {
    *task(context: Context): Steps {
        yield context.fetchAdd(shared, 4, 1);
    }

    check(value: number): void {
        if (value !== 2 * this.rounds) {
            throw new Error(`the counter is ${value}`);
        }
    }
}

/** Goes wrong always. */
class AlwaysWrong extends NoRace {
    override check(): void {
        throw new Error("wrong whatever the schedule");
    }
}

export const plantedRaces = {
    "lost update": (options: RaceOptions) => new LostUpdate(options),
    "lost wakeup": (options: RaceOptions) => new LostWakeup(options),
    "lost wakeup, sleeper second": (options: RaceOptions) => new LostWakeup(options, 1),
    "torn phases": (options: RaceOptions) => new TornPhases(options),
    "use after free": (options: RaceOptions) => new UseAfterFree(options),
} as const;

export const harmless = (options: RaceOptions = {}) => new NoRace(options);
export const hopeless = (options: RaceOptions = {}) => new AlwaysWrong(options);

/** Operations after which a run is given up. */
const operationLimit = 100_000;

/** Runs a kernel of this file. */
export class RaceSubject implements Subject {
    /** Runs so far. */
    runCount = 0;
    readonly #makeKernel: () => RaceKernel;

    constructor(makeKernel: () => RaceKernel) {
        this.#makeKernel = makeKernel;
    }

    run(request: RunRequest): RunOutcome {
        this.runCount++;
        const { seed, schedule, recordsSchedule = false, observer } = request;
        const { maxOperations = operationLimit } = request;
        const operations = Math.min(maxOperations, operationLimit);
        const machine = new Machine({
            cpuCount: 2,
            memoryBytes: 2 ** 20,
            choices: seed,
            schedule,
            recordsSchedule,
            ...(observer === undefined
                ? {}
                : { makeContext: (name: string) => observer.makeContext(name) }),
        });
        observer?.attach(machine);
        const kernel = this.#makeKernel();
        kernel.onMark = () => machine.beginSchedule();
        machine.powerOn(kernel);
        const failure = failureOf(machine, operations);

        const stateHash = () => worldHash(machine);
        const runs = recordsSchedule ? { runs: machine.scheduleRuns } : {};
        return { failure, operations: machine.operationsSinceMark, stateHash, ...runs };
    }
}

function failureOf(machine: Machine, operations: number): RunFailure | undefined {
    try {
        const reason = machine.run({ operations });
        return reason === "powered off" ? undefined : { kind: "stuck", message: reason };
    } catch (error) {
        return { kind: "panic", message: error instanceof Error ? error.message : String(error) };
    }
}
