/**
 * A host that keeps on writing to a drive that fails: it reads the error log after errors, resets
 * the link of a drive that hangs, clears commands that it has lost patience with, and goes on.
 */
import { type DriveBench, sectorsOf } from "./drive-host.ts";
import { markedSectors } from "./drive-power-loss.ts";

/** What the host does next. */
export type HostStep =
    | {
          readonly do: "write";
          readonly tag: number;
          readonly lba: number;
          readonly sectorCount: number;
          readonly isQueued: boolean;
          readonly isFua: boolean;
      }
    | { readonly do: "flush" | "cache on" | "cache off" | "standby" | "reset" }
    | { readonly do: "forget"; readonly slots: number }
    | { readonly do: "wait"; readonly ns: number };

/** Longer than any command takes that ends. */
const patienceNs = 5000;

const registersOf = {
    flush: { command: 0xea },
    "cache on": { command: 0xef, features: 0x02 },
    "cache off": { command: 0xef, features: 0x82 },
    standby: { command: 0xe0 },
} as const;

export class RecoveringHost {
    readonly #bench: DriveBench;
    #busyTags = 0;
    #isUnqueuedBusy = false;
    #hasFailed = false;
    #writeCount = 0;

    constructor(bench: DriveBench) {
        this.#bench = bench;
        bench.host.onFrame = (frame) => {
            if (frame.frame === "bits") {
                this.#busyTags &= ~frame.doneTags;
                this.#hasFailed ||= (frame.status & 1) !== 0;
            } else if (frame.frame === "register" && frame.interrupt) {
                this.#isUnqueuedBusy = false;
                this.#hasFailed ||= (frame.status & 1) !== 0 && this.#busyTags !== 0;
            }
        };
    }

    do(step: HostStep): void {
        if (this.#hasFailed) {
            this.#askWhy();
        }
        switch (step.do) {
            case "write":
                this.#write(step);
                break;
            case "reset":
                this.#reset();
                break;
            case "forget":
                this.#bench.drive.forget(step.slots);
                this.#busyTags &= ~step.slots;
                this.#isUnqueuedBusy &&= (step.slots & 1) === 0;
                break;
            case "wait":
                this.#pass(step.ns);
                break;
            default:
                this.#settle(true);
                this.#isUnqueuedBusy = true;
                this.#bench.issue(registersOf[step.do]);
        }
    }

    /** Resets the link, then writes every sector, flushes, and does both until they succeed. */
    rewriteAll(sectorCount: number): void {
        this.#reset();
        for (const [registers, buffer] of [
            [{ command: 0x35, count: sectorCount }, sectorsOf(sectorCount, 0x77)],
            [{ command: 0xea }, undefined],
        ] as const) {
            let status = 0;
            for (let attempts = 0; status !== 0x50 && attempts < 1000; attempts++) {
                const last = this.#bench.command(registers, buffer);
                status = last?.frame === "register" && last.slot === 0 ? last.status : 0;
                if (status === 0) {
                    this.#reset();
                }
            }
        }
    }

    #write({ tag, lba, sectorCount, isQueued, isFua }: HostStep & { readonly do: "write" }): void {
        if (isQueued && (this.#busyTags & (1 << tag)) !== 0) {
            return;
        }
        this.#settle(!isQueued);
        this.#writeCount++;
        const slot = isQueued ? tag : 0;
        this.#bench.host.buffers[slot] = markedSectors(this.#writeCount, lba, sectorCount);
        if (isQueued) {
            this.#busyTags |= 1 << tag;
            const queued = { command: 0x61, slot, count: tag << 3, features: sectorCount };
            this.#bench.issue({ ...queued, lba, device: isFua ? 0xc0 : 0x40 });
        } else {
            this.#isUnqueuedBusy = true;
            this.#bench.issue({ command: 0x35, lba, count: sectorCount });
        }
    }

    /** Waits until what does not go together with a new command has ended, or makes it end. */
    #settle(isForUnqueued: boolean): void {
        const isBusy = () => this.#isUnqueuedBusy || (isForUnqueued && this.#busyTags !== 0);
        if (isBusy()) {
            this.#pass(patienceNs);
        }
        if (this.#hasFailed) {
            this.#askWhy();
        }
        if (isBusy()) {
            this.#reset();
        }
    }

    /** After an error of a queued command the log says which, and the queue works again. */
    #askWhy(): void {
        this.#busyTags = 0;
        this.#hasFailed = false;
        this.#bench.command({ command: 0x2f, lba: 0x10, count: 1 }, new Uint8Array(512));
    }

    #reset(): void {
        this.#bench.drive.resetLink();
        this.#busyTags = 0;
        this.#isUnqueuedBusy = false;
        this.#hasFailed = false;
    }

    #pass(ns: number): void {
        const { clock } = this.#bench;
        clock.advanceTo(clock.nowNs + ns);
    }
}
