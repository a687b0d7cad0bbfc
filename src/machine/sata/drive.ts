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
import type { ChoiceStream } from "../../base/choices.ts";
import { sectorSize } from "../../base/sector.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import { lazyDestage } from "../../disk/cache/destage-policy.ts";
import { WriteCache } from "../../disk/cache/write-cache.ts";
import { type Alarm, type Clock, never } from "../clock.ts";
import { tellOnce } from "../tell-once.ts";
import { commandForm, queueTag } from "./ata-commands.ts";
import {
    ataSignature,
    CommandExecution,
    diagnosisPassed,
    isErrorLogRead,
} from "./command-execution.ts";
import { CommandTrace } from "./command-trace.ts";
import { DataMover } from "./data-mover.ts";
import type { DriveOptions } from "./drive-options.ts";
import { DriveSettings } from "./drive-settings.ts";
import { applyFault } from "./fault-effects.ts";
import { checkFaultRule } from "./fault-rule-text.ts";
import { FaultInjector } from "./fault-rules.ts";
import { defaultIdentity } from "./identify-device.ts";
import { type AtaCommand, AtaError, AtaStatus, type HostPort, type SataDrive } from "./link.ts";
import { loadQueueError, type QueueError, saveQueueError } from "./ncq-error-log.ts";
import { OutstandingCommand } from "./outstanding-command.ts";
import { OutstandingCommands } from "./outstanding-commands.ts";
import { type DriveTiming, immediateTiming } from "./timing.ts";

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
    readonly #tell: (message: string) => void;

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
        this.#tell = tellOnce(this.name, options.notices);
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
        // While queued commands are outstanding, only such may come, and with other tags.
        const isMixed = !isQueued && this.#outstanding.tags !== 0;
        const isDuplicate = isQueued && this.#outstanding.hasTag(queueTag(command));
        if (isMixed || isDuplicate || (this.#isHalted && !this.#endsHalt(command))) {
            this.#refuse(command);
        } else {
            this.#begin(command);
        }
        this.#arm();
    }

    /** What a write had brought to the cache stays there; one that was held never lands. */
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
        // A write that will fail or was refused still ends in its time; only its data stays away.
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
            // The drive is free for the next command: BSY is clear (Serial ATA 3.0, 13.6.4).
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
                // The host learns first what ended well, then that something did not, and asks.
                this.#halt(command);
                this.#sendDone(doneTags);
                this.#sendBits(0, errorStatus, command.error, true);
                doneTags = 0;
            }
        }
        this.#cache.destage();
        this.#sendDone(doneTags);
        this.#arm();
    }

    /** A queued command ends. Returns whether it ended well. */
    #endQueued(command: OutstandingCommand): boolean {
        this.#finish(command);
        return command.error === 0;
    }

    #endUnqueued(command: OutstandingCommand): void {
        if (this.#isHalted && command.error === 0) {
            // Only a read of the error log comes so far. All tags are done with, whichever the
            // host still counts; then comes the log, and the queue works again.
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

    /** Answers a command at the door: aborted. Unless the queue is halted, that halts it. */
    #refuse(registers: AtaCommand): void {
        const command = this.#refused;
        command.begin(registers, 0);
        command.error = AtaError.aborted;
        command.errorLba = command.byteOffset / sectorSize;
        if (!this.#isHalted) {
            this.#halt(command);
        }
        this.#trace.arrived(command);
        this.#trace.ended(command, false);
        this.#sendRegisters(command, errorStatus, command.error, true);
    }

    /** Drops all commands until the host asks why. */
    #halt({ tag, error, errorLba, count, device }: OutstandingCommand): void {
        this.#queueError = { tag, status: errorStatus, error, lba: errorLba, count, device };
        this.#outstanding.clear();
        this.#isHalted = true;
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

    /** Says which queued commands ended well; nothing when none did. */
    #sendDone(doneTags: number): void {
        if (doneTags !== 0) {
            this.#sendBits(doneTags, idleStatus, 0, true);
        }
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

    /** Says of a command that the drive does not know that it came. */
    #noticeUnknown({ form, command }: OutstandingCommand): void {
        if (form.action === "abort") {
            const code = command.toString(16).padStart(2, "0").toUpperCase();
            this.#tell(`the ATA command ${code}h (${form.name}) is aborted`);
        }
    }
}
