/** The protocol sanitiser catches each kind of misuse, and a driver that does right is clean. */
import { describe, expect, it } from "vitest";
import { encodeState, StateFields } from "../../src/base/state.ts";
import type { ObservedPort } from "../../src/machine/ahci/observer.ts";
import { AhciSanitizer } from "../../src/machine/ahci/sanitizer.ts";
import {
    type FindingKind,
    findingKinds,
    type ProtocolFinding,
} from "../../src/machine/ahci/sanitizer-findings.ts";
import { Clock } from "../../src/machine/clock.ts";
import { GuestMemory } from "../../src/machine/guest-memory.ts";
import type { HostPort } from "../../src/machine/sata/link.ts";
import { accepted, FakeDrive, good } from "../support/ahci-fake-drive.ts";
import {
    AhciRig,
    buffers,
    commandList,
    PxCI,
    PxCMD,
    PxIS,
    PxSACT,
    tables,
} from "../support/ahci-rig.ts";

class WatchedRig {
    readonly clock = new Clock();
    readonly drive = new FakeDrive();
    readonly findings: ProtocolFinding[] = [];
    readonly sanitizer: AhciSanitizer;
    readonly rig: AhciRig;

    constructor() {
        const memory = new GuestMemory(2 ** 22);
        this.sanitizer = new AhciSanitizer({
            memory,
            clock: this.clock,
            report: (finding) => this.findings.push(finding),
        });
        this.rig = new AhciRig(this.drive, { memory, observer: this.sanitizer }).start();
    }

    get port(): HostPort {
        return this.drive.port;
    }

    /** A queued command that the drive accepts. */
    queue(slot: number, isWrite: boolean): void {
        this.rig.issueQueued({
            slot,
            command: isWrite ? 0x61 : 0x60,
            features: 8,
            isWrite,
            buffer: [[buffers + slot * 4096, 4096]],
        });
        this.port.sendRegisterUpdate(slot, accepted);
    }

    endQueued(...slots: number[]): void {
        const doneTags = slots.reduce((mask, slot) => mask + 2 ** slot, 0);
        this.port.sendSetDeviceBits({ doneTags, status: 0x40, error: 0, interrupt: true });
    }

    readDma(slot: number, buffer: readonly (readonly [number, number])[]): void {
        this.rig.issue({ slot, command: 0x25, count: 1, buffer });
    }
}

const sector = new Uint8Array(512).fill(7);

describe("a driver that does right", () => {
    it("is clean over queued and unqueued commands, data both ways and error recovery", () => {
        const bench = new WatchedRig();
        const { rig, port } = bench;
        bench.queue(0, true);
        bench.queue(5, false);
        port.fetch(0, 0, new Uint8Array(4096));
        port.deliver(5, 0, new Uint8Array(4096).fill(1));
        bench.endQueued(0, 5);
        rig.read(PxSACT);
        rig.memory.bytes.fill(3, buffers, buffers + 4096);
        bench.queue(0, true);
        bench.endQueued(0);
        rig.read(PxSACT);
        rig.issue({ command: 0xea });
        port.sendRegisterUpdate(0, good);
        rig.read(PxCI);
        bench.readDma(0, [[buffers, 512]]);
        port.deliver(0, 0, sector);
        port.sendRegisterUpdate(0, good);
        // An unqueued command's end may be read from PxIS, too.
        rig.read(PxIS);
        bench.readDma(0, [[buffers, 512]]);
        port.sendRegisterUpdate(0, { ...good, status: 0x51 });
        rig.write(PxCMD, 0x16);
        rig.write(PxCMD, 0x17);
        bench.sanitizer.finish();
        expect(bench.findings).toEqual([]);
    });
});

