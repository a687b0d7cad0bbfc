/** Scripts by chance: what the threads of a case do. */
import type { Random } from "../../src/base/random.ts";
import { FutexOperation } from "../../src/kernel/interface/constants.ts";
import { SystemCall } from "../../src/kernel/interface/system-call.ts";
import { type Action, accessKinds, type Life, type Operand, privilegedKinds } from "./action.ts";
import { execScript, leafScript, scriptCount } from "./hostile-program.ts";
import { bufferPages, nameAddress, pageBytes, scriptFunction } from "./layout.ts";
import {
    anyAddress,
    anyArguments,
    anyDescriptor,
    anyName,
    anyNumber,
    anySize,
    argumentCount,
    bufferAddress,
    forbiddenAddresses,
    noFunction,
    ownName,
    pagePlace,
    transferDescriptor,
    userAddress,
} from "./values.ts";

/** Numbers of calls that are drawn; beyond all that there are. */
const highestCall = 150;
/** Calls with rules of their own, or that end everything: not made at random. */
const reservedCalls: readonly number[] = [
    SystemCall.panic,
    SystemCall.halt,
    SystemCall.fork,
    SystemCall.clone,
    SystemCall.execv,
    SystemCall.ktest,
];
/** Forks, and threads, that a script starts at most, but for its beginning. */
const maxStartsPerScript = 3;

/** Makes the scripts of a case. */
export function makeScripts(random: Random): readonly (readonly Action[])[] {
    return Array.from({ length: scriptCount }, (_, index) => {
        const source = new ScriptSource(random, index);
        const length = random.between(4, index === 0 ? 80 : 40);
        return [
            ...(index === 0 ? source.beginning() : []),
            ...Array.from({ length }, () => source.next()),
        ];
    });
}

export function makeLife(random: Random): Life {
    return {
        stepCount: random.chance(1, 2) ? 0 : random.below(5000),
        milliseconds: random.chance(1, 5) ? 0 : random.pick([10, 20, 50, 100]),
    };
}

type Make = () => Action;

class ScriptSource {
    readonly #random: Random;
    readonly #script: number;
    /** Each as often as it is to be likely. */
    readonly #makes: readonly Make[];
    #starts = 0;

