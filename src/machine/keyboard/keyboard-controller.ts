/**
 * The keyboard controller, an i8042, at ports 0x60 (data) and 0x64 (commands and status).
 *
 * One byte at a time stands in the output buffer, where the guest reads it at 0x60. A byte of the
 * controller's own, which answers a command, goes before the keyboard's; the next one moves up as
 * soon as the buffer was read. The interrupt line is high while a byte stands there (and the
 * command byte says so), hence falls and rises between two bytes: each is an edge of its own.
 * So is whatever the keyboard says while a byte stands there unread: else a guest whose pin was
 * masked at the first edge would never see another.
 *
 * It begins as firmware leaves it: translation into set 1, keyboard interrupts on, no mouse.
 * Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device
 * Controller"; where that is silent, QEMU's pckbd. No mouse is attached.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { bytePorts, type Ports } from "../byte-ports.ts";
import type { Clock } from "../clock.ts";
import type { InterruptLine, NoticeSink, Stateful } from "../device.ts";
import type { ResetControl } from "../power.ts";
import { tellOnce } from "../tell-once.ts";
import { Keyboard } from "./keyboard.ts";
import { ScanCodeTranslator } from "./scan-codes.ts";

/** Bits that a read of 0x64 gives. */
const Status = {
    outputFull: 0x01,
    /** The self test passed. Firmware ran it. */
    systemFlag: 0x04,
    /** The last write went to 0x64. */
    wasCommand: 0x08,
    /** The keyboard's lock is open. */
    unlocked: 0x10,
} as const;

/** Bits of the command byte. */
const CommandByte = {
    keyboardInterrupt: 0x01,
    keyboardOff: 0x10,
    mouseOff: 0x20,
    translation: 0x40,
    /** As SeaBIOS leaves it. */
    initial: 0x61,
} as const;

/** What a write to 0x64 asks for. */
const Command = {
    readCommandByte: 0x20,
    writeCommandByte: 0x60,
    mouseOff: 0xa7,
    mouseOn: 0xa8,
    testMouse: 0xa9,
    selfTest: 0xaa,
    testKeyboard: 0xab,
    keyboardOff: 0xad,
    keyboardOn: 0xae,
    readInputPort: 0xc0,
    readOutputPort: 0xd0,
    writeOutputPort: 0xd1,
    /** The byte that follows comes back as if the keyboard had sent it. */
    writeOutputBuffer: 0xd2,
    writeMouseBuffer: 0xd3,
    writeMouse: 0xd4,
    a20Off: 0xdd,
    a20On: 0xdf,
    /** 0xF0 to 0xFF pulse the lines of the output port whose bits are 0. */
    firstPulse: 0xf0,
} as const;

/** Answers of the controller's own. */
const Answer = { selfTestPassed: 0x55, testPassed: 0x00, inputPort: 0x80 } as const;

/** Bits of the output port. Bit 0 is the CPU's reset line, which a 0 asserts. */
const OutputPort = { noReset: 0x01, a20: 0x02, outputFull: 0x10, others: 0xcc } as const;

const none = -1;

export class KeyboardController implements Stateful {
    readonly name = "keyboard";
    /** Port 0x60. */
    readonly dataPort: Ports = bytePorts(
        () => this.#readData(),
        (_, value) => this.#writeData(value),
    );
    /** Port 0x64. */
    readonly commandPort: Ports = bytePorts(
        () => this.#status(),
        (_, value) => this.#writeCommand(value),
    );
    /** The host's keys go here. */
    readonly keyboard: Keyboard;
    readonly #line: InterruptLine;
    readonly #control: ResetControl;
    readonly #tell: (message: string) => void;
    readonly #translator = new ScanCodeTranslator();
    #commandByte: number = CommandByte.initial;
    /** What the output buffer holds, or held last. */
    #output = 0;
    #isOutputFull = false;
    /** A byte of the controller's own that waits for the buffer, or `none`. */
    #answer = none;
    /** The command whose byte comes at 0x60 next, or `none`. */
    #awaits = none;
    #wasCommand = true;

