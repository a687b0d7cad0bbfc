/**
 * A SATA drive: takes ATA commands from its port, and ends them in its own time.
 *
 * A command arrives, is checked, and given its times by the model of timing. A write's data is
 * fetched at one moment; at a later one, the command ends: reads move their data, writes and
 * flushes have kept their promise, and the host is told. Commands that are due at one instant end
 * in the order of their arrival, queued ones with a single Set Device Bits FIS.
 *
 * Queued commands that go wrong halt the queue (Serial ATA 3.0, 13.6.3): one that fails; a tag that
 * is in use already; a command that does not queue while queued ones are outstanding. All
 * outstanding ones are dropped, and everything is aborted until the host reads the NCQ command
 * error log or resets the link.
 *
 * The drive's state is what it saves. The bytes of its medium, the choices and the trace belong to
 * whoever gave them to it, and its alarm to the clock.
 */
import { assert } from "../../base/assert.ts";
import type { ByteStore } from "../../base/byte-store.ts";
import type { ChoiceStream } from "../../base/choices.ts";
import { sectorSize } from "../../base/sector.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import { type DestagePolicy, lazyDestage } from "../../disk/cache/destage-policy.ts";
import { WriteCache } from "../../disk/cache/write-cache.ts";
import type { TraceRecorder } from "../../disk/trace/recorder.ts";
import { type Alarm, type Clock, never } from "../clock.ts";
import type { NoticeSink } from "../device.ts";
import { commandForm, queueTag } from "./ata-commands.ts";
import {
    ataSignature,
    CommandExecution,
    diagnosisPassed,
    isErrorLogRead,
} from "./command-execution.ts";
import { CommandTrace, type Issuer } from "./command-trace.ts";
import { DataMover } from "./data-mover.ts";
import { DriveSettings } from "./drive-settings.ts";
import { applyFault } from "./fault-effects.ts";
import { checkFaultRule } from "./fault-rule-text.ts";
import { FaultInjector, type FaultRule } from "./fault-rules.ts";
import { type DriveIdentity, defaultIdentity } from "./identify-device.ts";
import { type AtaCommand, AtaError, AtaStatus, type HostPort, type SataDrive } from "./link.ts";
import { loadQueueError, type QueueError, saveQueueError } from "./ncq-error-log.ts";
import { OutstandingCommand } from "./outstanding-command.ts";
import { OutstandingCommands } from "./outstanding-commands.ts";
import { type DriveTiming, immediateTiming } from "./timing.ts";

/** What a drive is made of. */
export interface DriveOptions {
    /** Its name in saved states and notices, and that of its alarm. */
    readonly name?: string;
    /** What keeps its bytes when the power is off; whole sectors. */
    readonly medium: ByteStore;
    readonly clock: Clock;
    readonly choices: ChoiceStream;
    readonly notices: NoticeSink;
    readonly timing?: DriveTiming;
    /** What its cache does beside what it must. */
    readonly destage?: DestagePolicy;
    readonly faults?: readonly FaultRule[];
    readonly identity?: DriveIdentity;
    /** Whether IDENTIFY offers WRITE DMA FUA EXT, which QEMU's drive does not. */
    readonly advertisesFua?: boolean;
    /** Writes down what the host asks. */
    readonly recorder?: TraceRecorder;
    /** Who has the command issued that arrives now; the trace keeps it. */
    readonly issuer?: () => Issuer;
}

/** Status of a drive that is idle, and of commands that ended well; as QEMU's drive has it. */
const idleStatus = AtaStatus.ready | AtaStatus.seekComplete;
const errorStatus = idleStatus | AtaStatus.error;
/** Every tag. */
const allTags = 0xffff_ffff;

export class Drive implements SataDrive {
    readonly name: string;
    readonly #clock: Clock;
    readonly #choices: ChoiceStream;
    readonly #timing: DriveTiming;
    readonly #notices: NoticeSink;
    readonly #alarm: Alarm;
    readonly #cache: WriteCache;
    readonly #settings = new DriveSettings();
    readonly #faults: FaultInjector;
    readonly #trace: CommandTrace;
    readonly #mover: DataMover;
    readonly #execution: CommandExecution;
    readonly #outstanding = new OutstandingCommands();
    /** Commands that are refused at the door pass through here. */
    readonly #refused = new OutstandingCommand();
    /** Command codes that a notice was given of. */
    readonly #noticed = new Set<number>();

    /** After an error of a queued command: nothing is done until the host has asked about it. */
    #isHalted = false;
    /** What halted the queue last; the error log says it. */
    #queueError: QueueError | undefined;

