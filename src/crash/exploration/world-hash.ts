/**
 * The hash of a machine's world: memory, devices and disk, without the schedule that led there and
 * the choices that were made.
 *
 * It tells whether another schedule gave the same run, as `preempt:` gives that of a recording.
 */
import { PageDigests } from "../../base/page-images.ts";
import { sha256 } from "../../base/sha256.ts";
import { encodeState } from "../../base/state.ts";
import type { Machine } from "../../machine/machine.ts";

/** 64 hexadecimal digits. The trace of the disk is history, and is not in it. */
export function worldHash(machine: Machine): string {
    const { devices, memory, disk } = machine.save();
    const { interleaver: _, ...others } = devices;
    const pages = new PageDigests();
    // As with `stateHash`, a page of the disk that was written counts also if nothing changed.
    const world = {
        devices: others,
        memory: pages.digest(memory.entries()),
        disk: pages.digest([...(disk ?? [])].sort(([one], [other]) => one - other)),
    };
    const digest = sha256(encodeState(world));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
