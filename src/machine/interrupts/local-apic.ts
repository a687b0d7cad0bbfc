/**
 * A local APIC: takes interrupts for one processor, by priority, and sends them to others (Intel
 * SDM, volume 3, chapter 11). There is one for each processor; its ID is the processor's index.
 * It is an xAPIC as QEMU has it: version 0x14, six local vectors, a timer of 1 GHz without TSC
 * deadline, no x2APIC mode.
 *
 * The way of a fixed interrupt: accepted into IRR; offered to the processor as `pendingVector`
 * while its class is above the processor priority; moved to ISR by `acknowledge`; ended by a write
 * to EOI, which the I/O APICs hear of when TMR says that it was level-triggered.
 *
 * Invariants: `pendingVector` is what the priorities say, after every call; the timer's alarm is
 * set exactly when its tick would have an effect.
 */
import { assert } from "../../base/assert.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import type { Clock } from "../clock.ts";
import type { InterruptRequests } from "../cpu/wiring.ts";
import type { AccessSize, InterruptLine, NoticeSink, RegisterDevice } from "../device.ts";
import { tellOnce } from "../tell-once.ts";
import {
    type ApicBus,
    type ApicBusAgent,
    DeliveryMode,
    type InterruptMessage,
} from "./apic-bus.ts";
import { ApicTimer, type TimerJitter } from "./apic-timer.ts";
import { commandHighMask, commandLowMask, sendCommand } from "./interrupt-command.ts";
import { InterruptPriority } from "./interrupt-priority.ts";
import {
    ApicError,
    broadcastDestination,
    firstLegalVector,
    Register,
    SpuriousVector,
    versionValue,
} from "./local-apic-registers.ts";
import { LocalVector, LocalVectorTable } from "./local-vector-table.ts";
import { LogicalDestination } from "./logical-destination.ts";
import { vectorWordCount } from "./vector-set.ts";

export class LocalApic implements RegisterDevice, InterruptRequests, ApicBusAgent {
    readonly name: string;
    pendingVector = -1;
    nmiPending = false;
    readonly #cpuIndex: number;
    readonly #bus: ApicBus;
    readonly #tell: (message: string) => void;
    readonly #timer: ApicTimer;
    readonly #localVectors = new LocalVectorTable();
    readonly #priority = new InterruptPriority();
    readonly #logical = new LogicalDestination();
    #spuriousVector: number = SpuriousVector.initial;
    #commandLow = 0;
    #commandHigh = 0;
    /** ESR as it reads: the errors up to the last write to it. */
    #errorStatus = 0;
    /** The errors since; the first of them interrupts. */
    #newErrors = 0;
    /** Levels of LINT0 and LINT1. */
    readonly #lintLevels = [false, false];

    /** @param cpuIndex from 0 to 254: the processor's place, and its APIC ID. */
    constructor(
        cpuIndex: number,
        clock: Clock,
        bus: ApicBus,
        notice: NoticeSink,
        timerJitter?: TimerJitter,
    ) {
        assert(cpuIndex >= 0 && cpuIndex < broadcastDestination, "an APIC ID means one processor");
        this.name = `local-apic ${cpuIndex}`;
        this.#cpuIndex = cpuIndex;
        this.#bus = bus;
        this.#tell = tellOnce(this.name, notice);
        const onTick = () => {
            this.#deliverLocal(LocalVector.timer);
            this.#expectTimer();
        };
        this.#timer = new ApicTimer(clock, `${this.name} timer`, onTick, timerJitter);
        bus.attach(this);
    }

    get taskPriority(): number {
        return this.#priority.taskPriority;
    }

