/**
 * A million pokes of the machine, and proof that the fuzzer would notice: `npm run fuzz --
 * --machine` runs longer campaigns.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
    emptyMachineResult,
    type MachineResult,
    machineFailureLines,
    machineTokens,
    makeMachineCase,
    parseMachineToken,
    runMachineCase,
    type Sabotage,
} from "../../fuzz/machine/campaign.ts";
import { pokeText } from "../../fuzz/machine/poke.ts";
import { Rig } from "../../fuzz/machine/rig.ts";

/** Runs the built program, as `npm run fuzz` does. */
function fuzz(...args: readonly string[]) {
    const program = join(import.meta.dirname, "../../dist/fuzz/main.js");
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
        encoding: "utf8",
    });
    return { status, stdout, stderr };
}

/** Cases until one fails, of machines to each of which something was done. */
function hunt(sabotage: Sabotage, caseCount = 60): MachineResult {
    const result = emptyMachineResult();
    for (const token of machineTokens(5, caseCount * 500)) {
        runMachineCase(token, result, sabotage);
        if (result.failures.length > 0) {
            break;
        }
    }
    return result;
}

describe("a million pokes", () => {
    it("break nothing", () => {
        const { status, stdout, stderr } = fuzz(
            ...["--machine", "--count", "1000000", "--seed", "20261", "--jobs", "2"],
        );
        expect([status, stderr, stdout.match(/FAILURE[\s\S]*/)?.[0]]).toEqual([0, "", undefined]);
        expect(stdout).toMatch(/^1000000 pokes, 0 failures$/m);
    }, 300_000);

    it("get as far as commands that end well and that fail, on every kind of drive", () => {
        const ends = new Map<string, number>();
        for (const token of machineTokens(20_261, 100_000)) {
            const { machineSeed, pokes } = makeMachineCase(token);
            const rig = new Rig(machineSeed);
            for (const poke of pokes) {
                rig.do(poke);
            }
            for (const { kind, status } of rig.machine.diskTrace().commands) {
                const end = `${kind} ${status}`;
                ends.set(end, (ends.get(end) ?? 0) + 1);
            }
        }
        const leastCounts = {
            "read done": 200,
            "write done": 200,
            "flush done": 5,
            "other done": 20,
            "discard done": 1,
            "read failed": 50,
            "write failed": 50,
            "flush failed": 2,
        };
        const short = Object.entries(leastCounts).filter(
            ([end, count]) => (ends.get(end) ?? 0) < count,
        );
        expect(short).toEqual([]);
    });
});

describe("npm run fuzz", () => {
    it("replays a token of pokes, and tells all of them", () => {
        const { status, stdout, stderr } = fuzz("--replay", "machine:1:7");
        expect([status, stderr]).toEqual([0, ""]);
        const pokes = makeMachineCase({ seed: 1, index: 7 }).pokes.map(pokeText);
        expect(stdout.split("\n")).toEqual([
            "machine:1:7",
            ...pokes.map((text) => `  poke: ${text}`),
            "no failure",
            "",
        ]);
    });

    it("shares the pokes out among workers without changing what they are", () => {
        const lastLine = ({ stdout }: { stdout: string }) => stdout.trimEnd().split("\n").at(-1);
        const [one, two] = ["1", "2"].map((jobs) =>
            fuzz("--machine", "--count", "5000", "--seed", "3", "--jobs", jobs),
        );
        expect(lastLine(one)).toBe("5000 pokes, 0 failures");
        expect(two).toEqual(one);
    });
});

/** Machines with one defect each; the fuzzer must find every one. */
const canaries: readonly { name: string; kind: string; sabotage: Sabotage }[] = [
    {
        name: "stores one byte too many by DMA",
        kind: "write",
        sabotage: ({ machine: { memory } }) => {
            const dmaWrite = memory.dmaWrite.bind(memory);
            memory.dmaWrite = (address, source) => {
                const isDone = dmaWrite(address, source);
                if (isDone && memory.contains(address + source.length, 1)) {
                    memory.bytes[address + source.length] ^= 0xff;
                }
                return isDone;
            };
        },
    },
    {
        name: "does not say what it stored",
        kind: "write",
        sabotage: ({ machine: { memory, registers } }) => {
            const write = registers[0].write.bind(registers[0]);
            registers[0].write = (address, size, value) => {
                write(address, size, value);
                if (address === 0xfebf_1138) {
                    memory.bytes[0x5_4321]++;
                }
            };
        },
    },
    {
        name: "gives negative numbers for the highest bit",
        kind: "range",
        sabotage: ({ machine: { registers } }) => {
            const read = registers[0].read.bind(registers[0]);
            registers[0].read = (address, size) => {
                const value = read(address, size);
                return address === 0xfebf_1134 ? value | 0 : value;
            };
        },
    },
    {
        name: "throws at a port that it does not know",
        kind: "throw",
        sabotage: ({ machine: { ports } }) => {
            const write = ports.write.bind(ports);
            ports.write = (address, size, value) => {
                if (ports.regionAt(address) === undefined) {
                    throw new RangeError(`no port ${address}`);
                }
                write(address, size, value);
            };
        },
    },
    {
        name: "sets an alarm for now whenever one rings",
        kind: "work",
        sabotage: ({ machine: { clock } }) => {
            const alarm = clock.alarm("canary", () => alarm.set(clock.nowNs));
            alarm.set(1_000_000);
        },
    },
    {
        name: "forgets a register when it is saved",
        kind: "differs",
        sabotage: ({ machine: { power } }) => {
            const load = power.load.bind(power);
            power.load = (state) => {
                load(state);
                power.isA20Open = true;
            };
        },
    },
];

describe("a machine", () => {
    it.each(canaries)("that $name is found out (canary)", ({ kind, sabotage }) => {
        expect(hunt(sabotage).failures.map((failure) => failure.kind)).toEqual([kind]);
    });
});

describe("a failure of the machine", () => {
    const { sabotage } = canaries[3];

    it("comes again from its token alone, with only the pokes that it needs", () => {
        const [failed] = hunt(sabotage).failures;
        const [, seed, index] = /--replay machine:(\d+):(\d+)/.exec(
            machineFailureLines(failed).join("\n"),
        ) ?? ["", "", ""];
        const token = parseMachineToken(`machine:${seed}:${index}`);
        expect(token).toEqual(failed.token);
        const again = emptyMachineResult();
        runMachineCase(failed.token, again, sabotage);
        expect(again.failures).toEqual([failed]);
        expect(failed.pokes).toHaveLength(1);
        expect(failed.pokes[0]).toMatch(/^out(8|16|32) port 0x[0-9a-f]+, 0x[0-9a-f]+$/);
        expect(failed.message).toMatch(/^RangeError: no port \d+$/);
    });

    it("is told with its token and pokes", () => {
        const failure = {
            token: { seed: 7, index: 12 },
            kind: "work",
            message: "2001 alarms, more than 2000",
            pokes: ["leap"],
        };
        expect(machineFailureLines(failure)).toEqual([
            "FAILURE (work): 2001 alarms, more than 2000",
            "  replay with: npm run fuzz -- --replay machine:7:12",
            "  poke: leap",
        ]);
    });

    it.each(["", "machine", "machine:1", "machine:1:x", "inodes:1:2", "machine:-1:2"])(
        "has no token like %j",
        (text) => expect(parseMachineToken(text)).toBeUndefined(),
    );
});