    constructor(random: Random, script: number) {
        this.#random = random;
        this.#script = script;
        const weights: readonly (readonly [weight: number, make: Make])[] = [
            [80, () => this.#fileCall()],
            [60, () => this.#memoryCall()],
            [50, () => this.#futexCall()],
            [40, () => this.#processCall()],
            [50, () => this.#start()],
            [30, () => this.#access()],
            [20, () => this.#userWork()],
            [25, () => this.#meet()],
            [10, () => this.#hoard()],
            [10, () => this.#anyCall()],
            [1, () => this.#trespass()],
            [1, () => this.#end()],
        ];
        this.#makes = weights.flatMap(([weight, make]) => new Array<Make>(weight).fill(make));
    }

    /** Processes and threads that begin together with the first one. */
    beginning(): readonly Action[] {
        const random = this.#random;
        return Array.from({ length: random.below(4) }, () =>
            random.chance(2, 3) ? this.#fork() : this.#clone(),
        );
    }

    next(): Action {
        return this.#random.pick(this.#makes)();
    }

    #fileCall(): Action {
        const random = this.#random;
        return random.pick<Make>([
            () => call(SystemCall.pipe),
            () => call(SystemCall.pipe),
            () => call(SystemCall.open, anyName(random), random.below(16)),
            () => call(SystemCall.open, ownName(random), random.pick([7, 7, 15])),
            () => this.#transfer(SystemCall.read, "pipe to read"),
            () => this.#transfer(SystemCall.read, "pipe to read"),
            () => this.#transfer(SystemCall.write, "pipe to write"),
            () => this.#transfer(SystemCall.write, "pipe to write"),
            () => call(SystemCall.write, 1, bufferPages, random.below(40)),
            () => call(SystemCall.close, anyDescriptor(random)),
            () => call(SystemCall.dup2, anyDescriptor(random), anyDescriptor(random)),
            () =>
                call(
                    SystemCall.lseek,
                    ...[anyDescriptor(random), anySize(random), anyNumber(random, 4)],
                ),
            () => call(SystemCall.ftruncate, anyDescriptor(random), anySize(random)),
            () => call(SystemCall.unlink, random.chance(1, 2) ? ownName(random) : anyName(random)),
            () => call(SystemCall.rename, ownName(random), ownName(random)),
            () => call(SystemCall.rename, anyName(random), anyName(random)),
            () => call(SystemCall.listFiles, anyAddress(random), anySize(random)),
        ])();
    }

    #transfer(number: number, end: "pipe to read" | "pipe to write"): Action {
        const random = this.#random;
        const address = random.chance(1, 2) ? bufferAddress(random) : anyAddress(random);
        return call(number, transferDescriptor(random, end), address, anySize(random));
    }

    #memoryCall(): Action {
        const random = this.#random;
        return random.pick<Make>([
            () => call(SystemCall.pageAlloc, pagePlace(random)),
            () => call(SystemCall.pageAlloc, pagePlace(random)),
            () => call(SystemCall.mapConsole, pagePlace(random)),
            () => call(SystemCall.kalloc),
            () => call(SystemCall.kfree, { handle: "kept page", plus: 0 }),
            () => call(SystemCall.kfree, anyNumber(random, 600)),
            () => call(SystemCall.nastyalloc),
            () => call(SystemCall.shmget, anySize(random)),
            () => call(SystemCall.shmget, random.pick([0, 4096, 8192, 65536])),
            () => call(SystemCall.shmat, { handle: "segment", plus: 0 }, 0),
            () => call(SystemCall.shmat, { handle: "segment", plus: 0 }, pagePlace(random)),
            () => call(SystemCall.shmat, anyNumber(random, 17), pagePlace(random)),
            () => call(SystemCall.shmdt, { handle: "attached", plus: 0 }),
            () => call(SystemCall.shmdt, pagePlace(random)),
            () => call(SystemCall.getusage, anyAddress(random)),
        ])();
    }

    #futexCall(): Action {
        const random = this.#random;
        const { wait, wake, waitTimeout, requeue } = FutexOperation;
        const word = () => this.#word();
        const operation = random.pick([
            wait,
            wait,
            wake,
            wake,
            waitTimeout,
            requeue,
            0,
            5,
            2 ** 32,
        ]);
        const value = random.chance(3, 4) ? random.below(2) : anyNumber(random);
        const fourth = random.chance(3, 4) ? random.below(20) : anyNumber(random);
        return call(SystemCall.futex, word(), operation, value, fourth, word());
    }

    /** A futex's word: one of few, so that threads meet. */
    #word(): Operand {
        const random = this.#random;
        return random.chance(3, 4)
            ? random.pick<Operand>([
                  bufferPages + pageBytes,
                  bufferPages + pageBytes + 4,
                  { handle: "attached", plus: 0 },
              ])
            : anyAddress(random);
    }

    #processCall(): Action {
        const random = this.#random;
        const status = () => (random.chance(1, 2) ? 0 : anyAddress(random));
        return random.pick<Make>([
            () => call(SystemCall.getpid),
            () => call(SystemCall.gettid),
            () => call(SystemCall.getppid),
            () => call(SystemCall.yield),
            () => call(SystemCall.yield),
            () => call(SystemCall.msleep, random.pick([0, 1, 10, 15, -1, 2 ** 31, Number.NaN])),
            () => call(SystemCall.waitpid, 0, status(), random.below(2)),
            () => call(SystemCall.waitpid, 0, status(), 0),
            () => call(SystemCall.waitpid, { handle: "child", plus: 0 }, status(), 0),
            () => call(SystemCall.waitpid, anyNumber(random, 17), status(), anyNumber(random)),
            () => call(SystemCall.consoletype, anyNumber(random, 2)),
            () => call(random.chance(1, 8) ? SystemCall.pause : SystemCall.sync),
            () => call(random.chance(1, 8) ? SystemCall.ktest : SystemCall.readdiskfile, 1),
        ])();
    }

    /** What starts a thread or a process, in scripts that may, as often as they may. */
    #start(): Action {
        const random = this.#random;
        if (this.#script === leafScript || this.#starts >= maxStartsPerScript) {
            return this.#userWork();
        }
        return random.pick<Make>([
            () => this.#fork(),
            () => this.#fork(),
            () => this.#clone(),
            () => this.#clone(),
            () => call(SystemCall.clone, noFunction(random), 0, anyAddress(random)),
            () =>
                call(
                    SystemCall.execv,
                    anyName(random),
                    anyArguments(random),
                    argumentCount(random),
                ),
        ])();
    }

    #fork(): Action {
        const random = this.#random;
        this.#starts++;
        const life = makeLife(random);
        if (this.#script >= execScript || random.chance(3, 4)) {
            return { do: "fork", life };
        }
        const path = random.pick(["hostile", "hostile", "true", "README", "a"] as const);
        return { do: "fork", life, becomes: { path: nameAddress(path), argumentCount: 1 } };
    }

    #clone(): Action {
        const random = this.#random;
        this.#starts++;
        const lowest = this.#script + 1;
        const script = random.between(lowest, leafScript);
        const stackTop = random.chance(9, 10)
            ? bufferPages + pageBytes * random.between(2, 3)
            : anyAddress(random);
        return call(SystemCall.clone, scriptFunction(script), random.below(10), stackTop);
    }

    #access(): Action {
        const random = this.#random;
        const kind = random.pick(accessKinds);
        const value = random.below(3);
        if (random.chance(1, 40)) {
            return { do: "access", kind, address: userAddress(random), value };
        }
        const address = random.chance(1, 2)
            ? bufferPages + pageBytes + 4 * random.below(2)
            : bufferPages + pageBytes + random.below(8000);
        return { do: "access", kind, address, value };
    }

    /** Takes as much of something as there is, or nearly. */
    #hoard(): Action {
        const random = this.#random;
        const { call: number, operands } = random.pick([
            call(SystemCall.kalloc),
            call(SystemCall.kalloc),
            call(SystemCall.pipe),
            call(SystemCall.shmget, random.pick([0, 65536])),
            call(SystemCall.shmat, { handle: "segment", plus: 0 }, 0),
            call(SystemCall.open, ownName(random), 7),
        ]);
        return { do: "call", call: number, operands, times: random.pick([15, 30, 100]) };
    }

    #userWork(): Action {
        const random = this.#random;
        return random.pick<Make>([
            () => ({ do: "check canary" }),
            () => ({ do: "check canary" }),
            () => ({ do: "own page", stepCount: random.below(60) }),
            () => ({ do: "own page", stepCount: random.below(60) }),
            () => ({ do: "linger", stepCount: random.below(200), pauses: random.chance(1, 2) }),
        ])();
    }

    #anyCall(): Action {
        const random = this.#random;
        const number = random.below(highestCall + 1);
        if (reservedCalls.includes(number)) {
            return call(random.pick([-1, 2 ** 31, Number.NaN, 0.5, 9.5]));
        }
        const operands = Array.from({ length: random.below(6) }, () =>
            random.pick<() => Operand>([
                () => anyAddress(random),
                () => anySize(random),
                () => anyNumber(random),
                () => anyDescriptor(random),
            ])(),
        );
        return call(number, ...operands);
    }

    #meet(): Action {
        const random = this.#random;
        return { do: "meet", stepCount: random.below(200), hasAlias: random.chance(1, 3) };
    }

    #trespass(): Action {
        const random = this.#random;
        if (random.chance(1, 3)) {
            return { do: "privileged", kind: random.pick(privilegedKinds) };
        }
        const kind = random.pick(accessKinds);
        return { do: "trespass", kind, address: random.pick(forbiddenAddresses) };
    }

    #end(): Action {
        const random = this.#random;
        return call(random.pick([SystemCall.exit, SystemCall.texit]), anyNumber(random, 255));
    }
}

function call(number: number, ...operands: readonly Operand[]): Action & { do: "call" } {
    return { do: "call", call: number, operands };
}