/** By kind: what a driver does wrong, and what is said of it. */
const misuses: Record<FindingKind, readonly [number, string, (bench: WatchedRig) => void]> = {
    "buffer-changed-in-flight": [
        3,
        "the buffer of slot 3 was changed before the drive took it",
        (bench) => {
            bench.queue(3, true);
            bench.rig.memory.bytes[buffers + 3 * 4096 + 4095] ^= 1;
            bench.port.fetch(3, 0, new Uint8Array(4096));
            bench.endQueued(3);
        },
    ],
    "structures-changed-in-flight": [
        4,
        "slot 4's header, FIS or list was changed before its command ended",
        (bench) => {
            bench.queue(4, false);
            bench.rig.memory.bytes[tables + 4 * 0x400 + 4] ^= 1;
            bench.endQueued(4);
        },
    ],
    "doorbell-before-structures": [
        9,
        "slot 9 was issued without a command that makes sense: " +
            "CFL is not a length from 4 to 16 dwords",
        ({ rig }) => rig.write(PxCI, 1 << 9),
    ],
    "flush-with-queued-outstanding": [
        1,
        "command EAh in slot 1 is not queued, and queued commands are outstanding in slots 0, 31",
        (bench) => {
            bench.queue(0, true);
            bench.queue(31, true);
            bench.rig.issue({ slot: 1, command: 0xea });
        },
    ],
    "unqueued-with-queued-outstanding": [
        1,
        "command E5h in slot 1 is not queued, and queued commands are outstanding in slots 0",
        (bench) => {
            bench.queue(0, true);
            bench.rig.issue({ slot: 1, command: 0xe5 });
        },
    ],
    "slot-reused-before-read": [
        2,
        "slot 2 is used again before the end of its last command was read",
        (bench) => {
            bench.queue(2, false);
            bench.endQueued(2);
            bench.rig.read(PxCI);
            bench.queue(2, false);
        },
    ],
    "slot-reused-in-flight": [
        2,
        "slot 2 is used again while its queued command is outstanding",
        (bench) => {
            bench.queue(2, false);
            bench.queue(2, false);
        },
    ],
    "buffer-too-short": [
        0,
        "command 25h in slot 0 moves 512 bytes, and its list describes 256",
        (bench) => bench.readDma(0, [[buffers, 256]]),
    ],
    "buffer-outside-memory": [
        0,
        "the list of slot 0 leads to address 0x3fff00, which is not all memory",
        (bench) => bench.readDma(0, [[0x3f_ff00, 512]]),
    ],
    misaligned: [
        0,
        "entry 1 of the list of slot 0 has an odd address or length",
        (bench) =>
            bench.readDma(0, [
                [buffers, 256],
                [buffers + 1001, 256],
            ]),
    ],
    "wrong-direction": [
        0,
        "command 35h in slot 0 moves data to drive, and its header's W bit is clear",
        ({ rig }) => rig.issue({ command: 0x35, count: 1, buffer: [[buffers, 512]] }),
    ],
    "tag-mismatch": [
        6,
        "command 60h in slot 6 has tag 5",
        ({ rig }) => {
            rig.build({
                slot: 6,
                command: 0x60,
                features: 1,
                count: 5 << 3,
                buffer: [[buffers, 512]],
            });
            rig.write(PxSACT, 1 << 5);
            rig.write(PxCI, 1 << 6);
        },
    ],
    "queue-bit-mismatch": [
        6,
        "command 60h in slot 6 is queued, and the bit of its tag in PxSACT is clear",
        ({ rig }) =>
            rig.issue({
                slot: 6,
                command: 0x60,
                features: 1,
                count: 6 << 3,
                buffer: [[buffers, 512]],
            }),
    ],
    "completion-never-read": [
        7,
        "the command in slot 7 ended, and the driver never read that it did",
        (bench) => {
            bench.queue(7, false);
            bench.endQueued(7);
            bench.sanitizer.finish();
        },
    ],
};

