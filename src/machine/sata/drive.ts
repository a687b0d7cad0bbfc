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
 * A command that is dropped has ended, failed: of a write, the cache has what it had accepted, and
 * nothing else will come. Only a loss of power leaves commands that never end.
 *
 * Of a write that the medium fails, the drive accepts some leading sectors; but all of them or none
 * where the cache's policy has whole requests, for else it would tear what the cache may not.
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
import { CommandExecution, isErrorLogRead } from "./command-execution.ts";
import { CommandTrace } from "./command-trace.ts";
import { DataMover } from "./data-mover.ts";
import type { DriveOptions } from "./drive-options.ts";
import { DriveSettings } from "./drive-settings.ts";
import { applyFault } from "./fault-effects.ts";
import { checkFaultRule } from "./fault-rule-text.ts";
import { FaultInjector } from "./fault-rules.ts";
import { HostLink } from "./host-link.ts";
import { defaultIdentity } from "./identify-device.ts";
import { type AtaCommand, AtaError, type HostPort, type SataDrive } from "./link.ts";
import { OutstandingCommand } from "./outstanding-command.ts";
import { OutstandingCommands } from "./outstanding-commands.ts";
import { QueueHalt } from "./queue-halt.ts";
import { type DriveTiming, immediateTiming } from "./timing.ts";

export class Drive implements SataDrive {
    readonly name: string;
    readonly #clock: Clock;
    readonly #choices: ChoiceStream;
    readonly #timing: DriveTiming;
    /** Whether the drive accepts all of a write that the medium fails, or none. */
    readonly #acceptsWhole: boolean;
    readonly #alarm: Alarm;
    readonly #cache: WriteCache;
    readonly #settings = new DriveSettings();
    readonly #faults: FaultInjector;
    readonly #trace: CommandTrace;
    readonly #link = new HostLink();
    readonly #execution: CommandExecution;
    readonly #outstanding = new OutstandingCommands();
    readonly #halt = new QueueHalt();
    /** Commands that are refused at the door pass through here. */
    readonly #refused = new OutstandingCommand();
    readonly #tell: (message: string) => void;

