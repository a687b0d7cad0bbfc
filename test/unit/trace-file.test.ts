import { describe, expect, it } from "vitest";
import { crc32c } from "../../src/base/crc32c.ts";
import { sha256 } from "../../src/base/sha256.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { type DiskTrace, notYet } from "../../src/disk/trace/disk-trace.ts";
import { imageDigest } from "../../src/disk/trace-file/image-digest.ts";
import { readTrace } from "../../src/disk/trace-file/read-trace.ts";
import { writeTrace } from "../../src/disk/trace-file/write-trace.ts";
import { collected, plainTrace } from "../support/log-builder.ts";

const trace: DiskTrace = {
    diskSizeBytes: 8192,
    sectorSizeBytes: 512,
    startsWithCache: true,
    eventCount: 6,
    commands: [
        {
            id: 0,
            kind: "write",
            ataCommand: 0x61,
            tag: 3,
            fua: true,
            byteOffset: 1024,
            byteLength: 512,
            before: new Uint8Array(512).fill(0xbb),
            after: new Uint8Array(512).fill(0xaa),
            issuedAt: 0,
            issuedNs: 1_000_000_007,
            acceptedAt: 1,
            completedAt: 4,
            completedNs: 1_000_000_009,
            status: "done",
            cpu: 1,
            origin: "sync",
        },
        {
            id: 1,
            kind: "mark",
            fua: false,
            byteOffset: 0,
            byteLength: 0,
            label: "süß",
            issuedAt: 2,
            issuedNs: 0,
            acceptedAt: notYet,
            completedAt: 3,
            completedNs: 0,
            status: "done",
        },
        {
            id: 2,
            kind: "discard",
            fua: false,
            byteOffset: 0,
            byteLength: 4096,
            issuedAt: 5,
            issuedNs: 9,
            acceptedAt: notYet,
            completedAt: notYet,
            completedNs: notYet,
            status: "outstanding",
        },
    ],
};

const base = Uint8Array.from({ length: 32 }, (_, index) => index);
const bytes = collected((sink) => writeTrace(trace, sink, base));
const read = (file: Uint8Array) => readTrace(new MemoryStore(file), "x.trace", 1);

/** The file with some bytes changed and, if `fits`, the checksum of the part at `start` too. */
function changed(at: number, patch: readonly number[], fits?: { start: number; end: number }) {
    const file = bytes.slice();
    file.set(patch, at);
    if (fits !== undefined) {
        const at = fits.start + (fits.start === 0 ? 20 : 4);
        const view = new DataView(file.buffer);
        view.setUint32(at, 0, true);
        view.setUint32(at, crc32c(file, fits.start, fits.end), true);
    }
    return file;
}

const header = { start: 0, end: 80 };
/** Of the first command: its fixed part, and the four bytes of "sync". */
const first = { start: 80, end: 80 + 88 + 4 };

function messageOf(file: Uint8Array): string {
    try {
        read(file);
    } catch (error) {
        return error instanceof Error ? error.message : "";
    }
    return "";
}