describe("a driver that does wrong", () => {
    it.each(Object.keys(findingKinds) as FindingKind[])("is found out: %s", (kind) => {
        const [slot, message, misuse] = misuses[kind];
        const bench = new WatchedRig();
        bench.clock.advanceTo(1234);
        misuse(bench);
        expect(bench.findings).toEqual([{ kind, atNs: 1234, port: 0, slot, message }]);
    });

    it("is found out when it fills a waiting command after its doorbell", () => {
        const bench = new WatchedRig();
        bench.rig.issue({ slot: 0, command: 0xe5 });
        bench.readDma(1, [[buffers, 512]]);
        bench.rig.memory.view.setUint32(commandList + 32 + 12, 0, true);
        bench.rig.memory.bytes[tables + 0x400 + 4] ^= 1;
        bench.port.sendRegisterUpdate(0, good);
        expect(bench.findings.map(({ message }) => message)).toEqual([
            "slot 1's command was changed between its doorbell and its issue",
        ]);
    });

    it.each<[string, (bench: WatchedRig) => void]>([
        ["before data came", ({ rig }) => rig.memory.bytes.fill(1, buffers, buffers + 1)],
        [
            "before its command ended",
            ({ port, rig }) => {
                port.deliver(0, 0, sector);
                rig.memory.bytes.fill(1, buffers, buffers + 1);
            },
        ],
    ])("is found out when it touches a read's buffer %s", (when, touch) => {
        const bench = new WatchedRig();
        bench.readDma(0, [[buffers, 512]]);
        touch(bench);
        if (when === "before data came") {
            bench.port.deliver(0, 0, sector);
        }
        bench.port.sendRegisterUpdate(0, good);
        expect(bench.findings.map(({ message }) => message)).toEqual([
            `the buffer of slot 0 was changed ${when}`,
        ]);
    });

    it("is found out when an unqueued command has a bit in PxSACT", () => {
        const { rig, findings } = new WatchedRig();
        rig.write(PxSACT, 1);
        rig.issue({ command: 0xe5 });
        expect(findings.map(({ message }) => message)).toEqual([
            "command E5h in slot 0 is not queued, and its bit in PxSACT is set",
        ]);
    });

    it("is found out after the sanitiser was saved and loaded in between", () => {
        const bench = new WatchedRig();
        bench.queue(3, true);
        const saved = bench.sanitizer.save();
        bench.sanitizer.reset();
        expect(bench.sanitizer.save()).toEqual({ version: 1, watches: [] });
        bench.sanitizer.load(new StateFields(saved, "machine.ahci-sanitizer"));
        expect(encodeState(bench.sanitizer.save())).toEqual(encodeState(saved));
        bench.rig.memory.bytes[buffers + 3 * 4096] ^= 1;
        bench.endQueued(3);
        expect(bench.findings.map(({ message }) => message)).toEqual([
            "the buffer of slot 3 was changed before its command ended",
        ]);
    });
});

