/**
 * Shared memory: segments of pages that several processes, or one at several places, have mapped.
 *
 * A segment has its pages by one reference each. It counts its attachments, and goes when the last
 * one does; a segment that nobody ever attached goes when its creator's memory does. An attachment
 * is a segment at an address of a process; fork gives the child its parent's, exit and execv drop
 * them.
 *
 * Identifiers are a slot and a generation, so that of a segment that is gone is E_INVAL for a long
 * time, and never means somebody else's.
 *
 * One lock guards all. Page tables change under it, so that an attachment is mapped exactly while
 * it is in the list. Only for a detached one it takes longer: its pages are out of the tables and
 * it is out of the list, but it is counted, and its place taken, until no CPU can reach them.
 *
 * Invariants, asserted: a segment's count is let down as often as it was let up, and its pages are
 * freed when no page table and no translation has them.
 */
import { pageSize } from "../../base/page-size.ts";
import type { Context } from "../../machine/cpu/context.ts";
import {
    maxAttachments,
    maxSegmentPages,
    maxSegments,
    UserAddress,
} from "../interface/constants.ts";
import { ErrorCode } from "../interface/error-code.ts";
import type { Kernel } from "../kernel.ts";
import { kernelAssert } from "../panic.ts";
import type { Process } from "../processes/process.ts";
import type { Steps } from "../steps.ts";
import { SpinLock } from "../sync/spin-lock.ts";
import type { Task } from "../tasks/task.ts";
import type { AddressSpace } from "./address-space.ts";

interface Segment {
    readonly id: number;
    /** Physical addresses. */
    readonly pages: readonly number[];
    readonly creatorPid: number;
    attachmentCount: number;
}

interface Attachment {
    readonly segment: Segment;
    readonly address: number;
}

export class SharedMemory {
    readonly #kernel: Pick<Kernel, "order" | "pages" | "faults">;
    readonly #lock: SpinLock;
    readonly #slots = new Array<Segment | undefined>(maxSegments).fill(undefined);
    /** By slot: how many segments it has had. */
    readonly #generations = new Array<number>(maxSegments).fill(0);
    /** By pid, in the order in which they were made. */
    readonly #attachments = new Map<number, Attachment[]>();

    constructor(kernel: Pick<Kernel, "order" | "pages" | "faults">) {
        this.#kernel = kernel;
        this.#lock = new SpinLock(kernel.order, "shared memory");
    }

    /** For a look from outside. */
    get segmentCount(): number {
        return this.#slots.filter((segment) => segment !== undefined).length;
    }

    /**
     * Makes a segment of zeros.
     *
     * @param byteLength rounded up to whole pages; 0 is one page.
     * @returns its id, from 1 on. E_INVAL: too large; E_NOSPC: too many segments; E_NOMEM.
     */
    *get(task: Task, byteLength: number): Steps<number> {
        const { context, process } = task;
        const pageCount = Math.max(1, Math.ceil(byteLength / pageSize));
        if (!(pageCount <= maxSegmentPages)) {
            return ErrorCode.invalid;
        }
        const pages = yield* this.#allocate(context, pageCount);
        if (pages === undefined) {
            return ErrorCode.noMemory;
        }
        const hadInterrupts = yield* this.#lock.acquire(context);
        const id = this.#add(process.pid, pages);
        yield* this.#lock.release(context, hadInterrupts);
        if (id === ErrorCode.noSpace) {
            yield* this.#free(context, pages);
        }
        return id;
    }

    /**
     * Attaches a segment to the task's process.
     *
     * @param address where; 0 for a place that is free.
     * @returns where. E_INVAL: there is no such segment, or it cannot be there; E_MFILE: the
     *   process has too many; E_NOMEM.
     */
    *attach(task: Task, id: number, address: number): Steps<number> {
        const { context, process } = task;
        const hadInterrupts = yield* this.#lock.acquire(context);
        const segment = this.#slots.find((one) => one?.id === id);
        const attachments = this.#attachmentsOf(process.pid);
        let result: number;
        if (segment === undefined || !mayBeAt(address, segment.pages.length)) {
            result = ErrorCode.invalid;
        } else if (attachments.length >= maxAttachments) {
            result = ErrorCode.tooManyDescriptors;
        } else {
            const place = address === 0 ? undefined : address;
            result = yield* process.memory.mapShared(context, place, segment.pages);
            if (result >= 0) {
                segment.attachmentCount++;
                attachments.push({ segment, address: result });
            }
        }
        yield* this.#lock.release(context, hadInterrupts);
        return result;
    }

