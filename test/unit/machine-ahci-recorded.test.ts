/**
 * A kernel's use of the controller, recorded from QEMU, replayed as register pokes: every read
 * gives what it gave there, and the interrupt line rises and falls where it did there.
 *
 * The recording shows registers and command FISes; the rest of the command structures is built
 * here as the recorded kernel builds them (four dwords of FIS, C set, one buffer).
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { RecordedChoices } from "../../src/base/choices.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { AhciSanitizer } from "../../src/machine/ahci/sanitizer.ts";
import type { ProtocolFinding } from "../../src/machine/ahci/sanitizer-findings.ts";
import { Clock } from "../../src/machine/clock.ts";
import { GuestMemory } from "../../src/machine/guest-memory.ts";
import { Drive } from "../../src/machine/sata/drive.ts";
import type { HostPort } from "../../src/machine/sata/link.ts";
import { accepted, FakeDrive, good } from "../support/ahci-fake-drive.ts";
import { AhciRig } from "../support/ahci-rig.ts";

const recording = readFileSync(
    new URL("../golden/recorded/ahci-apic-pci-trace.txt", import.meta.url),
    "utf8",
).split("\n");

/** The recorded kernel's command list, and where it keeps its tables and buffers. */
const commandListAddress = 0x1a_4000;
const tableAddress = 0x1a_4500;
const bufferAddress = 0x18_0000;

interface Poke {
    readonly kind: "read" | "write";
    readonly offset: number;
    readonly value: number;
    /** The line's level before it. */
    readonly isRaised: boolean;
    /** The command FIS that a write of PxCI made the controller take. */
    readonly fis: readonly number[] | undefined;
}

/** The recorded register accesses, in order. */
function recordedPokes(lines: readonly string[]): Poke[] {
    const pokes: Poke[] = [];
    let isRaised = false;
    for (const [index, line] of lines.entries()) {
        const access = /^ahci_mem_(read|write) .* (?:read|write)4 @ (0x\w+): (0x\w+)$/.exec(line);
        if (access !== null) {
            const isCommand = /^handle_cmd_fis_dump/.test(lines[index + 2] ?? "");
            pokes.push({
                kind: access[1] === "read" ? "read" : "write",
                offset: Number(access[2]),
                value: Number(access[3]),
                isRaised,
                fis: isCommand ? fisBytes(lines[index + 3]) : undefined,
            });
        } else if (/^ahci_irq_(raise|lower)/.test(line)) {
            isRaised = line.startsWith("ahci_irq_raise");
        }
    }
    return pokes;
}

function fisBytes(line: string): number[] {
    return line
        .replace(/^0x00: /, "")
        .trim()
        .split(" ")
        .map((byte) => Number.parseInt(byte, 16));
}

/** A drive that answers at once, as the recorded one did as far as the kernel saw. */
function promptDrive(): FakeDrive {
    return new FakeDrive(({ slot, command }, port: HostPort) => {
        if (command === 0xec) {
            port.sendPioSetup(slot, 512, good);
            port.deliver(slot, 0, new Uint8Array(512).fill(0xec));
            port.sendRegisterUpdate(slot, good);
        } else if (command === 0x60) {
            port.sendRegisterUpdate(slot, accepted);
            port.deliver(slot, 0, new Uint8Array(4096).fill(0x60));
            port.sendSetDeviceBits({ doneTags: 1, status: 0x50, error: 0, interrupt: true });
        } else {
            port.sendRegisterUpdate(slot, good);
        }
    });
}

