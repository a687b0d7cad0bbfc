/** A command that a drive has taken and not yet ended: what it means, and what is due of it. */
import { sectorSize } from "../../base/sector.ts";
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import type { TraceCommandKind } from "../../disk/trace/disk-trace.ts";
import { never } from "../clock.ts";
import {
    type CommandForm,
    commandForm,
    isForcedUnitAccess,
    queueTag,
    rangeLength,
    startOffset,
} from "./ata-commands.ts";
import { SetFeature } from "./drive-settings.ts";
import type { FaultCandidate, FaultEvent } from "./fault-rules.ts";
import type { AtaCommand } from "./link.ts";
import type { CostKind, TimedCommand } from "./timing.ts";

/** What is due next: a write's data is fetched, or the command ends. */
type Moment = "data" | "end";

/** No bit of a read is turned. */
export const noBit = -1;
/** The trace does not know the command. */
export const noTraceId = -1;

/** A command at work. */
export class OutstandingCommand implements AtaCommand, TimedCommand, FaultCandidate {
    // As it arrived.
    slot = 0;
    command = 0;
    features = 0;
    lba = 0;
    count = 0;
    device = 0;

    // What that means.
    form: CommandForm = commandForm(0);
    costKind: CostKind = "other";
    faultEvent: FaultEvent = "any";
    /** The queue tag; undefined for a command that does not queue. */
    tag: number | undefined = undefined;
    byteOffset = 0;
    byteLength = 0;
    isFua = false;

    // When it is due.
    moment: Moment = "end";
    /** In ns since power-on; `never` for one that hangs. */
    dueNs = never;
    /** Counts up with each command; commands due together go by it. */
    order = 0;

    // How it will end.
    /** The error register; 0 when it will end well. */
    error = 0;
    /** The sector that the error is about. */
    errorLba = 0;
    /** How many of its leading sectors are accepted of a write that fails for its medium. */
    acceptedSectors = 0;
    /** It never ends. */
    isHanging = false;
    /** The bit of a read's data that will be turned, or `noBit`. */
    turnedBit = noBit;

    // Its data and its trace.
    /** Data of a write that must not be in the cache before the command ends. */
    held: Uint8Array | undefined = undefined;
    traceId = noTraceId;
    /** A trim's ranges, as the trace knows them. */
    rangeTraceIds: number[] = [];

    /** Becomes a command that has just arrived. */
    begin(command: AtaCommand, order: number): void {
        this.slot = command.slot;
        this.command = command.command;
        this.features = command.features;
        this.lba = command.lba;
        this.count = command.count;
        this.device = command.device;
        this.#decode();
        this.moment = "end";
        this.dueNs = never;
        this.order = order;
        this.error = 0;
        this.errorLba = 0;
        this.acceptedSectors = 0;
        this.isHanging = false;
        this.turnedBit = noBit;
        this.held = undefined;
        this.traceId = noTraceId;
        if (this.rangeTraceIds.length > 0) {
            this.rangeTraceIds = [];
        }
    }

    /** Whether the host sends data with it, so that it has a moment of data. */
    get bringsData(): boolean {
        const { action } = this.form;
        return action === "write" || action === "trim";
    }

    save(): StateRecord {
        return {
            slot: this.slot,
            command: this.command,
            features: this.features,
            lba: this.lba,
            count: this.count,
            device: this.device,
            moment: this.moment,
            dueNs: this.dueNs,
            order: this.order,
            error: this.error,
            errorLba: this.errorLba,
            acceptedSectors: this.acceptedSectors,
            isHanging: this.isHanging,
            turnedBit: this.turnedBit,
            ...(this.held === undefined ? {} : { held: this.held.slice() }),
            traceId: this.traceId,
            rangeTraceIds: [...this.rangeTraceIds],
        };
    }