    /** Throws `UserError` for a fault rule that makes no sense. */
    constructor(options: DriveOptions) {
        const { medium, clock, choices, faults = [], recorder, issuer } = options;
        assert(medium.sizeBytes % sectorSize === 0, "a drive has whole sectors");
        faults.forEach(checkFaultRule);
        this.name = options.name ?? "drive";
        this.#clock = clock;
        this.#choices = choices;
        this.#timing = options.timing ?? immediateTiming;
        this.#notices = options.notices;
        this.#alarm = clock.alarm(this.name, () => this.#ring());
        this.#cache = new WriteCache(medium, options.destage ?? lazyDestage, choices);
        this.#faults = new FaultInjector(faults, choices);
        this.#trace = new CommandTrace(recorder, clock, issuer);
        this.#mover = new DataMover(this.#cache, this.#settings, this.#trace);
        this.#execution = new CommandExecution(this.#cache, this.#settings, this.#mover, {
            identity: options.identity ?? defaultIdentity,
            sizeBytes: medium.sizeBytes,
            advertisesFua: options.advertisesFua ?? false,
        });
    }

    attach(port: HostPort): void {
        this.#mover.attach(port);
    }

    accept(command: AtaCommand): void {
        const form = commandForm(command.command);
        const isQueued = form.protocol === "queued";
        const tags = this.#outstanding.tags;
        if (this.#isHalted && !this.#endsHalt(command)) {
            this.#refuse(command);
        } else if (isQueued ? this.#outstanding.hasTag(queueTag(command)) : tags !== 0) {
            this.#outstanding.clear();
            this.#isHalted = true;
            this.#queueError = this.#refuse(command);
        } else {
            this.#begin(command);
        }
        this.#arm();
    }

    forget(slots: number): void {
        this.#outstanding.removeSlots(slots);
        this.#arm();
    }

    resetLink(): void {
        this.#dropAll();
        const sound = { status: idleStatus, error: diagnosisPassed, interrupt: false };
        this.#mover.port.sendRegisterUpdate(-1, { ...sound, ...ataSignature });
    }

    losePower(): void {
        // What a write through was to bring is neither promised nor impossible: like what the
        // cache holds, it lands or not.
        this.#cache.isOn = true;
        for (const { held, byteOffset } of this.#outstanding.inOrder()) {
            if (held !== undefined) {
                this.#cache.write(byteOffset, held, false);
            }
        }
        this.#cache.losePower();
        this.#settings.reset();
        this.#dropAll();
    }

    reset(): void {
        this.#cache.reset();
        this.#settings.reset();
        this.#faults.reset();
        this.#outstanding.reset();
        this.#dropAll();
    }

    save(): StateRecord {
        return {
            version: 1,
            cache: this.#cache.save(),
            settings: this.#settings.save(),
            faults: this.#faults.save(),
            outstanding: this.#outstanding.save(),
            isHalted: this.#isHalted,
            ...(this.#queueError === undefined
                ? {}
                : { queueError: saveQueueError(this.#queueError) }),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#cache.load(state.record("cache"));
        this.#settings.load(state.record("settings"));
        this.#faults.load(state.record("faults"));
        this.#outstanding.load(state.record("outstanding"));
        for (const command of this.#outstanding.inOrder()) {
            if (command.error === 0 && this.#execution.check(command) !== 0) {
                throw new UserError(
                    `saved state of ${this.name}: it has a command that this drive does not accept`,
                );
            }
        }
        this.#isHalted = state.boolean("isHalted");
        this.#queueError = state.has("queueError")
            ? loadQueueError(state.record("queueError"))
            : undefined;
    }

    /** Takes in a command that the protocol allows, and sets its times. */
    #begin(registers: AtaCommand): void {
        // A host can clear BSY under a command that hangs, and go on; the drive goes with it.
        this.#outstanding.removeUnqueued();
        const command = this.#outstanding.add(registers);
        this.#trace.arrived(command);
        command.error = this.#execution.check(command);
        if (command.error !== 0) {
            command.errorLba = command.byteOffset / sectorSize;
            this.#noticeUnknown(command);
        } else if (command.costKind !== "other") {
            this.#settings.isStandby = false;
        }
        const fetchesData =
            command.error === 0 &&
            applyFault(this.#faults.ruleFor(command), command, this.#choices);
        if (command.bringsData && fetchesData) {
            const delayNs = this.#timing.acceptDelayNs(command, this.#choices);
            command.moment = "data";
            command.dueNs = this.#clock.nowNs + delayNs;
            if (delayNs === 0) {
                this.#takeData(command);
            }
        } else {
            this.#setEnd(command);
        }
        if (command.tag !== undefined) {
            this.#sendRegisters(command, idleStatus, 0, false);
        }
    }

    /** The moment of a write's data. */
    #takeData(command: OutstandingCommand): void {
        // Of a write that the medium fails, some leading sectors were accepted.
        const acceptedSectors =
            command.error === 0
                ? undefined
                : this.#choices.choose(command.byteLength / sectorSize + 1);
        const error = this.#execution.takeData(command, acceptedSectors);
        if (error !== 0) {
            command.error = error;
            command.errorLba = command.byteOffset / sectorSize;
        }
        this.#cache.destage();
        this.#setEnd(command);
    }

    #setEnd(command: OutstandingCommand): void {
        command.moment = "end";
        command.dueNs = command.isHanging
            ? never
            : this.#clock.nowNs + this.#timing.serviceNs(command, this.#choices);
    }

    /** Does everything that is due now. */
    #ring(): void {
        const { nowNs } = this.#clock;
        let doneTags = 0;
        for (;;) {
            const command = this.#outstanding.next();
            if (command === undefined || command.dueNs > nowNs) {
                break;
            }
            if (command.moment === "data") {
                this.#takeData(command);
            } else if (command.tag === undefined) {
                this.#endUnqueued(command);
            } else if (this.#endQueued(command)) {
                doneTags |= 1 << command.tag;
            } else {
                this.#outstanding.clear();
                this.#isHalted = true;
                this.#queueError = queueErrorOf(command);
                this.#sendBits(doneTags, errorStatus, command.error, true);
                doneTags = 0;
            }
        }
        this.#cache.destage();
        if (doneTags !== 0) {
            this.#sendBits(doneTags, idleStatus, 0, true);
        }
        this.#arm();
    }

    /** A queued command ends. Returns whether it ended well. */
    #endQueued(command: OutstandingCommand): boolean {
        this.#finish(command);
        return command.error === 0;
    }

    #endUnqueued(command: OutstandingCommand): void {
        if (this.#isHalted && command.error === 0) {
            // Only a read of the error log came so far: the queue is empty, and works again.
            this.#isHalted = false;
            this.#sendBits(allTags, idleStatus, 0, false);
        }
        this.#finish(command);
        if (command.error !== 0) {
            command.lba = command.errorLba;
        }
        const status = command.error === 0 ? idleStatus : errorStatus;
        const isDiagnosis = command.form.action === "diagnose";
        const error = isDiagnosis && command.error === 0 ? diagnosisPassed : command.error;
        this.#sendRegisters(command, status, error, true);
    }

    /** Does a command's work, unless an error stands already; its place is free afterwards. */
    #finish(command: OutstandingCommand): void {
        if (command.error === 0) {
            command.error = this.#execution.execute(command, this.#queueError);
        }
        this.#outstanding.remove(command);
        this.#trace.ended(command, command.error === 0);
    }

    /** Answers a command at the door: aborted. Returns what the error log may say of it. */
    #refuse(registers: AtaCommand): QueueError {
        const command = this.#refused;
        command.begin(registers, 0);
        command.error = AtaError.aborted;
        command.errorLba = command.byteOffset / sectorSize;
        this.#trace.arrived(command);
        this.#trace.ended(command, false);
        this.#sendRegisters(command, errorStatus, command.error, true);
        return queueErrorOf(command);
    }

    #endsHalt(registers: AtaCommand): boolean {
        this.#refused.begin(registers, 0);
        return isErrorLogRead(this.#refused);
    }

    #dropAll(): void {
        this.#outstanding.clear();
        this.#isHalted = false;
        this.#queueError = undefined;
        this.#arm();
    }

    #sendRegisters(
        { slot, lba, count, device }: OutstandingCommand,
        status: number,
        error: number,
        interrupt: boolean,
    ): void {
        const update = { status, error, interrupt, lba, count, device };
        this.#mover.port.sendRegisterUpdate(slot, update);
    }

    #sendBits(doneTags: number, status: number, error: number, interrupt: boolean): void {
        const bits = { doneTags: doneTags >>> 0, status, error, interrupt };
        this.#mover.port.sendSetDeviceBits(bits);
    }

    /** Sets the alarm to what is due next. */
    #arm(): void {
        const dueNs = this.#outstanding.next()?.dueNs ?? never;
        if (dueNs === this.#alarm.atNs) {
            return;
        }
        if (dueNs === never) {
            this.#alarm.cancel();
        } else {
            this.#alarm.set(dueNs);
        }
    }

    /** Says once of each code that the drive does not know it. */
    #noticeUnknown({ form, command }: OutstandingCommand): void {
        if (form.action === "abort" && !this.#noticed.has(command)) {
            this.#noticed.add(command);
            const code = command.toString(16).padStart(2, "0").toUpperCase();
            const message = `the ATA command ${code}h (${form.name}) is aborted`;
            this.#notices({ device: this.name, message });
        }
    }
}

/** What the error log says of a command; `tag` is left out of one that does not queue. */
function queueErrorOf({ tag, error, errorLba, count, device }: OutstandingCommand): QueueError {
    return { tag, status: errorStatus, error, lba: errorLba, count, device };
}