function buildCommand({ memory: { bytes, view } }: AhciRig, fis: readonly number[]): void {
    const isIdentify = fis[2] === 0xec;
    const hasData = isIdentify || fis[2] === 0x60;
    view.setUint32(commandListAddress, 0x404 | (hasData ? 0x1_0000 : 0), true);
    view.setUint32(commandListAddress + 4, 0, true);
    view.setUint32(commandListAddress + 8, tableAddress, true);
    view.setUint32(commandListAddress + 12, 0, true);
    bytes.set(fis, tableAddress);
    view.setUint32(tableAddress + 0x80, bufferAddress, true);
    view.setUint32(tableAddress + 0x84, 0, true);
    view.setUint32(tableAddress + 0x88, 0, true);
    view.setUint32(tableAddress + 0x8c, isIdentify ? 511 : 4095, true);
}

/**
 * Replays pokes; what differs from the recording, as one line each.
 *
 * @param wait is called before each poke: time for the drive to answer.
 */
function replay(rig: AhciRig, pokes: readonly Poke[], wait = () => {}): string[] {
    const differences: string[] = [];
    for (const [index, poke] of pokes.entries()) {
        const where = `poke ${index}: ${poke.kind} at ${poke.offset.toString(16)}h`;
        wait();
        if (rig.isRaised !== poke.isRaised) {
            differences.push(`${where}: the line is ${rig.isRaised ? "raised" : "low"}`);
        }
        if (poke.fis !== undefined) {
            buildCommand(rig, poke.fis);
        }
        if (poke.kind === "write") {
            rig.write(poke.offset, poke.value);
            continue;
        }
        const value = rig.read(poke.offset);
        if (value !== poke.value) {
            const wanted = poke.value.toString(16);
            differences.push(`${where}: ${value.toString(16)}h instead of ${wanted}h`);
        }
    }
    return differences;
}

describe("the recorded start of a kernel", () => {
    const pokes = recordedPokes(recording);

    it("has the accesses that the recording has", () => {
        expect(pokes.filter(({ kind }) => kind === "read")).toHaveLength(24);
        expect(pokes.filter(({ kind }) => kind === "write")).toHaveLength(27);
        expect(pokes.filter(({ fis }) => fis !== undefined).map(({ fis }) => fis?.[2])).toEqual([
            0xec, 0xef, 0xef, 0x60, 0x60,
        ]);
    });

    it("reads the same from every register, without exception", () => {
        const drive = promptDrive();
        const rig = new AhciRig(drive);
        expect(replay(rig, pokes)).toEqual([]);
        expect(rig.notices).toEqual([]);
        expect(
            drive.accepted.map(({ command, features, lba }) => [command, features, lba]),
        ).toEqual([
            [0xec, 0, 0],
            [0xef, 0x02, 0],
            [0xef, 0xaa, 0],
            [0x60, 8, 0],
            [0x60, 8, 0x10],
        ]);
    });

    it("moves the data of the reads", () => {
        const rig = new AhciRig(promptDrive());
        replay(rig, pokes);
        expect(rig.bytesAt(bufferAddress, 4097)).toEqual([...new Array(4096).fill(0x60), 0]);
    });

    it("reads the same from a real drive behind the controller, and is no misuse of it", () => {
        const clock = new Clock();
        const memory = new GuestMemory(2 ** 22);
        const medium = new MemoryStore(new Uint8Array(2 ** 20).fill(0x60));
        const choices = new RecordedChoices([]);
        const drive = new Drive({ medium, clock, choices, notices: () => {} });
        const findings: ProtocolFinding[] = [];
        const report = (finding: ProtocolFinding) => findings.push(finding);
        const sanitizer = new AhciSanitizer({ memory, clock, report });
        const rig = new AhciRig(drive, { memory, observer: sanitizer });
        expect(replay(rig, pokes, () => clock.advanceTo(clock.nowNs + 10_000_000))).toEqual([]);
        sanitizer.finish();
        expect(findings).toEqual([]);
        expect(rig.bytesAt(bufferAddress, 4097)).toEqual([...new Array(4096).fill(0x60), 0]);
    });

    it("is told from a controller whose drive never answers", () => {
        const differences = replay(new AhciRig(new FakeDrive()), pokes);
        expect(differences.at(0)).toBe("poke 28: read at 138h: the line is low");
    });
});