    /** Throws `UserError` for what no command can be. Whether a drive has its sectors is open. */
    load(state: StateFields): void {
        this.begin(loadRegisters(state), state.number("order"));
        this.error = state.integer("error", 0, 255);
        this.errorLba = state.integer("errorLba", 0, 2 ** 48 - 1);
        const sectorCount = Math.floor(this.byteLength / sectorSize);
        this.acceptedSectors = state.integer("acceptedSectors", 0, sectorCount);
        this.moment = this.#loadMoment(state.text("moment"));
        this.dueNs = state.number("dueNs");
        if (this.dueNs !== never && !Number.isSafeInteger(this.dueNs)) {
            throw new UserError(`saved state of a drive: a command cannot be due at ${this.dueNs}`);
        }
        this.isHanging = state.boolean("isHanging");
        this.turnedBit = state.number("turnedBit");
        this.held = state.has("held") ? this.#loadHeld(state) : undefined;
        this.traceId = state.number("traceId");
        this.rangeTraceIds = [...state.numbers("rangeTraceIds")];
    }

    #loadMoment(moment: string): Moment {
        if (moment !== "data" && moment !== "end") {
            throw new UserError(`saved state of a drive: a command cannot be due for ${moment}`);
        }
        // Of what fails, only a write that the medium fails has its data fetched.
        const { action } = this.form;
        const fetchesData = action === "write" || (action === "trim" && this.error === 0);
        if (moment === "data" && !fetchesData) {
            throw new UserError(
                `saved state of a drive: ${this.form.name} cannot be due for its data`,
            );
        }
        return moment;
    }

    /** Only of a write that will end well is data held, and only when it was fetched. */
    #loadHeld(state: StateFields): Uint8Array {
        if (this.form.action !== "write" || this.error !== 0 || this.moment !== "end") {
            throw new UserError(`saved state of a drive: ${this.form.name} cannot hold data`);
        }
        return state.bytes("held", this.byteLength).slice();
    }

    #decode(): void {
        const form = commandForm(this.command);
        this.form = form;
        this.tag = form.protocol === "queued" ? queueTag(this) : undefined;
        this.byteOffset = startOffset(this, form.address);
        this.byteLength = rangeLength(this, form.address);
        this.isFua = isForcedUnitAccess(this, form);
        this.costKind = costKindOf(this);
        this.faultEvent = this.costKind === "other" ? "any" : this.costKind;
    }
}

/** What a command costs by, and fails by: turning the cache off is a flush to both. */
function costKindOf({ form, features }: OutstandingCommand): CostKind {
    switch (form.action) {
        case "read":
        case "verify":
            return "read";
        case "write":
        case "trim":
            return "write";
        case "flush":
        case "standby":
            return "flush";
        case "set features":
            return (features & 0xff) === SetFeature.disableWriteCache ? "flush" : "other";
        default:
            return "other";
    }
}

/** What the trace calls a command. A trim's ranges are written down as discards of their own. */
export function traceKindOf({ form, features }: OutstandingCommand): TraceCommandKind {
    switch (form.action) {
        case "read":
        case "write":
        case "flush":
        case "standby":
            return form.action;
        case "set features":
            return cacheSwitches[features & 0xff] ?? "other";
        default:
            return "other";
    }
}

const cacheSwitches: Readonly<Record<number, TraceCommandKind>> = {
    [SetFeature.enableWriteCache]: "cache-on",
    [SetFeature.disableWriteCache]: "cache-off",
};

/** A saved command as it arrived. */
export function loadRegisters(state: StateFields): AtaCommand {
    const register = (name: string, limit: number): number => {
        const value = state.number(name);
        if (!Number.isInteger(value) || value < 0 || value >= limit) {
            throw new UserError(`saved state of a drive: a command cannot have ${name} ${value}`);
        }
        return value;
    };
    return {
        slot: register("slot", 32),
        command: register("command", 256),
        features: register("features", 65_536),
        lba: register("lba", 2 ** 48),
        count: register("count", 65_536),
        device: register("device", 256),
    };
}