    get isEnabled(): boolean {
        return (this.#spuriousVector & SpuriousVector.enabled) !== 0;
    }

    /** The pin LINT0 or LINT1. Both are edge-triggered: a rising edge raises the pin's entry. */
    lint(pin: 0 | 1): InterruptLine {
        return {
            set: (isAsserted) => {
                const isEdge = isAsserted && !this.#lintLevels[pin];
                this.#lintLevels[pin] = isAsserted;
                if (isEdge) {
                    this.#deliverLocal(LocalVector.lint0 + pin);
                }
            },
        };
    }

    acknowledge(): number {
        const vector = this.pendingVector;
        if (vector < 0) {
            // What a processor gets that asks when there is nothing to be had (11.9).
            return this.#spuriousVector & SpuriousVector.vector;
        }
        this.#priority.take(vector);
        this.#updatePending();
        if (vector === this.#localVectors.vector(LocalVector.timer)) {
            this.#expectTimer();
        }
        return vector;
    }

    acknowledgeNmi(): void {
        this.nmiPending = false;
    }

    isAddressedBy(destination: number, mode: InterruptMessage["destinationMode"]): boolean {
        if (destination === broadcastDestination) {
            return true;
        }
        return mode === "physical"
            ? destination === this.#cpuIndex
            : this.#logical.isIn(destination);
    }

    accept(message: InterruptMessage): boolean {
        const { deliveryMode, vector } = message;
        switch (deliveryMode) {
            case DeliveryMode.fixed:
            case DeliveryMode.lowestPriority:
                if (this.isEnabled) {
                    this.#acceptVector(vector, message.trigger === "level");
                }
                return this.isEnabled;
            case DeliveryMode.startUp:
                this.#bus.processors.startUp(this.#cpuIndex, vector);
                return true;
            default:
                return this.#acceptSpecial(deliveryMode);
        }
    }

    read(offset: number, size: AccessSize): number {
        if (size !== 4 || (offset & 0xf) !== 0) {
            this.#tell(`read ${size} bytes at ${hex(offset)}: no aligned register, gives 0`);
            return 0;
        }
        if (offset >= Register.inService && offset < Register.requestsEnd) {
            return this.#readVectorSet(offset);
        }
        if (offset >= Register.localVectors && offset < Register.localVectorsEnd) {
            return this.#localVectors.entry((offset - Register.localVectors) >>> 4);
        }
        return this.#readRegister(offset);
    }

    write(offset: number, size: AccessSize, value: number): void {
        if (size !== 4 || (offset & 0xf) !== 0) {
            this.#tell(`wrote ${size} bytes at ${hex(offset)}: no aligned register, ignored`);
        } else if (offset >= Register.localVectors && offset < Register.localVectorsEnd) {
            this.#writeLocalVector((offset - Register.localVectors) >>> 4, value);
        } else {
            this.#writeRegister(offset, value);
        }
    }

    reset(): void {
        this.#lintLevels.fill(false);
        this.#initialise();
    }

    save(): StateRecord {
        return {
            version: 2,
            nmiPending: this.nmiPending,
            timer: this.#timer.save(),
            localVectors: this.#localVectors.save(),
            priority: this.#priority.save(),
            logical: this.#logical.save(),
            spuriousVector: this.#spuriousVector,
            commandLow: this.#commandLow,
            commandHigh: this.#commandHigh,
            errorStatus: this.#errorStatus,
            newErrors: this.#newErrors,
            lintLevels: this.#lintLevels.map(Number),
        };
    }

    load(state: StateFields): void {
        const word = (name: string) => state.integer(name, 0, 0xffff_ffff);
        state.expectVersion(2);
        this.nmiPending = state.boolean("nmiPending");
        this.#timer.load(state.record("timer"));
        this.#localVectors.load(state, "localVectors");
        this.#priority.load(state.record("priority"));
        this.#logical.load(state.record("logical"));
        this.#spuriousVector = word("spuriousVector");
        this.#commandLow = word("commandLow");
        this.#commandHigh = word("commandHigh");
        this.#errorStatus = word("errorStatus");
        this.#newErrors = word("newErrors");
        const [lint0, lint1] = state.integers("lintLevels", 2, 0, 1);
        this.#lintLevels[0] = lint0 !== 0;
        this.#lintLevels[1] = lint1 !== 0;
        this.#updatePending();
    }

    #readRegister(offset: number): number {
        switch (offset) {
            case Register.id:
                return this.#cpuIndex * 2 ** 24;
            case Register.version:
                return versionValue;
            case Register.taskPriority:
                return this.#priority.taskPriority;
            case Register.processorPriority:
                return this.#priority.processorPriority;
            case Register.logicalDestination:
                return this.#logical.destination;
            case Register.destinationFormat:
                return this.#logical.format;
            case Register.spuriousVector:
                return this.#spuriousVector;
            case Register.errorStatus:
                return this.#errorStatus;
            case Register.commandLow:
                return this.#commandLow;
            case Register.commandHigh:
                return this.#commandHigh;
            case Register.initialCount:
                return this.#timer.initialCount;
            case Register.currentCount:
                return this.#timer.currentCount;
            case Register.divideConfiguration:
                return this.#timer.divideConfiguration;
            case Register.arbitrationPriority:
            case Register.endOfInterrupt:
            case Register.remoteRead:
                // Arbitration and remote reads went with the APIC bus of old; EOI is for writing.
                return 0;
            default:
                this.#tell(`read the reserved register ${hex(offset)}: gives 0`);
                this.#raiseError(ApicError.illegalRegister);
                return 0;
        }
    }

