/**
 * A host that keeps a drive's queue full, and a model of what a disk may answer.
 *
 * The model is a regular register for each sector: a read gives the value of a write that was
 * issued before the read ended, and that no other write followed and ended before the read began.
 * Time is a count of what the host did and saw. A host that waits before it touches sectors again
 * gets one answer; one that does not may get any that the overlap allows.
 */
import type { SataDrive } from "../../src/machine/sata/link.ts";
import type { DriveHost, Frame } from "./drive-host.ts";

/** What a script asks of the host. */
export interface ScriptStep {
    readonly action: "read" | "write" | "flush" | "cache on" | "cache off" | "wait";
    readonly lba: number;
    readonly sectorCount: number;
    readonly isQueued: boolean;
    readonly isFua: boolean;
    /** Which of the free tags a queued command takes: the first from here on. */
    readonly tag: number;
    /** How long a wait is. */
    readonly ns: number;
}

interface Write {
    readonly id: number;
    readonly issuedAt: number;
    endedAt: number;
}

interface Running {
    readonly step: ScriptStep;
    readonly slot: number;
    readonly issuedAt: number;
    readonly write: Write | undefined;
}

/** What the host needs of the machine around the drive. */
export interface DriveSide {
    readonly drive: SataDrive;
    readonly host: DriveHost;
    /** Lets time pass: `ns`, or to the next instant at which something is due. */
    pass(ns?: number): void;
}

/** Sector content by which write and place show: the id of the write, and the LBA. */
function fillSector(bytes: Uint8Array, sector: number, id: number, lba: number): void {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset + sector * 512, 128);
    for (let index = 0; index < words.length; index += 2) {
        words[index] = id;
        words[index + 1] = lba + index;
    }
}

/** The write that a sector's content is of; 0 for one never written, -1 for none whole. */
export function writerOf(bytes: Uint8Array, sector: number, lba: number): number {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset + sector * 512, 128);
    const id = words[0];
    const isWhole = words.every((word, index) => {
        if (id === 0) {
            return word === 0;
        }
        return word === (index % 2 === 0 ? id : lba + index - 1);
    });
    return isWhole ? id : -1;
}

/** Runs scripts against a drive, and collects what it answered wrongly. */
export class ModelHost {
    readonly #side: DriveSide;
    /** By LBA: the writes there, in the order of their issue. Write 0 is the empty disk. */
    readonly #writes: Write[][];
    readonly #byTag = new Map<number, Running>();
    #unqueued: Running | undefined;
    #now = 1;
    #nextWriteId = 1;
    /** What was wrong, in words. */
    readonly problems: string[] = [];
    /** Tags in the order in which their commands ended. */
    readonly endedTags: number[] = [];

    constructor(side: DriveSide, sectorCount: number) {
        this.#side = side;
        const empty = () => [{ id: 0, issuedAt: 0, endedAt: 0 }];
        this.#writes = Array.from({ length: sectorCount }, empty);
        side.host.onFrame = (frame) => this.#hear(frame);
    }

    run(steps: readonly ScriptStep[]): void {
        for (const step of steps) {
            this.step(step);
        }
        this.#waitFor(() => this.#isIdle());
    }

    step(step: ScriptStep): void {
        if (step.action === "wait") {
            this.#side.pass(step.ns);
        } else if (step.isQueued && (step.action === "read" || step.action === "write")) {
            this.#waitFor(() => this.#unqueued === undefined && this.#byTag.size < 32);
            this.#issueQueued(step);
        } else {
            this.#waitFor(() => this.#isIdle());
            this.#issueUnqueued(step);
        }
    }

    #isIdle(): boolean {
        return this.#unqueued === undefined && this.#byTag.size === 0;
    }

    #waitFor(isReached: () => boolean): void {
        for (let rounds = 0; !isReached(); rounds++) {
            if (rounds === 1000) {
                throw new Error("the drive does not end its commands");
            }
            this.#side.pass();
        }
    }

    #issueQueued(step: ScriptStep): void {
        let { tag } = step;
        while (this.#byTag.has(tag)) {
            tag = (tag + 1) % 32;
        }
        this.#byTag.set(tag, this.#running(step, tag));
        this.#side.drive.accept({
            slot: tag,
            command: step.action === "read" ? 0x60 : 0x61,
            features: step.sectorCount,
            lba: step.lba,
            count: tag << 3,
            device: step.isFua ? 0xc0 : 0x40,
        });
    }

    #issueUnqueued(step: ScriptStep): void {
        this.#unqueued = this.#running(step, step.tag);
        const codes = { read: 0x25, write: 0x35, flush: 0xea, "cache on": 0xef, "cache off": 0xef };
        const isTransfer = step.action === "read" || step.action === "write";
        const features = { "cache on": 0x02, "cache off": 0x82 };
        this.#side.drive.accept({
            slot: step.tag,
            command: step.action === "wait" ? 0 : codes[step.action],
            features:
                step.action === "cache on" || step.action === "cache off"
                    ? features[step.action]
                    : 0,
            lba: isTransfer ? step.lba : 0,
            count: isTransfer ? step.sectorCount : 0,
            device: 0x40,
        });
    }

    #running(step: ScriptStep, slot: number): Running {
        const { action, lba, sectorCount } = step;
        const issuedAt = this.#now++;
        const buffer = new Uint8Array(sectorCount * 512);
        this.#side.host.buffers[slot] = buffer;
        if (action !== "write") {
            buffer.fill(0xcc);
            return { step, slot, issuedAt, write: undefined };
        }
        const write = { id: this.#nextWriteId++, issuedAt, endedAt: Number.POSITIVE_INFINITY };
        for (let sector = 0; sector < sectorCount; sector++) {
            fillSector(buffer, sector, write.id, lba + sector);
            this.#writes[lba + sector].push(write);
        }
        return { step, slot, issuedAt, write };
    }

    #hear(frame: Frame): void {
        if (frame.frame === "register" && this.#unqueued !== undefined) {
            const running = this.#unqueued;
            this.#unqueued = undefined;
            this.#ended(running, frame.status);
        } else if (frame.frame === "bits") {
            for (let tag = 0; tag < 32; tag++) {
                const running = (frame.doneTags >>> tag) & 1 ? this.#byTag.get(tag) : undefined;
                if (running !== undefined) {
                    this.#byTag.delete(tag);
                    this.endedTags.push(tag);
                    this.#ended(running, frame.status);
                }
            }
        }
    }

    #ended({ step, slot, issuedAt, write }: Running, status: number): void {
        const endedAt = this.#now++;
        if (status !== 0x50) {
            this.problems.push(`${step.action} of ${step.lba} ended with status ${status}`);
        }
        const buffer = this.#side.host.buffers[slot];
        if (write !== undefined) {
            write.endedAt = endedAt;
        } else if (step.action === "read") {
            for (let sector = 0; sector < step.sectorCount; sector++) {
                const id = writerOf(buffer, sector, step.lba + sector);
                if (!this.#mayRead(step.lba + sector, id, issuedAt, endedAt)) {
                    this.problems.push(`sector ${step.lba + sector} cannot hold write ${id} now`);
                }
            }
        }
        // The buffer is the host's again: whoever looks at it later sees this.
        buffer.fill(0xdd);
    }

    #mayRead(lba: number, id: number, issuedAt: number, endedAt: number): boolean {
        const source = this.#writes[lba].find((write) => write.id === id);
        if (source === undefined || source.issuedAt > endedAt) {
            return false;
        }
        return !this.#writes[lba].some(
            (other) => other.issuedAt > source.endedAt && other.endedAt < issuedAt,
        );
    }
}