    /** Throws `UserError` for a fault rule that makes no sense. */
    constructor(options: DriveOptions) {
        const { medium, clock, choices, faults = [], recorder, issuer } = options;
        const destage = options.destage ?? lazyDestage;
        assert(medium.sizeBytes % sectorSize === 0, "a drive has whole sectors");
        faults.forEach(checkFaultRule);
        this.name = options.name ?? "drive";
        this.#clock = clock;
        this.#choices = choices;
        this.#timing = options.timing ?? immediateTiming;
        this.#acceptsWhole = destage.powerLoss === "requests";
        this.#tell = tellOnce(this.name, options.notices);
        this.#alarm = clock.alarm(this.name, () => this.#ring());
        this.#cache = new WriteCache(medium, destage, choices);
        this.#faults = new FaultInjector(faults, choices);
        this.#trace = new CommandTrace(recorder, clock, issuer);
        const mover = new DataMover(this.#cache, this.#settings, this.#trace, this.#link);
        this.#execution = new CommandExecution(this.#cache, this.#settings, mover, {
            identity: options.identity ?? defaultIdentity,
            sizeBytes: medium.sizeBytes,
            advertisesFua: options.advertisesFua ?? false,
        });
    }

    /** Slots of the commands that it has not answered yet, a bit each. */
    get unansweredSlots(): number {
        return this.#outstanding.inOrder().reduce((slots, { slot }) => slots | (1 << slot), 0);
    }

    /** Whether its trace, if there is one, waits for what its commands have yet to tell. */
    get fitsTrace(): boolean {
        return this.#outstanding.inOrder().every((command) => this.#trace.fits(command));
    }

    attach(port: HostPort): void {
        this.#link.attach(port);
    }

    accept(command: AtaCommand): void {
        const form = commandForm(command.command);
        const isQueued = form.protocol === "queued";
        // While queued commands are outstanding, only such may come, and with other tags.
        const isMixed = !isQueued && this.#outstanding.tags !== 0;
        const isDuplicate = isQueued && this.#outstanding.hasTag(queueTag(command));
        if (isMixed || isDuplicate || (this.#halt.isHalted && !this.#endsHalt(command))) {
            this.#refuse(command);
        } else {
            this.#begin(command);
        }
        this.#arm();
    }

    /** What a write had brought to the cache stays there; one that was held never lands. */
    forget(slots: number): void {
        for (const command of this.#outstanding.inOrder()) {
            if ((slots & (1 << command.slot)) !== 0) {
                this.#drop(command);
            }
        }
        this.#arm();
    }

    resetLink(): void {
        this.#dropAll();
        this.#halt.reset();
        this.#arm();
        this.#link.signature();
    }

    /** The recorder's trace ends; it is to be reset before commands come again. */
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
        this.#trace.powerLost();
        this.#settings.reset();
        this.#outstanding.clear();
        this.#halt.reset();
        this.#arm();
    }

    reset(): void {
        this.#cache.reset();
        this.#settings.reset();
        this.#faults.reset();
        this.#outstanding.reset();
        this.#halt.reset();
        this.#arm();
    }

    save(): StateRecord {
        return {
            version: 1,
            cache: this.#cache.save(),
            settings: this.#settings.save(),
            faults: this.#faults.save(),
            outstanding: this.#outstanding.save(),
            halt: this.#halt.save(),
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        this.#cache.load(state.record("cache"));
        this.#settings.load(state.record("settings"));
        this.#faults.load(state.record("faults"));
        this.#outstanding.load(state.record("outstanding"));
        for (const command of this.#outstanding.inOrder()) {
            const isRefused = command.error !== 0 && command.moment === "end";
            if (!isRefused && this.#execution.check(command) !== 0) {
                throw new UserError(
                    `saved state of ${this.name}: it has a command that this drive does not accept`,
                );
            }
        }
        this.#halt.load(state.record("halt"));
    }

    /** Takes in a command that the protocol allows, and sets its times. */
    #begin(registers: AtaCommand): void {
        // A host can clear BSY under a command that hangs, and go on; the drive goes with it.
        if (this.#outstanding.unqueued !== undefined) {
            this.#drop(this.#outstanding.unqueued);
        }
        const command = this.#outstanding.add(registers);
        this.#trace.arrived(command);
        command.error = this.#execution.check(command);
        if (command.error !== 0) {
            command.errorLba = this.#execution.refusedLba(command);
            this.#noticeUnknown(command);
        } else if (command.costKind !== "other") {
            this.#settings.isStandby = false;
        }
        const fetchesData =
            command.error === 0 &&
            applyFault(this.#faults.ruleFor(command), command, this.#choices, this.#acceptsWhole);
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
            this.#link.taken(command);
        }
    }

    /** The moment of a write's data. */
    #takeData(command: OutstandingCommand): void {
        const error = this.#execution.takeData(command);
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
                this.#haltAt(command);
                this.#link.queuedDone(doneTags);
                this.#link.queuedFailed(command.error);
                doneTags = 0;
            }
        }
        this.#cache.destage();
        this.#link.queuedDone(doneTags);
        this.#arm();
    }

    /** A queued command ends. Returns whether it ended well. */
    #endQueued(command: OutstandingCommand): boolean {
        this.#finish(command);
        return command.error === 0;
    }

    #endUnqueued(command: OutstandingCommand): void {
        if (this.#halt.isHalted && command.error === 0) {
            // Only a read of the error log comes so far. First the tags are released, then comes
            // the log, and the queue works again.
            this.#halt.end();
            this.#link.queueReleased();
        }
        this.#finish(command);
        if (command.error !== 0) {
            command.lba = command.errorLba;
        }
        this.#link.ended(command);
    }

    /** Does a command's work, unless an error stands already; its place is free afterwards. */
    #finish(command: OutstandingCommand): void {
        if (command.error === 0) {
            command.error = this.#execution.execute(command, this.#halt.error);
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
        this.#trace.arrived(command);
        if (!this.#halt.isHalted) {
            this.#haltAt(command);
        }
        this.#trace.ended(command, false);
        this.#link.ended(command);
    }

    /** Drops all commands, for what went wrong with one, until the host asks why. */
    #haltAt(command: OutstandingCommand): void {
        this.#halt.begin(command);
        this.#dropAll();
    }

    #endsHalt(registers: AtaCommand): boolean {
        this.#refused.begin(registers, 0);
        return isErrorLogRead(this.#refused);
    }

    #dropAll(): void {
        for (const command of this.#outstanding.inOrder()) {
            this.#drop(command);
        }
    }

    /** A command ends without an answer of its own. */
    #drop(command: OutstandingCommand): void {
        this.#outstanding.remove(command);
        this.#trace.ended(command, false);
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