describe("a large buffer", () => {
    /** A read of 16 sectors into two ranges of memory that meet in the middle of a piece. */
    const twoRanges = [
        [buffers, 6144],
        [buffers + 0x1_0000, 2048],
    ] as const;
    const read16 = (bench: WatchedRig) =>
        bench.rig.issue({ command: 0x25, count: 16, buffer: twoRanges });
    const messages = (bench: WatchedRig) => bench.findings.map(({ message }) => message);

    it.each([0, 4095, 4096, 6143, 6144, 8191])("is watched at byte %d, before data comes", (at) => {
        const bench = new WatchedRig();
        read16(bench);
        bench.rig.memory.bytes[at < 6144 ? buffers + at : buffers + 0x1_0000 + at - 6144] ^= 0x80;
        for (let offset = 0; offset < 8192; offset += 512) {
            bench.port.deliver(0, offset, sector);
        }
        bench.port.sendRegisterUpdate(0, good);
        expect(messages(bench)).toEqual(["the buffer of slot 0 was changed before data came"]);
    });

    it.each([0, 4095, 4096, 6143, 6144, 8191])("is watched at byte %d, after data came", (at) => {
        const bench = new WatchedRig();
        read16(bench);
        for (let offset = 0; offset < 8192; offset += 512) {
            bench.port.deliver(0, offset, sector);
        }
        expect(messages(bench)).toEqual([]);
        bench.rig.memory.bytes[at < 6144 ? buffers + at : buffers + 0x1_0000 + at - 6144] ^= 0x80;
        bench.port.sendRegisterUpdate(0, good);
        expect(messages(bench)).toEqual([
            "the buffer of slot 0 was changed before its command ended",
        ]);
    });

    it("is blamed once for all that changes in it", () => {
        const bench = new WatchedRig();
        read16(bench);
        for (let offset = 0; offset < 8192; offset += 512) {
            bench.rig.memory.bytes.fill(offset / 512 + 1, buffers, buffers + 6144);
            bench.port.deliver(0, offset, sector);
        }
        bench.port.sendRegisterUpdate(0, good);
        expect(messages(bench)).toEqual(["the buffer of slot 0 was changed before data came"]);
    });

    it("may be one piece of memory over and over, where a read throws its data away", () => {
        const bench = new WatchedRig();
        const discard = Array.from({ length: 4 }, () => [buffers, 4096] as const);
        bench.rig.issue({ command: 0x25, count: 32, buffer: discard });
        for (let offset = 0; offset < 4 * 4096; offset += 512) {
            bench.port.deliver(0, offset, new Uint8Array(512).fill(offset / 512));
        }
        bench.port.sendRegisterUpdate(0, good);
        expect(bench.findings).toEqual([]);
    });

    /** Bytes that the sanitiser asks for when 8 MiB come by moves of `moveBytes`. */
    function bytesLookedAt(moveBytes: number): number {
        const sanitizer = new AhciSanitizer({
            memory: new GuestMemory(2 ** 24),
            clock: new Clock(),
            report: ({ message }) => expect(message).toBe("nothing"),
        });
        let askedBytes = 0;
        const port: ObservedPort = {
            portNo: 0,
            commandListAddress: commandList,
            activeTags: 0,
            outstandingSlots: 1,
            queuedSlots: 0,
            describeBuffer: (_, bufferOffset, byteLimit) => {
                askedBytes += byteLimit;
                return [{ address: 2 ** 22 + bufferOffset, byteLength: byteLimit }];
            },
        };
        const commandFis = new Uint8Array(20);
        commandFis[13] = 0x40;
        sanitizer.onDoorbell(port, "PxCI", 1, 0);
        const address = { headerAddress: commandList, tableAddress: tables, entryCount: 0 };
        sanitizer.onCommandFetched(port, {
            ...address,
            slot: 0,
            command: 0x25,
            commandFis,
            tag: undefined,
            isDeviceWrite: false,
        });
        for (let offset = 0; offset < 2 ** 23; offset += moveBytes) {
            sanitizer.onTransferStart(port, 0, "to host", offset, moveBytes);
            sanitizer.onTransfer(port, 0, "to host", offset, moveBytes);
        }
        sanitizer.onCompletionPosted(port, 1);
        return askedBytes;
    }

    it("is looked at four times in all, by however many moves its data comes", () => {
        expect(bytesLookedAt(2 ** 23)).toBe(4 * 2 ** 23);
        expect(bytesLookedAt(65_536)).toBe(4 * 2 ** 23);
        expect(bytesLookedAt(4096)).toBe(4 * 2 ** 23);
    });
});

describe("the end of a run", () => {
    it("blames a driver once for what it never read, and not for what the drive still has", () => {
        const bench = new WatchedRig();
        bench.queue(7, false);
        bench.endQueued(7);
        bench.queue(3, true);
        bench.sanitizer.finish();
        bench.sanitizer.finish();
        expect(bench.findings.map(({ kind, slot }) => [kind, slot])).toEqual([
            ["completion-never-read", 7],
        ]);
        // The command in slot 3 is watched on.
        bench.rig.memory.bytes[buffers + 3 * 4096] ^= 1;
        bench.endQueued(3);
        bench.rig.read(PxSACT);
        bench.sanitizer.finish();
        expect(bench.findings.map(({ kind, slot }) => [kind, slot])).toEqual([
            ["completion-never-read", 7],
            ["buffer-changed-in-flight", 3],
        ]);
    });

    it("blames nobody again after the state was saved and loaded", () => {
        const bench = new WatchedRig();
        bench.queue(7, false);
        bench.endQueued(7);
        bench.sanitizer.finish();
        const saved = bench.sanitizer.save();
        bench.sanitizer.reset();
        bench.sanitizer.load(new StateFields(saved, "machine.ahci-sanitizer"));
        bench.sanitizer.finish();
        expect(bench.findings).toHaveLength(1);
    });
});
