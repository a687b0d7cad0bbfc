import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/base/user-error.ts";
import { Clock } from "../../src/machine/clock.ts";
import type { Context } from "../../src/machine/cpu/context.ts";
import type { Program } from "../../src/machine/cpu/operation.ts";
import { KeyboardController } from "../../src/machine/keyboard/keyboard-controller.ts";
import { type KeyName, keys } from "../../src/machine/keyboard/keys.ts";
import { Machine } from "../../src/machine/machine.ts";
import { decoded, drain } from "../support/chickadee-keyboard.ts";
import {
    CountedLine,
    handOver,
    noticeList,
    poke,
    stateBytes,
    stateFields,
} from "../support/device-rig.ts";

const seed = 20_264;
const msNs = 1_000_000;

function rig() {
    const clock = new Clock();
    const line = new CountedLine();
    const notices = noticeList();
    const control = {
        isA20Open: true,
        resets: [] as string[],
        requestReset(by: string) {
            this.resets.push(by);
        },
    };
    const controller = new KeyboardController(clock, line, control, notices.sink);
    const { keyboard } = controller;
    const status = () => controller.commandPort.read(0, 1);
    const read = () => controller.dataPort.read(0, 1);
    const command = (value: number) => controller.commandPort.write(0, 1, value);
    const data = (value: number) => controller.dataPort.write(0, 1, value);
    /** Lets time pass, and returns what the interrupt handler read meanwhile. */
    const run = (durationNs: number) => {
        const bytes: number[] = [];
        const endNs = clock.nowNs + durationNs;
        for (let rises = line.riseCount; clock.nextAlarmNs <= endNs; rises = line.riseCount) {
            clock.advanceTo(clock.nextAlarmNs);
            if (line.riseCount > rises) {
                bytes.push(...drain(controller));
            }
        }
        clock.advanceTo(endNs);
        return bytes;
    };
    return {
        clock,
        line,
        control,
        controller,
        keyboard,
        status,
        read,
        command,
        data,
        run,
        messages: notices.messages,
    };
}

type Rig = ReturnType<typeof rig>;

/** Hands all of a machine that a keyboard needs to another one. */
function handOverRig(from: Rig, to: Rig): void {
    handOver(from.clock, to.clock);
    handOver(from.controller, to.controller);
    to.line.isHigh = from.line.isHigh;
    to.line.riseCount = from.line.riseCount;
    to.control.isA20Open = from.control.isA20Open;
}

const keyboardCharacters =
    " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`" +
    "abcdefghijklmnopqrstuvwxyz{|}~\n\t\b\x1b\x01\x03\x04\x11\x1a";
const anyText = fc.string({ unit: fc.constantFrom(...keyboardCharacters), maxLength: 60 });

/** The text that a kernel reads after it was typed, all of it. */
function typedAndRead(text: string, deliver = (bytes: number[]) => bytes): string {
    const { keyboard, run } = rig();
    keyboard.type(text);
    return decoded(deliver(run(text.length * 4 * msNs + msNs)));
}