    #readVectorSet(offset: number): number {
        const index = (offset >>> 4) % vectorWordCount;
        if (offset >= Register.requests) {
            return this.#priority.requests.word(index);
        }
        return offset >= Register.triggerMode
            ? this.#priority.triggerMode.word(index)
            : this.#priority.inService.word(index);
    }

    #writeRegister(offset: number, value: number): void {
        switch (offset) {
            case Register.taskPriority:
                this.#priority.taskPriority = value & 0xff;
                this.#updatePending();
                break;
            case Register.endOfInterrupt:
                this.#endInterrupt();
                break;
            case Register.logicalDestination:
                this.#logical.destination = value;
                break;
            case Register.destinationFormat:
                this.#logical.format = value;
                break;
            case Register.spuriousVector:
                this.#writeSpuriousVector(value);
                break;
            case Register.errorStatus:
                this.#errorStatus = this.#newErrors;
                this.#newErrors = 0;
                this.#expectTimer();
                break;
            case Register.commandLow:
                this.#commandLow = value & commandLowMask;
                this.#send();
                break;
            case Register.commandHigh:
                this.#commandHigh = (value & commandHighMask) >>> 0;
                break;
            case Register.initialCount:
                this.#timer.initialCount = value;
                this.#expectTimer();
                break;
            case Register.divideConfiguration:
                this.#timer.divideConfiguration = value;
                this.#expectTimer();
                break;
            default:
                this.#writeOther(offset);
        }
    }

    #writeOther(offset: number): void {
        const isReadOnly =
            offset === Register.id ||
            offset === Register.version ||
            offset === Register.arbitrationPriority ||
            offset === Register.processorPriority ||
            offset === Register.remoteRead ||
            offset === Register.currentCount ||
            (offset >= Register.inService && offset < Register.requestsEnd);
        if (isReadOnly) {
            this.#tell(`wrote the read-only register ${hex(offset)}: ignored`);
        } else {
            this.#tell(`wrote the reserved register ${hex(offset)}: ignored`);
            this.#raiseError(ApicError.illegalRegister);
        }
    }

    #writeLocalVector(index: number, value: number): void {
        this.#localVectors.write(index, value, this.isEnabled);
        if (index === LocalVector.timer) {
            this.#timer.setPeriodic(this.#localVectors.isPeriodic);
            this.#expectTimer();
        }
    }

    /** While disabled, all local vectors are masked; requests and services go on (11.4.7.2). */
    #writeSpuriousVector(value: number): void {
        this.#spuriousVector = value & SpuriousVector.writable;
        if (!this.isEnabled) {
            this.#localVectors.maskAll();
            this.#expectTimer();
        }
    }

    #send(): void {
        const result = sendCommand(this.#commandLow, this.#commandHigh, this, this.#bus);
        if (result === "illegal vector") {
            this.#raiseError(ApicError.sendIllegalVector);
        } else if (result === "invalid") {
            this.#tell(`wrote ${hex(this.#commandLow)} to the ICR, which means nothing: ignored`);
        }
    }

    #endInterrupt(): void {
        const vector = this.#priority.end();
        if (vector >= 0) {
            this.#updatePending();
            if (this.#priority.triggerMode.has(vector)) {
                this.#bus.endOfInterrupt(vector);
            }
        }
    }

    /** Raises an entry of the local vector table. */
    #deliverLocal(index: number): void {
        if (this.#localVectors.isMasked(index)) {
            return;
        }
        const deliveryMode = this.#localVectors.deliveryMode(index);
        if (deliveryMode === DeliveryMode.fixed) {
            this.#acceptVector(this.#localVectors.vector(index), false);
        } else {
            this.#acceptSpecial(deliveryMode);
        }
    }

    #acceptVector(vector: number, isLevelTriggered: boolean): void {
        if (vector < firstLegalVector) {
            this.#raiseError(ApicError.receiveIllegalVector);
        } else {
            this.#priority.request(vector, isLevelTriggered);
            this.#updatePending();
        }
    }

    /** Takes what has no vector. Returns false for a delivery mode that is not here. */
    #acceptSpecial(deliveryMode: number): boolean {
        switch (deliveryMode) {
            case DeliveryMode.nonMaskable:
                this.nmiPending = true;
                return true;
            case DeliveryMode.init:
                this.#initialise();
                this.#bus.processors.init(this.#cpuIndex);
                return true;
            default:
                this.#tell(`got an interrupt of delivery mode ${deliveryMode}: ignored`);
                return false;
        }
    }

    /** As at power-on (11.4.7.1), and after INIT (11.4.7.3). The pins stay as they are. */
    #initialise(): void {
        this.nmiPending = false;
        this.#timer.reset();
        this.#localVectors.reset();
        this.#priority.reset();
        this.#logical.reset();
        this.#spuriousVector = SpuriousVector.initial;
        this.#commandLow = 0;
        this.#commandHigh = 0;
        this.#errorStatus = 0;
        this.#newErrors = 0;
        this.#updatePending();
    }

    /** The first error after a write to ESR interrupts, the others only show (11.5.3). */
    #raiseError(error: number): void {
        const isFirst = this.#newErrors === 0;
        this.#newErrors |= error;
        if (isFirst) {
            this.#deliverLocal(LocalVector.error);
        }
    }

    #updatePending(): void {
        this.pendingVector = this.#priority.pendingVector;
    }

    /** Tells the timer whether a tick would have an effect now. */
    #expectTimer(): void {
        const vector = this.#localVectors.vector(LocalVector.timer);
        const isTickLost =
            vector < firstLegalVector
                ? (this.#newErrors & ApicError.receiveIllegalVector) !== 0
                : this.#priority.requests.has(vector);
        this.#timer.expectTicks(!this.#localVectors.isMasked(LocalVector.timer) && !isTickLost);
    }
}

function hex(offset: number): string {
    return `0x${offset.toString(16).padStart(3, "0")}`;
}
