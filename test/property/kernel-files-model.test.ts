/** System calls on files, in any order, against a model of tables, arrays and queues. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OpenFile } from "../../src/kernel/files/open-file.ts";
import { SystemCall } from "../../src/kernel/interface/system-call.ts";
import type { Kernel } from "../../src/kernel/kernel.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import type { User } from "../../src/programs/library/user.ts";
import { FilesModel } from "../support/kernel-files-model.ts";
import { runFiles } from "../support/kernel-files-rig.ts";

type Call =
    | readonly ["open", name: string, flags: number]
    | readonly ["close" | "ftruncate", descriptor: number, size: number]
    | readonly ["dup2", source: number, target: number]
    | readonly ["pipe"]
    | readonly ["read" | "write", descriptor: number, byteLength: number]
    | readonly ["lseek", descriptor: number, distance: number, origin: number]
    | readonly ["unlink", name: string]
    | readonly ["rename", from: string, to: string];

const names = ["a", "b", "c", "text"];
const bootFiles = new Map([["text", Uint8Array.from({ length: 5000 }, (_, at) => at % 251)]]);
const allFiles = new Map([["main", new TextEncoder().encode("#!program main\n")], ...bootFiles]);

// Not 0 to 2, so that the screen is left alone; a few are always closed or cannot be.
const descriptor = fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 3, max: 8 }) },
    { weight: 1, arbitrary: fc.constantFrom(-1, 31, 32, 33, 1000, -2_147_483_648) },
);
const name = fc.constantFrom(...names);
const length = fc.oneof(
    fc.integer({ min: 0, max: 600 }),
    fc.constantFrom(0, 1, 511, 512, 4095, 4096, 4097, 6000),
);
const call: fc.Arbitrary<Call> = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.constant("open"), name, fc.integer({ min: 0, max: 15 })) },
    { weight: 2, arbitrary: fc.tuple(fc.constant("close"), descriptor, fc.constant(0)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("dup2"), descriptor, descriptor) },
    { weight: 1, arbitrary: fc.constant<Call>(["pipe"]) },
    { weight: 6, arbitrary: fc.tuple(fc.constantFrom("read", "write"), descriptor, length) },
    {
        weight: 3,
        arbitrary: fc.tuple(
            fc.constant("lseek"),
            descriptor,
            fc.oneof(
                fc.integer({ min: -5000, max: 9000 }),
                fc.constantFrom(1_048_575, 1_048_576, 1_048_000, 2 ** 40),
            ),
            fc.integer({ min: -1, max: 4 }),
        ),
    },
    {
        weight: 1,
        arbitrary: fc.tuple(
            fc.constant("ftruncate"),
            descriptor,
            fc.oneof(fc.integer({ min: -1, max: 9000 }), fc.constant(1_048_577)),
        ),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constant("unlink"), name) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("rename"), name, name) },
);
/** Some files and a pipe are open from the beginning, so that calls find something. */
const firstCalls: readonly Call[] = [["open", "text", 3], ["open", "a", 7], ["pipe"]];
const calls = fc
    .array(call, { minLength: 20, maxLength: 80 })
    .map((sequence) => [...firstCalls, ...sequence]);

/** What is written by the call with a number: bytes that tell it from others. */
function written(callNo: number, byteLength: number): number[] {
    return Array.from({ length: byteLength }, (_, at) => (at * 7 + callNo * 31) & 0xff);
}

/** Makes each call, and the model's; a difference is thrown into the run. */
function* compare(user: User, model: FilesModel, sequence: readonly Call[]): Steps {
    const buffer = user.heap + 4096;
    yield* user.pageAlloc(buffer);
    yield* user.pageAlloc(buffer + 4096);
    for (const [callNo, one] of sequence.entries()) {
        const [actual, expected] = yield* both(user, buffer, model, callNo, one);
        expect([callNo, ...one, "gives", actual]).toEqual([callNo, ...one, "gives", expected]);
    }
    const listed = yield user.call(SystemCall.listFiles, buffer, 4096);
    expect(yield* user.loadBytes(buffer, listed)).toBe(`${model.names.join("\n")}\n`);
}

/** What the kernel and the model give for a call. */
function* both(
    user: User,
    buffer: number,
    model: FilesModel,
    callNo: number,
    one: Call,
): Steps<readonly [unknown, unknown]> {
    switch (one[0]) {
        case "open":
            return [yield* user.open(one[1], one[2]), model.open(one[1], one[2])];
        case "close":
            return [yield* user.close(one[1]), model.close(one[1])];
        case "dup2":
            return [yield* user.dup2(one[1], one[2]), model.dup2(one[1], one[2])];
        case "pipe":
            return [yield* user.pipe(), model.pipe()];
        case "read": {
            const expected = model.read(one[1], one[2]);
            if (expected === undefined) {
                return [0, 0];
            }
            const result = yield* user.read(one[1], buffer, one[2]);
            return typeof expected === "number"
                ? [result, expected]
                : [yield* user.loadBytes(buffer, result), String.fromCharCode(...expected)];
        }
        case "write": {
            const bytes = written(callNo, one[2]);
            const expected = model.write(one[1], bytes);
            if (expected === undefined) {
                return [0, 0];
            }
            yield* user.storeBytes(buffer, String.fromCharCode(...bytes));
            return [yield* user.write(one[1], buffer, one[2]), expected];
        }
        case "lseek": {
            const [, file, distance, origin] = one;
            return [yield* user.lseek(file, distance, origin), model.lseek(file, distance, origin)];
        }
        case "ftruncate":
            return [
                yield user.call(SystemCall.ftruncate, one[1], one[2]),
                model.ftruncate(one[1], one[2]),
            ];
        case "unlink":
            return [yield* user.unlink(one[1]), model.unlink(one[1])];
        case "rename": {
            const [from, to] = [yield* user.localString(one[1]), yield* user.localString(one[2])];
            return [yield user.call(SystemCall.rename, from, to), model.rename(one[1], one[2])];
        }
    }
}

function run(sequence: readonly Call[], prepare?: (kernel: Kernel) => void): void {
    const model = new FilesModel(allFiles);
    runFiles((user) => compare(user, model, sequence), {
        files: bootFiles,
        memoryBytes: 8 * 2 ** 20,
        ...(prepare === undefined ? {} : { prepare }),
    });
}

describe("system calls on files", () => {
    it("do what the model does, in any order, and lose nothing", () => {
        fc.assert(
            fc.property(calls, (sequence) => run(sequence)),
            { seed: 4301, numRuns: 60 },
        );
    });

    it("are told from calls that leave the offset one byte short (canary)", () => {
        const prepare = (kernel: Kernel) => {
            const { make } = kernel.openFiles;
            kernel.openFiles.make = (vnode, mode) => {
                const file = make.call(kernel.openFiles, vnode, mode);
                file.read = function* (task, address, byteLength) {
                    const { read } = OpenFile.prototype;
                    const result = yield* read.call(file, task, address, byteLength);
                    if (result > 1) {
                        yield* file.seek(task.context, -1, 1);
                    }
                    return result;
                };
                return file;
            };
        };
        expect(() =>
            fc.assert(
                fc.property(calls, (sequence) => run(sequence, prepare)),
                { seed: 4301, numRuns: 60, endOnFailure: true },
            ),
        ).toThrow("Property failed after");
    });
});
