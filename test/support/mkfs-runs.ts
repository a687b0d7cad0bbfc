/** Runs of `mkchickadeefs` on a few files in memory. */
import { expect } from "vitest";
import { mkchickadeefs } from "../../src/cli/mkfs-command.ts";
import { type MemoryHostOptions, type ProgramRun, runProgram } from "./memory-host.ts";

/** Bytes that differ from block to block. */
export const pattern = (sizeBytes: number) =>
    Uint8Array.from({ length: sizeBytes }, (_, index) => (index * 7 + (index >> 8)) % 251);

/** The files of every run that brings no others. */
export const files = {
    "/a.txt": "alpha\n",
    "/b.txt": "beta\n",
    "/large": pattern(100_000),
    "/old.img": "precious",
    "/tree/z": "last",
    "/tree/A": "first",
    "/tree/sub/deep/x": "deep",
    "/tree/sub/b": pattern(5000),
};

export function mkfs(args: readonly string[], options: MemoryHostOptions = {}): ProgramRun {
    return runProgram(mkchickadeefs, args, { files, ...options });
}

/** What a run printed on standard error; its exit status must be 1. */
export function failure(args: readonly string[], options: MemoryHostOptions = {}): string {
    const result = mkfs(args, options);
    expect(result.status).toBe(1);
    expect(result.stdout()).toBe("");
    return result.stderr();
}

/** The image at /out.img after a run that must succeed. */
export function made(args: readonly string[], options: MemoryHostOptions = {}): Uint8Array {
    const result = mkfs(["-o", "/out.img", ...args], options);
    expect(result.stderr()).toBe("");
    expect(result.status).toBe(0);
    return result.readFile("/out.img");
}

/** Comparing megabytes, this is a thousand times as fast as toEqual. */
export const isSame = (bytes: Uint8Array | undefined, expected: Uint8Array) =>
    Buffer.compare(bytes ?? new Uint8Array(0), expected) === 0;

export const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("latin1");
