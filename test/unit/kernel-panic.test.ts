import { describe, expect, it } from "vitest";
import {
    KernelDeadlock,
    KernelPanic,
    kernelAssert,
    ProgramFailure,
} from "../../src/kernel/panic.ts";
import { program } from "../../src/programs/library/program.ts";
import { makeRun } from "../support/kernel-settings.ts";
import { runTasks } from "../support/kernel-tasks-rig.ts";

const one = { cpuCount: 2, schedule: "round-robin", seed: 1 };

describe("the kernel's ways to give up", () => {
    it("have messages that say what it was", () => {
        expect(() => kernelAssert(false, "a page is free")).toThrow(
            new KernelPanic("kernel invariant broken: a page is free"),
        );
        expect(() => kernelAssert(true, "a page is free")).not.toThrow();
        expect(new ProgramFailure(3, "testpipe").message).toBe(
            "PANIC: process 3 (testpipe) called sys_panic()",
        );
        const deadlock = new KernelDeadlock([
            { tid: 1, pid: 1, name: "init", waitsFor: "a child" },
            { tid: 4, pid: 2, name: "sh", waitsFor: "pipe 3 to be read" },
        ]);
        expect(deadlock.message).toBe(
            "deadlock: every task waits\n" +
                "  T1 (P1, init) waits for a child\n" +
                "  T4 (P2, sh) waits for pipe 3 to be read",
        );
        expect([deadlock.name, deadlock instanceof KernelPanic]).toEqual(["KernelDeadlock", true]);
    });
});

describe("a run", () => {
    it("ends as a panic when a kernel task breaks an invariant", () => {
        const outcome = runTasks(one, () => [
            function* (_kernel, { context }) {
                yield context.step();
                kernelAssert(false, "two and two are five");
            },
        ]);
        expect(outcome).toMatchObject({
            kind: "panic",
            message: "kernel invariant broken: two and two are five",
        });
    });

    it("ends as a panic when the kernel uses an address that is not there", () => {
        const outcome = runTasks(one, () => [
            function* (_kernel, { context }) {
                yield context.load(-4096, 4);
            },
        ]);
        expect(outcome).toMatchObject({
            kind: "panic",
            message: "task 0, CPU 1: exception 14 in the kernel, address 0x-1000",
        });
    });

    it("ends as a panic when the page of a task was overwritten", () => {
        const outcome = runTasks(one, () => [
            function* (kernel, { context, page }) {
                yield context.store(page - 2 ** 47, 4, 0);
                expect(kernel.pages.referenceCount(page)).toBe(1);
            },
        ]);
        expect(outcome).toMatchObject({
            kind: "panic",
            message: "the stack page of T3 (P1, init) was overwritten while CPU 1 was on it",
        });
    });

    it("ends as failed, not as a panic, when a program finds something wrong", () => {
        const image = program("picky", (user) => user.check(2 + 2, 5, "the sum"));
        const run = makeRun(image, one);
        expect(run.finish()).toMatchObject({
            kind: "failed",
            message: "PANIC: process 2 (picky) called sys_panic()",
        });
        expect(run.machine.console.usedRows()).toContain("picky: the sum: expected 5, got 4");
    });
});
