import { describe, expect, it } from "vitest";
import { KernelRun } from "../../src/crash/kernel-run.ts";

describe("the kernel", () => {
    it.each([1, 2, 4, 8, 16])("boots on %i CPUs, runs a program, and switches off", (cpuCount) => {
        const run = new KernelRun({ command: ["true"], seed: 1, cpuCount });
        expect(run.finish()).toEqual({
            kind: "passed",
            message: "the program and all orphans ended with status 0",
        });
        expect(run.kernel.endedProcesses).toEqual([
            { pid: 2, name: "true", status: 0, isFirst: true },
        ]);
    });

    it("fails when the program does", () => {
        const run = new KernelRun({ command: ["false"], seed: 1 });
        expect(run.finish()).toEqual({
            kind: "failed",
            message: "process 2 (false) ended with status 1",
        });
    });

    it("says so when there is no such program", () => {
        const run = new KernelRun({ command: ["nosuch"], seed: 1 });
        expect(run.finish()).toMatchObject({
            kind: "failed",
            message: "cannot run nosuch: E_NOENT",
        });
    });
});