describe("a trace file", () => {
    it("gives back the trace, and the digest of the disk before it", () => {
        const file = read(bytes);
        expect(plainTrace(file.trace)).toEqual(plainTrace(trace));
        expect(file.base).toEqual(base);
        const without = collected((sink) => writeTrace(trace, sink));
        expect(read(without).base).toBeUndefined();
    });

    it("is laid out as docs/TRACES.md says", () => {
        const view = new DataView(bytes.buffer);
        expect(Buffer.from(bytes.subarray(0, 8)).toString()).toBe("chktrace");
        expect([8, 12, 16].map((at) => view.getUint32(at, true))).toEqual([1, 3, 512]);
        expect([24, 32, 40].map((at) => view.getBigUint64(at, true))).toEqual([8192n, 6n, 3n]);
        expect(bytes.subarray(48, 80)).toEqual(base);

        // The first record: 88 bytes, "sync", twice 512 bytes, 4 bytes of padding.
        expect(view.getUint32(80, true)).toBe(88 + 4 + 1024 + 4);
        expect([...bytes.subarray(88, 92)]).toEqual([1, 0, 1 + 2 + 4 + 8 + 32 + 64 + 128, 0x61]);
        expect([92, 94].map((at) => view.getUint16(at, true))).toEqual([3, 1]);
        expect([96, 100].map((at) => view.getUint32(at, true))).toEqual([0, 4]);
        expect(view.getUint32(104, true)).toBe(crc32c(new Uint8Array(512).fill(0xaa)));
        expect(view.getUint32(108, true)).toBe(crc32c(new Uint8Array(512).fill(0xbb)));
        const words = [112, 120, 128, 136, 144, 152, 160].map((at) => view.getBigUint64(at, true));
        expect(words).toEqual([1024n, 512n, 0n, 1_000_000_007n, 1n, 4n, 1_000_000_009n]);
        expect(Buffer.from(bytes.subarray(168, 172)).toString()).toBe("sync");
        expect([172, 683, 684, 1195, 1196, 1199].map((at) => bytes[at])).toEqual([
            0xaa, 0xaa, 0xbb, 0xbb, 0, 0,
        ]);
        // The second begins behind it, and the last one's instants have not come.
        expect([...bytes.subarray(1208, 1211)]).toEqual([7, 0, 16]);
        expect(view.getBigUint64(bytes.length - 8, true)).toBe(2n ** 64n - 1n);
        expect(bytes.length % 8).toBe(0);
    });

    it("is read without its data, which is checked when it is asked for", () => {
        const file = changed(172, [0]);
        const { commands } = read(file).trace;
        expect(commands[0].before).toEqual(new Uint8Array(512).fill(0xbb));
        expect(() => commands[0].after).toThrow(
            "x.trace: command 0, at byte 80: damaged: its data does not fit its checksum",
        );
    });

    it.each<[string, Uint8Array]>([
        ["the file is empty", new Uint8Array(0)],
        ["not a trace: it does not begin with the bytes chktrace", new Uint8Array(79)],
        ["not a trace: it does not begin with the bytes chktrace", changed(0, [0])],
        ["a trace of version 2; this program knows version 1", changed(8, [2])],
        ["the file ends in its header, after 79 of 80 bytes", bytes.subarray(0, 79)],
        ["the file ends in its header, after 3 of 80 bytes", bytes.subarray(0, 3)],
        ["damaged: the trace's header does not fit its checksum", changed(40, [4])],
        ["command 3, at byte 1384: the file ends before it, or in it", changed(40, [4], header)],
        ["command 0, at byte 80: the file ends in it", bytes.subarray(0, 400)],
        ["command 0, at byte 80: damaged: it does not fit its checksum", changed(120, [1])],
        [
            "command 0, at byte 80: damaged: its size is 1128, not 1120",
            changed(80, [0x68, 4], first),
        ],
        ["command 0, at byte 80: damaged: kind 9 or status 0 is unknown", changed(88, [9], first)],
        [
            "command 0, at byte 80: damaged: its texts are longer than texts can be",
            changed(96, [1, 0, 1, 0], first),
        ],
        ["command 0, at byte 80: damaged: its texts are not UTF-8", changed(168, [0xff], first)],
        [
            "command 0, at byte 80: damaged: " +
                "it has 1099511627776 bytes of data, more than a command can carry",
            changed(120, [0, 0, 0, 0, 0, 1], first),
        ],
        [
            "not a sound trace: 1099511627776 events, more than its commands have",
            changed(32, [0, 0, 0, 0, 0, 1], header),
        ],
        [
            "not a sound trace: command 0 writes bytes 8192+512, past the disk's end",
            changed(112, [0, 0x20], first),
        ],
        [
            "not a sound trace: its disk has 8292 bytes, which are not whole sectors of 512",
            changed(24, [0x64], header),
        ],
        [
            "not a sound trace: command 2 has the instant 5, which is none of the trace's 5",
            changed(32, [5], header),
        ],
    ])("that is none, or is damaged, is refused: %s", (message, file) => {
        expect(messageOf(file)).toBe(`x.trace: ${message}`);
    });

    it("is refused for every byte that is cut off, and for every one that is changed", () => {
        // Of the bytes that no checksum covers there are only the data and the padding.
        const isCovered = (at: number) => at < 172 || at >= 1200;
        for (let at = 0; at < bytes.length; at++) {
            expect(messageOf(bytes.subarray(0, at)), `cut at ${at}`).not.toBe("");
            const damage = messageOf(changed(at, [bytes[at] ^ 0x10]));
            const isPadding = at >= 1200 + 88 + 5 && at < 1296;
            expect(damage !== "", `changed at ${at}`).toBe(isCovered(at) && !isPadding);
        }
    });
});

describe("an image's digest", () => {
    it("is that of the digests of its MiB", () => {
        const image = new Uint8Array(2 ** 21 + 100);
        image[5] = 1;
        image[2 ** 21 + 50] = 2;
        const pieces = [0, 1, 2].map((no) => image.subarray(no * 2 ** 20, (no + 1) * 2 ** 20));
        const digests = Buffer.concat(pieces.map(sha256));
        expect(imageDigest(new MemoryStore(image))).toEqual(sha256(digests));
        expect(imageDigest(new MemoryStore(new Uint8Array(0)))).toEqual(sha256(new Uint8Array(0)));
    });
});
