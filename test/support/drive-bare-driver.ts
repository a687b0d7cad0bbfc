/**
 * The smallest driver that keeps 32 queued commands going: it fills command structures, rings
 * doorbells, takes interrupts, and checks every byte that comes back.
 *
 * It never has two commands on one sector at a time if one of them writes; so what a read must
 * give is known.
 */
import type { Random } from "../../src/base/random.ts";
import type { Clock } from "../../src/machine/clock.ts";
import { type AhciRig, buffers, IS, PxCI, PxIS, PxSACT, PxTFD } from "./ahci-rig.ts";

const slotCount = 32;
const maxSectors = 8;
/** A slot's data lies in here, in pieces. */
const slotBytes = 0x4000;

interface Command {
    readonly isWrite: boolean;
    readonly lba: number;
    readonly sectorCount: number;
    /** Entries of the scatter-gather list: address and length. */
    readonly pieces: readonly (readonly [number, number])[];
}

export class BareDriver {
    readonly #rig: AhciRig;
    readonly #clock: Clock;
    readonly #random: Random;
    /** What each sector must hold, in words of 32 bits; 128 of them a sector. */
    readonly #content: Uint32Array;
    readonly #sectorCount: number;
    readonly #running = new Map<number, Command>();
    #nextWord = 1;
    completedCount = 0;
    /** Slots in the order in which they ended. */
    readonly endedSlots: number[] = [];
    readonly problems: string[] = [];

    constructor(rig: AhciRig, clock: Clock, random: Random, sectorCount: number) {
        this.#rig = rig;
        this.#clock = clock;
        this.#random = random;
        this.#sectorCount = sectorCount;
        this.#content = new Uint32Array(sectorCount * 128);
    }

    /** What the disk must hold. */
    get content(): Uint8Array {
        return new Uint8Array(this.#content.buffer);
    }

    /** Runs `commandCount` queued commands to their end. */
    run(commandCount: number): void {
        this.start(commandCount);
        while (this.#running.size > 0 && this.problems.length === 0) {
            this.#passTime();
        }
    }

    /** Issues `commandCount` queued commands, the last of which may still run. */
    start(commandCount: number): void {
        for (let left = commandCount; left > 0 && this.problems.length === 0; ) {
            // Time for some to end, then a burst of new commands.
            if (this.#running.size > 0) {
                this.#passTime();
            }
            for (let burst = this.#random.below(slotCount); burst > 0 && left > 0; burst--) {
                left -= this.#issue() ? 1 : 0;
            }
        }
    }

    /** FLUSH CACHE EXT in slot 0, to its end; nothing else may be outstanding. */
    flush(): void {
        this.#rig.issue({ command: 0xea });
        for (let rounds = 0; this.#rig.read(PxCI) !== 0 && rounds < 100; rounds++) {
            this.#clock.advanceTo(this.#clock.nextAlarmNs);
        }
        this.#rig.write(PxIS, 0xffff_ffff);
        this.#rig.write(IS, 0xffff_ffff);
    }

    #passTime(): void {
        const { nextAlarmNs } = this.#clock;
        if (nextAlarmNs === Number.POSITIVE_INFINITY) {
            this.problems.push(`${this.#running.size} commands never end`);
            return;
        }
        this.#clock.advanceTo(nextAlarmNs);
        if (this.#rig.isRaised) {
            this.#takeInterrupt();
        }
    }

    /** Issues a random command in a random free slot, unless it would meet one that runs. */
    #issue(): boolean {
        const slot = this.#random.below(slotCount);
        const sectorCount = this.#random.between(1, maxSectors);
        const lba = this.#random.below(this.#sectorCount - sectorCount + 1);
        const isWrite = this.#random.chance(1, 2);
        if (this.#running.has(slot) || this.#meetsAnother(isWrite, lba, sectorCount)) {
            return false;
        }
        const pieces = this.#cut(slot, sectorCount * 512);
        const command = { isWrite, lba, sectorCount, pieces };
        this.#running.set(slot, command);
        if (isWrite) {
            this.#fill(command);
        }
        const isFua = isWrite && this.#random.chance(1, 8);
        this.#rig.issueQueued({
            slot,
            command: isWrite ? 0x61 : 0x60,
            features: sectorCount,
            lba,
            device: isFua ? 0xc0 : 0x40,
            isWrite,
            buffer: pieces,
        });
        return true;
    }

    #meetsAnother(isWrite: boolean, lba: number, sectorCount: number): boolean {
        for (const other of this.#running.values()) {
            const isApart = lba + sectorCount <= other.lba || other.lba + other.sectorCount <= lba;
            if (!isApart && (isWrite || other.isWrite)) {
                return true;
            }
        }
        return false;
    }

    /** One to three pieces of a slot's memory, of even length, with gaps, that make a buffer. */
    #cut(slot: number, byteLength: number): (readonly [number, number])[] {
        const pieces: [number, number][] = [];
        let address = buffers + slot * slotBytes;
        for (let left = byteLength; left > 0; ) {
            const isLast = pieces.length === 2 || this.#random.chance(1, 2);
            const length = isLast ? left : 4 * this.#random.between(1, left / 4);
            pieces.push([address, length]);
            address += length + 4 * this.#random.below(64);
            left -= length;
        }
        return pieces;
    }

    /** Puts new content in a write's buffer, and notes it as what the disk must hold. */
    #fill({ lba, pieces }: Command): void {
        const { view } = this.#rig.memory;
        let wordNo = lba * 128;
        for (const [address, length] of pieces) {
            for (let offset = 0; offset < length; offset += 4) {
                this.#nextWord = (Math.imul(this.#nextWord, 1_664_525) + 1_013_904_223) >>> 0;
                view.setUint32(address + offset, this.#nextWord, true);
                this.#content[wordNo++] = this.#nextWord;
            }
        }
    }

    /** As a kernel's interrupt handler does it. */
    #takeInterrupt(): void {
        const interruptStatus = this.#rig.read(PxIS);
        const isFailed = (interruptStatus & 0x7800_0000) !== 0 || (this.#rig.read(PxTFD) & 1) !== 0;
        this.#rig.write(PxIS, 0xffff_ffff);
        this.#rig.write(IS, 0xffff_ffff);
        if (isFailed) {
            this.problems.push(`the port failed with PxIS ${interruptStatus.toString(16)}`);
            return;
        }
        const outstanding = this.#rig.read(PxSACT);
        for (const [slot, command] of this.#running) {
            if (((outstanding >>> slot) & 1) === 0) {
                this.#running.delete(slot);
                this.#ended(slot, command);
            }
        }
    }

    #ended(slot: number, command: Command): void {
        this.completedCount++;
        this.endedSlots.push(slot);
        const { view } = this.#rig.memory;
        let wordNo = command.lba * 128;
        for (const [address, length] of command.pieces) {
            for (let offset = 0; offset < length; offset += 4, wordNo++) {
                if (
                    !command.isWrite &&
                    view.getUint32(address + offset, true) !== this.#content[wordNo]
                ) {
                    this.problems.push(`slot ${slot} got a wrong word for byte ${wordNo * 4}`);
                    return;
                }
                // The buffer is the driver's again, and it writes there at once.
                view.setUint32(address + offset, 0xdddd_dddd, true);
            }
        }
    }
}