describe("the keyboard", () => {
    it("gives a kernel every text that was typed", () => {
        fc.assert(
            fc.property(anyText, (text) => {
                expect(typedAndRead(text)).toBe(text);
            }),
            { seed, numRuns: 300 },
        );
    });

    it("catches its canary: a cable that loses the release of Shift", () => {
        const lossy = (bytes: number[]) => bytes.filter((byte) => byte !== 0xaa);
        expect(typedAndRead("Abc", lossy)).not.toBe("Abc");
    });

    it("types every line end as Enter and DEL as Backspace", () => {
        expect(typedAndRead("a\r\nb\rc\nd\x7f")).toBe("a\nb\nc\nd\b");
    });

    it("sends the bytes that were recorded from QEMU for the key e", () => {
        const { keyboard, run, status, clock, read } = rig();
        expect(status()).toBe(0x1c);
        keyboard.press("e");
        clock.advanceTo(0);
        expect(status()).toBe(0x1d);
        expect(read()).toBe(0x12);
        expect(status()).toBe(0x1c);
        keyboard.release("e");
        expect(run(msNs)).toEqual([0x92]);
    });

    it.each<[KeyName, number[]]>([
        ["escape", [0x01, 0x81]],
        ["backspace", [0x0e, 0x8e]],
        ["enter", [0x1c, 0x9c]],
        ["left shift", [0x2a, 0xaa]],
        ["right shift", [0x36, 0xb6]],
        ["f1", [0x3b, 0xbb]],
        ["f7", [0x41, 0xc1]],
        ["f10", [0x44, 0xc4]],
        ["f12", [0x58, 0xd8]],
        ["keypad 0", [0x52, 0xd2]],
        ["keypad enter", [0xe0, 0x1c, 0xe0, 0x9c]],
        ["right ctrl", [0xe0, 0x1d, 0xe0, 0x9d]],
        ["up", [0xe0, 0x48, 0xe0, 0xc8]],
        ["delete", [0xe0, 0x53, 0xe0, 0xd3]],
        ["page down", [0xe0, 0x51, 0xe0, 0xd1]],
    ])("sends %s in set 1, pressed and let go", (key, bytes) => {
        const { keyboard, run } = rig();
        keyboard.press(key);
        keyboard.release(key);
        expect(run(5 * msNs)).toEqual(bytes);
    });

    it("sends set 2 as it is when translation is off", () => {
        const { keyboard, run, command, data } = rig();
        command(0x60);
        data(0x01);
        keyboard.type("a");
        keyboard.press("up");
        keyboard.release("up");
        expect(run(9 * msNs)).toEqual([0x1c, 0xf0, 0x1c, 0xe0, 0x75, 0xe0, 0xf0, 0x75]);
    });

    it("sends the same in set 1 without translation as in set 2 with it, for every key", () => {
        const bytesOf = (setUp: (machine: Rig) => void) => {
            const machine = rig();
            setUp(machine);
            for (const { name } of keys) {
                machine.keyboard.press(name);
                machine.keyboard.release(name);
            }
            return machine.run(1000 * msNs);
        };
        const translated = bytesOf(() => {});
        const untranslated = bytesOf(({ command, data, controller }) => {
            command(0x60);
            data(0x01);
            data(0xf0);
            data(0x01);
            drain(controller);
        });
        expect(untranslated).toEqual(translated);
        expect(translated.length).toBeGreaterThan(2 * keys.length);
    });

    it("refuses a text with a character that it does not have, and types none of it", () => {
        const { keyboard } = rig();
        expect(() => keyboard.type("10 €")).toThrow(
            new UserError(
                'cannot type U+20AC "€", character 4 of the text: a US keyboard has no key for ' +
                    "it; leave it out",
            ),
        );
        expect(() => keyboard.type("\x00")).toThrow(
            new UserError(
                'cannot type U+0000 "\\x00", character 1 of the text: a US keyboard has no key ' +
                    "for it; leave it out",
            ),
        );
        expect(keyboard.waitingEvents).toBe(0);
    });

    it("sends one key event a millisecond of virtual time", () => {
        const { keyboard, run, clock } = rig();
        clock.advanceTo(5 * msNs);
        keyboard.type("Hi");
        expect(run(0)).toEqual([0x2a]);
        expect(run(msNs - 1)).toEqual([]);
        expect(run(1)).toEqual([0x23]);
        expect(run(4 * msNs)).toEqual([0xa3, 0xaa, 0x17, 0x97]);
        expect(keyboard.waitingEvents).toBe(0);
    });

    it("sends no key event before the guest has fetched the last one, and loses none", () => {
        const { keyboard, clock, controller, run, line } = rig();
        keyboard.type("slow");
        clock.advanceTo(1000 * msNs);
        // Eight events, each announced once.
        expect(line.riseCount).toBe(8);
        expect(clock.nextAlarmNs).toBe(Number.POSITIVE_INFINITY);
        expect(decoded([...drain(controller), ...run(20 * msNs)])).toBe("slow");
    });

    it("announces a key that is typed while others wait unread, at its pace and once", () => {
        const { keyboard, clock, line, controller, run } = rig();
        keyboard.type("ab");
        clock.advanceTo(100 * msNs);
        const rises = line.riseCount;
        keyboard.press("c");
        keyboard.press("d");
        clock.advanceTo(100 * msNs);
        expect([line.riseCount - rises, line.isHigh]).toEqual([1, true]);
        clock.advanceTo(101 * msNs - 1);
        expect(line.riseCount - rises).toBe(1);
        clock.advanceTo(200 * msNs);
        expect(line.riseCount - rises).toBe(2);
        expect(clock.nextAlarmNs).toBe(Number.POSITIVE_INFINITY);
        expect(decoded([...drain(controller), ...run(20 * msNs)])).toBe("abcd");
    });

    it("reaches a kernel that unmasks its pin after the first keys, with the next key", () => {
        const machine = new Machine({ choices: 1 });
        const { keyboard } = machine.keyboard;
        const got: number[] = [];
        const noProgram = (): Program => {
            throw new Error("this kernel has no system calls and makes no exceptions");
        };
        function* setPin(context: Context, register: number, value: number): Program {
            yield context.store(0xfec0_0000, 4, register);
            yield context.store(0xfec0_0010, 4, value);
        }
        machine.powerOn({
            *start(context) {
                yield context.store(0xfee0_00f0, 4, 0x13f);
                while (machine.clock.nowNs < 10 * msNs) {
                    yield context.step();
                }
                yield* setPin(context, 0x13, 0);
                yield* setPin(context, 0x12, 33);
                for (;;) {
                    yield context.enableInterruptsAndHalt();
                }
            },
            *interrupt(context) {
                while (((yield context.input(0x64, 1)) & 1) !== 0) {
                    got.push(yield context.input(0x60, 1));
                }
                yield context.store(0xfee0_00b0, 4, 0);
            },
            systemCall: noProgram,
            exception: noProgram,
        });
        keyboard.type("ab");
        machine.run({ untilNs: 100 * msNs });
        expect(got).toEqual([]);
        keyboard.type("cd");
        machine.run({ untilNs: 200 * msNs });
        expect([decoded(got), keyboard.waitingEvents]).toEqual(["abcd", 0]);
    });

    it("takes a long text and bounds what waits", () => {
        const { keyboard, messages } = rig();
        keyboard.type("x".repeat(524_224));
        expect(() => keyboard.type("y")).toThrow(
            new UserError(
                "cannot type 2 key events at once: there is room for 0; type the text in parts",
            ),
        );
        keyboard.press("a");
        expect(keyboard.waitingEvents).toBe(1_048_448);
        expect(messages).toEqual([
            "keyboard: a key was dropped: the guest has not fetched the keys before it",
        ]);
        keyboard.release("a");
        expect(keyboard.waitingEvents).toBe(1_048_449);
    });

    it("says when keys are lost because the guest switched scanning off", () => {
        const { keyboard, data, controller, run, messages } = rig();
        data(0xf5);
        expect(drain(controller)).toEqual([0xfa]);
        keyboard.type("ab");
        expect(run(9 * msNs)).toEqual([]);
        expect(messages).toEqual([
            "keyboard: keys were lost: the guest has switched the keyboard's scanning off",
        ]);
        data(0xf4);
        expect(drain(controller)).toEqual([0xfa]);
        keyboard.type("c");
        expect(run(9 * msNs)).toEqual([0x2e, 0xae]);
    });

    it.each<[string, number[], number[]]>([
        ["sets its lights", [0xed, 0x05], [0xfa, 0xfa]],
        ["echoes", [0xee], [0xee]],
        ["says its scan code set, translated", [0xf0, 0x00], [0xfa, 0xfa, 0x41]],
        ["takes a scan code set", [0xf0, 0x02], [0xfa, 0xfa]],
        ["refuses scan code set 3", [0xf0, 0x03], [0xfa, 0xfe]],
        ["says what it is, translated", [0xf2], [0xfa, 0xab, 0x41]],
        ["takes a typematic rate", [0xf3, 0x20], [0xfa, 0xfa]],
        ["switches scanning on", [0xf4], [0xfa]],
        ["switches scanning off", [0xf5], [0xfa]],
        ["takes its defaults", [0xf6], [0xfa]],
        ["says its last byte again", [0xee, 0xfe], [0xee, 0xee]],
        ["tests itself", [0xff], [0xfa, 0xaa]],
        ["refuses a command that it does not have", [0xf1], [0xfe]],
        ["takes a command in place of a parameter", [0xed, 0xf2], [0xfa, 0xfa, 0xab, 0x41]],
    ])("%s on command", (_, sent, answers) => {
        const { data, controller, status } = rig();
        const got = sent.flatMap((byte) => {
            data(byte);
            return drain(controller);
        });
        expect(got).toEqual(answers);
        // The last write was data.
        expect(status()).toBe(0x14);
    });

    it("shows its lights to the host", () => {
        const { data, keyboard } = rig();
        data(0xed);
        data(0x05);
        expect(keyboard.indicators).toBe(5);
    });
});