    /** Detaches what is attached at an address of the task's process. E_INVAL: nothing is. */
    *detach(task: Task, address: number): Steps<number> {
        const { context, process } = task;
        const hadInterrupts = yield* this.#lock.acquire(context);
        const attachments = this.#attachmentsOf(process.pid);
        const index = attachments.findIndex((attachment) => attachment.address === address);
        const attachment = attachments.at(index);
        if (index < 0 || attachment === undefined) {
            yield* this.#lock.release(context, hadInterrupts);
            return ErrorCode.invalid;
        }
        attachments.splice(index, 1);
        const { segment } = attachment;
        yield* process.memory.unmapShared(context, address, segment.pages.length);
        yield* this.#lock.release(context, hadInterrupts);

        // Other threads may reach the pages still, on other CPUs; the count keeps them.
        yield* process.memory.forgetTranslations(context);
        yield* process.memory.vacate(context, address, segment.pages.length);
        const hasInterrupts = yield* this.#lock.acquire(context);
        const freed = this.#uncount(segment);
        yield* this.#lock.release(context, hasInterrupts);
        yield* this.#free(context, freed);
        return 0;
    }

    /**
     * fork: attaches to a child what its parent has, at the same addresses.
     *
     * @param addressSpace the child's, which nobody else knows yet.
     * @returns false when there is no memory; then `releaseAll` takes back what was done.
     */
    *inherit(
        context: Context,
        parent: Process,
        childPid: number,
        addressSpace: AddressSpace,
    ): Steps<boolean> {
        const hadInterrupts = yield* this.#lock.acquire(context);
        const inherited = this.#attachmentsOf(childPid);
        kernelAssert(inherited.length === 0, `the new process ${childPid} has no shared memory`);
        let isComplete = true;
        for (const { segment, address } of this.#attachmentsOf(parent.pid)) {
            if ((yield* addressSpace.mapShared(context, address, segment.pages)) < 0) {
                isComplete = false;
                break;
            }
            inherited.push({ segment, address });
            // Planted: the child's attachment is not counted, so the segment goes one too early.
            if (!this.#kernel.faults.has("fork-forgets-shared-reference")) {
                segment.attachmentCount++;
            }
        }
        yield* this.#lock.release(context, hadInterrupts);
        return isComplete;
    }

    /**
     * Drops all that a process has attached, and what it made and nobody attached.
     *
     * @param addressSpace the process's, which no CPU has loaded any more.
     */
    *releaseAll(context: Context, pid: number, addressSpace: AddressSpace): Steps {
        const freed: number[] = [];
        const hadInterrupts = yield* this.#lock.acquire(context);
        for (const { segment, address } of this.#attachmentsOf(pid)) {
            yield* addressSpace.unmapShared(context, address, segment.pages.length);
            freed.push(...this.#uncount(segment));
        }
        this.#attachments.delete(pid);
        for (const segment of this.#slots) {
            if (segment?.creatorPid === pid && segment.attachmentCount === 0) {
                freed.push(...this.#remove(segment));
            }
        }
        yield* this.#lock.release(context, hadInterrupts);
        yield* this.#free(context, freed);
    }

    /** Gives a segment a slot. Returns its id, or E_NOSPC. The caller holds the lock. */
    #add(creatorPid: number, pages: readonly number[]): number {
        const slot = this.#slots.indexOf(undefined);
        if (slot < 0) {
            return ErrorCode.noSpace;
        }
        const id = this.#generations[slot] * maxSegments + slot + 1;
        this.#generations[slot]++;
        this.#slots[slot] = { id, pages, creatorPid, attachmentCount: 0 };
        return id;
    }

    #attachmentsOf(pid: number): Attachment[] {
        const attachments = this.#attachments.get(pid) ?? [];
        this.#attachments.set(pid, attachments);
        return attachments;
    }

    /** Counts an attachment less. Returns the pages to be freed: all when it was the last. */
    #uncount(segment: Segment): readonly number[] {
        kernelAssert(
            segment.attachmentCount > 0,
            `shared segment ${segment.id} is let go of as often as it was attached`,
        );
        segment.attachmentCount--;
        return segment.attachmentCount === 0 ? this.#remove(segment) : [];
    }

    #remove(segment: Segment): readonly number[] {
        const slot = this.#slots.indexOf(segment);
        kernelAssert(slot >= 0, `shared segment ${segment.id} is freed once`);
        this.#slots[slot] = undefined;
        return segment.pages;
    }

    *#allocate(context: Context, pageCount: number): Steps<readonly number[] | undefined> {
        const pages: number[] = [];
        while (pages.length < pageCount) {
            const page = yield* this.#kernel.pages.allocate(context, 0);
            if (page < 0) {
                yield* this.#free(context, pages);
                return undefined;
            }
            pages.push(page);
        }
        return pages;
    }

    *#free(context: Context, pages: readonly number[]): Steps {
        for (const page of pages) {
            yield* this.#kernel.pages.release(context, page);
        }
    }
}

/** Whether a program may ask for pages at an address: 0, or where programs have memory. */
function mayBeAt(address: number, pageCount: number): boolean {
    const end = address + pageCount * pageSize;
    return (
        address === 0 ||
        (address % pageSize === 0 && address >= UserAddress.text && end <= UserAddress.end)
    );
}
