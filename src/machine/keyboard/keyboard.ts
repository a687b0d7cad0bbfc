/**
 * The keyboard at the end of its cable: keys that a host presses, and commands of its own.
 *
 * A host's keys wait as events in a queue and leave it at a person's pace, in virtual time: one at
 * a time, `eventIntervalNs` apart, and none while the guest has not fetched the one before. So a
 * pasted text never overruns a guest, and a guest that does not listen loses nothing. What the
 * keyboard has to say waits here until the controller takes it; answers to commands go first.
 *
 * An event that cannot leave is announced all the same, once, at the same pace: a guest that began
 * to listen too late for the edge of a first key gets another with the next key, as on QEMU. Keys
 * that were all announced before anybody listened wait for one more.
 *
 * Invariant: no more events are announced than wait.
 *
 * It has scan code sets 1 and 2, and does not repeat keys that are held. Commands: IBM PS/2
 * Hardware Interface Technical Reference, "Keyboards (101- and 102-key)".
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import type { Alarm, Clock } from "../clock.ts";
import { ByteQueue } from "./byte-queue.ts";
import { eventsOf, pressEvent, releaseBit, releaseEvent } from "./key-events.ts";
import { type KeyName, keys } from "./keys.ts";
import { scanCodes } from "./scan-codes.ts";

/** Nanoseconds between key events: 1 ms, about what a byte takes on the cable. */
const defaultEventIntervalNs = 1_000_000;

/** Key events that wait, at most. */
const maxWaitingEvents = 2 ** 20;
/** The part of them that only keys let go may take, so that no key stays down for want of room. */
const eventsForReleases = 128;

/** Longest answer, and longest code of a key: E0 F0 and a byte. */
const maxWaitingBytes = 3;

/** What the controller sends to the keyboard. */
const Command = {
    setIndicators: 0xed,
    echo: 0xee,
    scanCodeSet: 0xf0,
    identify: 0xf2,
    setTypematic: 0xf3,
    enable: 0xf4,
    disable: 0xf5,
    setDefaults: 0xf6,
    resend: 0xfe,
    reset: 0xff,
} as const;

/** What the keyboard answers. */
const Answer = {
    testPassed: 0xaa,
    echo: 0xee,
    acknowledge: 0xfa,
    resend: 0xfe,
    /** Of a keyboard with 101 or 102 keys. */
    identity: [0xab, 0x83],
} as const;

/** Typematic rate and delay from power-on: 10.9 a second after 500 ms. */
const defaultTypematic = 0x2b;

export class Keyboard {
    readonly #clock: Clock;
    readonly #alarm: Alarm;
    readonly #tell: (message: string) => void;
    readonly #onBytes: () => void;
    readonly #eventIntervalNs: number;
    readonly #events = new ByteQueue(maxWaitingEvents);
    /** How many of the waiting events were announced: the first ones. */
    #announcedCount = 0;
    /** Bytes that wait for the controller. */
    #answers: number[] = [];
    #codes: number[] = [];
    /** The byte that the controller took last. */
    #lastByte = 0;
    /** The next event does not leave before. */
    #nextEventNs = 0;
    /** The command whose parameter comes next, or 0. */
    #awaits = 0;
    #scanCodeSet: 1 | 2 = 2;
    #isScanning = true;
    #indicators = 0;
    #typematic: number = defaultTypematic;

    /**
     * @param onBytes is called when a byte can be taken, and for a key whose bytes wait behind it.
     * @param eventIntervalNs virtual time from one key event to the next.
     */
    constructor(
        clock: Clock,
        tell: (message: string) => void,
        onBytes: () => void,
        eventIntervalNs = defaultEventIntervalNs,
    ) {
        this.#clock = clock;
        this.#tell = tell;
        this.#onBytes = onBytes;
        this.#eventIntervalNs = eventIntervalNs;
        this.#alarm = clock.alarm("keyboard", () => this.#passOn());
    }

    /** Key events that the guest has yet to get. */
    get waitingEvents(): number {
        return this.#events.length;
    }

    /** The lights: bit 0 Scroll Lock, bit 1 Num Lock, bit 2 Caps Lock. */
    get indicators(): number {
        return this.#indicators;
    }

    press(key: KeyName): void {
        this.#enter(pressEvent(key), eventsForReleases);
    }

    release(key: KeyName): void {
        this.#enter(releaseEvent(key), 0);
    }