describe("the keyboard controller", () => {
    it("raises its line for every byte, and drops it when the byte is read", () => {
        const { data, line, read } = rig();
        data(0xf2);
        expect([line.isHigh, line.riseCount]).toEqual([true, 1]);
        expect(read()).toBe(0xfa);
        expect([line.isHigh, line.riseCount]).toEqual([true, 2]);
        expect(read()).toBe(0xab);
        expect(read()).toBe(0x41);
        expect([line.isHigh, line.riseCount]).toEqual([false, 3]);
        expect(read()).toBe(0x41);
        expect([line.isHigh, line.riseCount]).toEqual([false, 3]);
    });

    it("raises no line while the command byte forbids it, and the byte can be polled", () => {
        const { command, data, keyboard, clock, line, status, read } = rig();
        command(0x60);
        data(0x60);
        keyboard.press("q");
        clock.advanceTo(msNs);
        expect([line.riseCount, status(), read()]).toEqual([0, 0x15, 0x10]);
    });

    it("holds the keyboard's bytes back while the keyboard is switched off", () => {
        const { command, keyboard, clock, status, read, line } = rig();
        command(0xad);
        keyboard.press("q");
        clock.advanceTo(msNs);
        expect([status(), line.riseCount]).toEqual([0x1c, 0]);
        command(0x20);
        expect(read()).toBe(0x71);
        command(0xae);
        expect([status(), read(), line.riseCount]).toEqual([0x1d, 0x10, 1]);
    });

    it("switches the keyboard on when it sends to it", () => {
        const { command, data, controller, read } = rig();
        command(0xad);
        data(0xee);
        expect(drain(controller)).toEqual([0xee]);
        command(0x20);
        expect(read()).toBe(0x61);
    });

    it("answers its own commands before the keyboard's bytes", () => {
        const { command, data, read, controller } = rig();
        data(0xf2);
        command(0xaa);
        expect([read(), read(), ...drain(controller)]).toEqual([0xfa, 0x55, 0xab, 0x41]);
    });

    it.each<[string, number[], number]>([
        ["its command byte, as firmware left it", [0x20], 0x61],
        ["its self test", [0xaa], 0x55],
        ["the keyboard's test", [0xab], 0x00],
        ["the mouse port's test", [0xa9], 0x00],
        ["its input port", [0xc0], 0x80],
        ["its output port, with A20 open", [0xd0], 0xcf],
        ["the mouse switched on", [0xa8, 0x20], 0x41],
        ["the mouse switched off", [0xa8, 0xa7, 0x20], 0x61],
    ])("answers with %s", (_, commands, answer) => {
        const { command, read } = rig();
        for (const value of commands) {
            command(value);
        }
        expect(read()).toBe(answer);
    });

    it("puts a byte into its output buffer on command, as if a key had sent it", () => {
        const { command, data, line, read } = rig();
        command(0xd2);
        data(0x5a);
        expect([line.riseCount, read()]).toEqual([1, 0x5a]);
    });

    it("opens and closes the A20 gate as old boot sectors do", () => {
        const { command, data, control, read } = rig();
        command(0xd1);
        data(0xdd);
        expect(control.isA20Open).toBe(false);
        command(0xd0);
        expect(read()).toBe(0xcd);
        command(0xd1);
        data(0xdf);
        expect(control.isA20Open).toBe(true);
        command(0xdd);
        expect(control.isA20Open).toBe(false);
        command(0xdf);
        expect(control.isA20Open).toBe(true);
        expect(control.resets).toEqual([]);
    });

    it("resets the machine by a pulse or by its output port", () => {
        const { command, data, control } = rig();
        command(0xff);
        expect(control.resets).toEqual([]);
        command(0xfe);
        command(0xd1);
        data(0x02);
        expect(control.resets).toEqual(["keyboard controller", "keyboard controller"]);
    });

    it("says once what it does not have", () => {
        const { command, data, messages } = rig();
        command(0x12);
        command(0x12);
        command(0xd4);
        data(0xf4);
        expect(messages).toEqual([
            "keyboard: the keyboard controller has no command 0x12",
            "keyboard: there is no mouse to take or give a byte",
        ]);
    });

    it("goes on exactly as it would have, wherever it was saved", () => {
        const anyStep = fc.oneof(
            fc.record({ kind: fc.constant("command"), value: fc.nat(255) }),
            fc.record({ kind: fc.constant("data"), value: fc.nat(255) }),
            fc.record({ kind: fc.constant("key"), value: fc.nat(keys.length - 1) }),
            fc.record({ kind: fc.constant("read"), value: fc.constant(0) }),
            fc.record({ kind: fc.constant("wait"), value: fc.nat(3_000_000) }),
        );
        const take = (machine: Rig, { kind, value }: { kind: string; value: number }) => {
            switch (kind) {
                case "command":
                    machine.command(value);
                    return [];
                case "data":
                    machine.data(value);
                    return [];
                case "key":
                    machine.keyboard.press(keys[value].name);
                    return [];
                case "read":
                    return [machine.status(), machine.read(), machine.status()];
                default:
                    machine.clock.advanceTo(machine.clock.nowNs + value);
                    return [machine.line.riseCount];
            }
        };
        const steps = fc.array(anyStep, { maxLength: 40 });
        fc.assert(
            fc.property(steps, steps, (before, after) => {
                const machine = rig();
                for (const step of before) {
                    take(machine, step);
                }
                const other = rig();
                handOverRig(machine, other);
                expect(stateBytes(other.controller)).toEqual(stateBytes(machine.controller));
                expect(after.map((step) => take(other, step))).toEqual(
                    after.map((step) => take(machine, step)),
                );
                expect(stateBytes(other.controller)).toEqual(stateBytes(machine.controller));
            }),
            { seed, numRuns: 500 },
        );
    });

    it("is as at power-on after a reset, with keys on their way", () => {
        const machine = rig();
        machine.keyboard.type("gone");
        machine.clock.advanceTo(msNs);
        machine.command(0x60);
        machine.data(0x00);
        machine.controller.reset();
        expect(stateBytes(machine.controller)).toEqual(stateBytes(rig().controller));
        expect(machine.line.isHigh).toBe(false);
        machine.clock.advanceTo(100 * msNs);
        expect(machine.status()).toBe(0x1c);
    });

    it("refuses a state that it cannot have", () => {
        const { controller } = rig();
        const load = (fields: object) => () =>
            controller.load(stateFields({ ...controller.save(), ...fields }, "machine.keyboard"));
        expect(load({ output: 256 })).toThrow(
            new UserError(
                "saved state of machine.keyboard: field output is not a whole number from 0 to 255",
            ),
        );
        const keyboard = { ...controller.keyboard.save(), events: Uint8Array.of(127) };
        expect(load({ keyboard })).toThrow(
            new UserError("saved state of the keyboard: field events is no list of keys"),
        );
        const announced = { ...controller.keyboard.save(), announcedCount: 1 };
        expect(load({ keyboard: announced })).toThrow(
            new UserError(
                "saved state of machine.keyboard.keyboard: field announcedCount is not a whole " +
                    "number from 0 to 0",
            ),
        );
        const codes = { ...controller.keyboard.save(), codes: new Uint8Array(4) };
        expect(load({ keyboard: codes })).toThrow(
            new UserError("saved state of the keyboard: field codes has too many bytes"),
        );
    });

    it("survives 200,000 random accesses while keys are typed and time goes on", () => {
        const { controller, clock, keyboard, messages } = rig();
        const regions = [
            { lengthBytes: 1, device: controller.dataPort },
            { lengthBytes: 1, device: controller.commandPort },
        ];
        const read = poke(regions, 200_000, 8, (random) => {
            clock.advanceTo(clock.nowNs + random.below(msNs));
            if (random.below(10) === 0) {
                keyboard.press(keys[random.below(keys.length)].name);
            }
        });
        expect(read.every((value) => value >= 0 && value <= 0xffff_ffff)).toBe(true);
        expect(new Set(messages).size).toBe(messages.length);
        expect(messages.length).toBeLessThanOrEqual(256);
    });
});