    /**
     * @param line pin 1 of the I/O APIC.
     * @param control what the output port's lines lead to.
     * @param eventIntervalNs the pace of the host's keys; see `Keyboard`.
     */
    constructor(
        clock: Clock,
        line: InterruptLine,
        control: ResetControl,
        notice: NoticeSink,
        eventIntervalNs?: number,
    ) {
        this.#line = line;
        this.#control = control;
        this.#tell = tellOnce(this.name, notice);
        this.keyboard = new Keyboard(clock, this.#tell, () => this.#hear(), eventIntervalNs);
    }

    reset(): void {
        this.keyboard.reset();
        this.#translator.sawBreakPrefix = false;
        this.#commandByte = CommandByte.initial;
        this.#output = 0;
        this.#isOutputFull = false;
        this.#answer = none;
        this.#awaits = none;
        this.#wasCommand = true;
        this.#update();
    }

    save(): StateRecord {
        return {
            version: 1,
            keyboard: this.keyboard.save(),
            sawBreakPrefix: this.#translator.sawBreakPrefix,
            commandByte: this.#commandByte,
            output: this.#output,
            isOutputFull: this.#isOutputFull,
            answer: this.#answer,
            awaits: this.#awaits,
            wasCommand: this.#wasCommand,
        };
    }

    /** The line's level is the interrupt controller's to load. */
    load(state: StateFields): void {
        state.expectVersion(1);
        this.keyboard.load(state.record("keyboard"));
        this.#translator.sawBreakPrefix = state.boolean("sawBreakPrefix");
        this.#commandByte = state.integer("commandByte", 0, 0xff);
        this.#output = state.integer("output", 0, 0xff);
        this.#isOutputFull = state.boolean("isOutputFull");
        this.#answer = state.integer("answer", none, 0xff);
        this.#awaits = state.integer("awaits", none, 0xff);
        this.#wasCommand = state.boolean("wasCommand");
    }

    #has(bit: number): boolean {
        return (this.#commandByte & bit) !== 0;
    }

    #status(): number {
        return (
            Status.systemFlag |
            Status.unlocked |
            (this.#wasCommand ? Status.wasCommand : 0) |
            (this.#isOutputFull ? Status.outputFull : 0)
        );
    }

    /** A read of an empty buffer gives what it held last. */
    #readData(): number {
        const byte = this.#output;
        this.#isOutputFull = false;
        this.#setLine();
        this.#update();
        return byte;
    }

    /** The keyboard speaks: an edge, also when its byte has to wait. */
    #hear(): void {
        this.#line.set(false);
        this.#update();
    }

    /** Fills the output buffer if it is empty and a byte waits. */
    #update(): void {
        while (!this.#isOutputFull && this.#answer === none && this.#keyboardSpeaks()) {
            const byte = this.keyboard.takeByte();
            const translated = this.#has(CommandByte.translation)
                ? this.#translator.translate(byte)
                : byte;
            if (translated !== undefined) {
                this.#output = translated;
                this.#isOutputFull = true;
            }
        }
        if (!this.#isOutputFull && this.#answer !== none) {
            this.#output = this.#answer;
            this.#answer = none;
            this.#isOutputFull = true;
        }
        this.#setLine();
    }

    #keyboardSpeaks(): boolean {
        return !this.#has(CommandByte.keyboardOff) && this.keyboard.hasByte;
    }

    #setLine(): void {
        this.#line.set(
            this.#isOutputFull &&
                this.#has(CommandByte.keyboardInterrupt) &&
                !this.#has(CommandByte.keyboardOff),
        );
    }

    #writeData(byte: number): void {
        this.#wasCommand = false;
        const command = this.#awaits;
        this.#awaits = none;
        switch (command) {
            case none:
                // The controller opens the cable to send.
                this.#commandByte &= ~CommandByte.keyboardOff;
                this.keyboard.receive(byte);
                break;
            case Command.writeCommandByte:
                this.#commandByte = byte;
                this.#update();
                break;
            case Command.writeOutputPort:
                this.#setOutputPort(byte);
                break;
            case Command.writeOutputBuffer:
                this.#reply(byte);
                break;
            default:
                this.#tell("there is no mouse to take or give a byte");
        }
    }

    #writeCommand(command: number): void {
        this.#wasCommand = true;
        this.#awaits = none;
        switch (command) {
            case Command.readCommandByte:
                this.#reply(this.#commandByte);
                break;
            case Command.writeCommandByte:
            case Command.writeOutputPort:
            case Command.writeOutputBuffer:
            case Command.writeMouseBuffer:
            case Command.writeMouse:
                this.#awaits = command;
                break;
            case Command.mouseOff:
                this.#commandByte |= CommandByte.mouseOff;
                break;
            case Command.mouseOn:
                this.#commandByte &= ~CommandByte.mouseOff;
                break;
            case Command.testMouse:
            case Command.testKeyboard:
                this.#reply(Answer.testPassed);
                break;
            case Command.selfTest:
                this.#reply(Answer.selfTestPassed);
                break;
            case Command.keyboardOff:
                this.#commandByte |= CommandByte.keyboardOff;
                this.#update();
                break;
            case Command.keyboardOn:
                this.#commandByte &= ~CommandByte.keyboardOff;
                this.#update();
                break;
            case Command.readInputPort:
                this.#reply(Answer.inputPort);
                break;
            case Command.readOutputPort:
                this.#reply(this.#outputPort());
                break;
            case Command.a20Off:
                this.#control.isA20Open = false;
                break;
            case Command.a20On:
                this.#control.isA20Open = true;
                break;
            default:
                this.#pulse(command);
        }
    }

    /** An answer that the guest has not read gives way to the next. */
    #reply(byte: number): void {
        this.#answer = byte;
        this.#update();
    }

    #outputPort(): number {
        return (
            OutputPort.others |
            OutputPort.noReset |
            (this.#control.isA20Open ? OutputPort.a20 : 0) |
            (this.#isOutputFull ? OutputPort.outputFull : 0)
        );
    }

    #setOutputPort(byte: number): void {
        this.#control.isA20Open = (byte & OutputPort.a20) !== 0;
        if ((byte & OutputPort.noReset) === 0) {
            this.#control.requestReset("keyboard controller");
        }
    }

    #pulse(command: number): void {
        if (command < Command.firstPulse) {
            this.#tell(`the keyboard controller has no command 0x${command.toString(16)}`);
        } else if ((command & OutputPort.noReset) === 0) {
            this.#control.requestReset("keyboard controller");
        }
    }
}