    /**
     * Types a text, key after key. Throws `UserError`, and types nothing, when a character is not
     * on the keyboard or the text is longer than what may wait.
     */
    type(text: string): void {
        const events = eventsOf(text);
        const room = Math.max(0, this.#events.room - eventsForReleases);
        if (events.length > room) {
            throw new UserError(
                `cannot type ${events.length} key events at once: there is room for ${room}; ` +
                    "type the text in parts",
            );
        }
        for (const event of events) {
            this.#events.push(event);
        }
        this.#schedule();
    }

    /** Whether a byte waits for the controller. */
    get hasByte(): boolean {
        return this.#answers.length > 0 || this.#codes.length > 0;
    }

    /** The controller takes a byte; there must be one. */
    takeByte(): number {
        const source = this.#answers.length > 0 ? this.#answers : this.#codes;
        this.#lastByte = source.shift() ?? 0;
        this.#schedule();
        return this.#lastByte;
    }

    /** The controller sends a byte: a command, or the parameter that the last one wants. */
    receive(byte: number): void {
        // A byte that can only be a command ends the wait for a parameter.
        const awaits = byte >= Command.setIndicators ? 0 : this.#awaits;
        this.#awaits = 0;
        if (awaits === 0) {
            this.#carryOut(byte);
        } else {
            this.#carryOutWith(awaits, byte);
        }
        this.#onBytes();
    }

    reset(): void {
        this.#alarm.cancel();
        this.#events.clear();
        this.#announcedCount = 0;
        this.#answers = [];
        this.#codes = [];
        this.#lastByte = 0;
        this.#nextEventNs = 0;
        this.#awaits = 0;
        this.#indicators = 0;
        this.#setDefaults();
        this.#isScanning = true;
    }

    save(): StateRecord {
        return {
            version: 1,
            events: this.#events.toBytes(),
            announcedCount: this.#announcedCount,
            answers: Uint8Array.from(this.#answers),
            codes: Uint8Array.from(this.#codes),
            lastByte: this.#lastByte,
            nextEventNs: this.#nextEventNs,
            awaits: this.#awaits,
            scanCodeSet: this.#scanCodeSet,
            isScanning: this.#isScanning,
            indicators: this.#indicators,
            typematic: this.#typematic,
        };
    }

    /** The alarm is the clock's to load. */
    load(state: StateFields): void {
        state.expectVersion(1);
        const events = state.bytes("events");
        if (
            events.length > maxWaitingEvents ||
            events.some((event) => (event & ~releaseBit) >= keys.length)
        ) {
            throw new UserError("saved state of the keyboard: field events is no list of keys");
        }
        this.#events.clear();
        for (const event of events) {
            this.#events.push(event);
        }
        this.#announcedCount = state.integer("announcedCount", 0, events.length);
        this.#answers = waitingBytes(state, "answers");
        this.#codes = waitingBytes(state, "codes");
        this.#lastByte = state.integer("lastByte", 0, 0xff);
        this.#nextEventNs = state.integer("nextEventNs", 0, Number.MAX_SAFE_INTEGER);
        this.#awaits = state.integer("awaits", 0, 0xff);
        this.#scanCodeSet = state.integer("scanCodeSet", 1, 2) === 1 ? 1 : 2;
        this.#isScanning = state.boolean("isScanning");
        this.#indicators = state.integer("indicators", 0, 7);
        this.#typematic = state.integer("typematic", 0, 0x7f);
    }

    #enter(event: number, roomKept: number): void {
        if (this.#events.room <= roomKept) {
            this.#tell("a key was dropped: the guest has not fetched the keys before it");
            return;
        }
        this.#events.push(event);
        this.#schedule();
    }

    /** The next event leaves, or is announced, when its time has come. */
    #schedule(): void {
        const doneCount = this.#codes.length === 0 ? 0 : this.#announcedCount;
        if (this.#events.length > doneCount) {
            this.#alarm.set(this.#nextEventNs);
        }
    }

    #passOn(): void {
        this.#nextEventNs = this.#clock.nowNs + this.#eventIntervalNs;
        if (this.#codes.length > 0) {
            this.#announcedCount++;
            this.#onBytes();
        } else {
            this.#sendEvent();
        }
        this.#schedule();
    }

    #sendEvent(): void {
        const event = this.#events.shift();
        this.#announcedCount = Math.max(0, this.#announcedCount - 1);
        if (this.#isScanning) {
            this.#codes = scanCodes(event, this.#scanCodeSet);
            this.#onBytes();
        } else {
            this.#tell("keys were lost: the guest has switched the keyboard's scanning off");
        }
    }

    #carryOut(command: number): void {
        switch (command) {
            case Command.setIndicators:
            case Command.scanCodeSet:
            case Command.setTypematic:
                this.#awaits = command;
                this.#answers = [Answer.acknowledge];
                break;
            case Command.echo:
                this.#answers = [Answer.echo];
                break;
            case Command.identify:
                this.#answers = [Answer.acknowledge, ...Answer.identity];
                break;
            case Command.enable:
                this.#codes = [];
                this.#isScanning = true;
                this.#answers = [Answer.acknowledge];
                break;
            case Command.disable:
                this.#setDefaults();
                this.#isScanning = false;
                this.#answers = [Answer.acknowledge];
                break;
            case Command.setDefaults:
                this.#setDefaults();
                this.#answers = [Answer.acknowledge];
                break;
            case Command.resend:
                this.#answers = [this.#lastByte];
                break;
            case Command.reset:
                this.#setDefaults();
                this.#isScanning = true;
                this.#indicators = 0;
                this.#answers = [Answer.acknowledge, Answer.testPassed];
                break;
            default:
                this.#tell(`the keyboard has no command 0x${command.toString(16)}`);
                this.#answers = [Answer.resend];
        }
        this.#schedule();
    }

    #carryOutWith(command: number, parameter: number): void {
        this.#answers = [Answer.acknowledge];
        if (command === Command.setIndicators) {
            this.#indicators = parameter & 7;
        } else if (command === Command.setTypematic) {
            this.#typematic = parameter & 0x7f;
        } else if (parameter === 0) {
            this.#answers = [Answer.acknowledge, this.#scanCodeSet];
        } else if (parameter === 1 || parameter === 2) {
            this.#scanCodeSet = parameter;
        } else {
            this.#tell(`the keyboard has no scan code set ${parameter}`);
            this.#answers = [Answer.resend];
        }
    }

    /** What a keyboard has from power-on; scan codes on their way are dropped. */
    #setDefaults(): void {
        this.#codes = [];
        this.#scanCodeSet = 2;
        this.#typematic = defaultTypematic;
    }
}

/** Bytes that wait for the controller: of one answer, or of one key event. */
function waitingBytes(state: StateFields, name: string): number[] {
    const bytes = state.bytes(name);
    if (bytes.length > maxWaitingBytes) {
        throw new UserError(`saved state of the keyboard: field ${name} has too many bytes`);
    }
    return [...bytes];
}
