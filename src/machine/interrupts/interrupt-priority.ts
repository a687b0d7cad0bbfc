/**
 * Which interrupt a processor gets next: requests (IRR), interrupts in service (ISR), their
 * trigger modes (TMR), and the task priority that holds the lesser ones back (Intel SDM, volume 3,
 * 11.8.3 and 11.8.4).
 *
 * A vector's high four bits are its priority class. A request is offered while its class is above
 * that of the processor priority: the higher one of the task priority and the interrupt in
 * service. IRR is one bit a vector, so a second request before the first is taken is lost in it.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { VectorSet, vectorWordCount } from "./vector-set.ts";

/** Bits of a priority that are its class. */
const classMask = 0xf0;

export class InterruptPriority {
    readonly requests = new VectorSet();
    readonly inService = new VectorSet();
    readonly triggerMode = new VectorSet();
    /** TPR, from 0 to 255. */
    taskPriority = 0;

    /** The vector that the processor would get now, or -1. */
    get pendingVector(): number {
        const vector = this.requests.highest();
        return (vector & classMask) > (this.processorPriority & classMask) ? vector : -1;
    }

    /** PPR, from 0 to 255. */
    get processorPriority(): number {
        const inServiceClass = Math.max(this.inService.highest(), 0) & classMask;
        return (this.taskPriority & classMask) >= inServiceClass
            ? this.taskPriority
            : inServiceClass;
    }

    /** An interrupt asks for service. */
    request(vector: number, isLevelTriggered: boolean): void {
        this.requests.add(vector);
        if (isLevelTriggered) {
            this.triggerMode.add(vector);
        } else {
            this.triggerMode.delete(vector);
        }
    }

    /** The processor takes a vector: from IRR to ISR. */
    take(vector: number): void {
        this.requests.delete(vector);
        this.inService.add(vector);
    }

    /** The processor ends what it serves. Returns the vector, or -1 when it serves none. */
    end(): number {
        const vector = this.inService.highest();
        if (vector >= 0) {
            this.inService.delete(vector);
        }
        return vector;
    }

    reset(): void {
        this.requests.clear();
        this.inService.clear();
        this.triggerMode.clear();
        this.taskPriority = 0;
    }

    save(): StateRecord {
        return {
            requests: this.requests.words,
            inService: this.inService.words,
            triggerMode: this.triggerMode.words,
            taskPriority: this.taskPriority,
        };
    }

    load(state: StateFields): void {
        const words = (name: string) => state.integers(name, vectorWordCount, 0, 0xffff_ffff);
        this.requests.words = words("requests");
        this.inService.words = words("inService");
        this.triggerMode.words = words("triggerMode");
        this.taskPriority = state.integer("taskPriority", 0, 0xff);
    }
}
