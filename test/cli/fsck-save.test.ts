/** `chickadeefsck -s` against a crash, by the program itself. */
import { describe, expect, it } from "vitest";
import { placeRecord } from "../../src/chkfs/journal/codec.ts";
import { chickadeefsck } from "../../src/cli/fsck-command.ts";
import { buildImage } from "../support/image-builder.ts";
import { memoryHost, runProgram, systemError } from "../support/memory-host.ts";

/** An image whose journal holds two writes to the file's block, the newer in two transactions. */
function journaled(): Uint8Array {
    const image = buildImage({ root: { a: "a" }, blockCount: 64, journalBlockCount: 8 });
    const journal = image.bytes.subarray(56 * 4096);
    for (const [index, byte] of [0x31, 0x32].entries()) {
        placeRecord(journal, 6 + 2 * index, {
            seq: 65_535 + index,
            tid: 3 + index,
            commitBoundary: 4 + index,
            completeBoundary: 3,
            flags: 0x10 | 0x20,
            writes: [{ blockNo: 3, content: new Uint8Array(4096).fill(byte) }],
        });
    }
    return image.bytes;
}

/** Runs `-s` on `image`; the write with number `failing`, if any, fails, and all after it. */
function save(image: Uint8Array, failing = Number.POSITIVE_INFINITY) {
    const memory = memoryHost({ files: { "/x.img": image } });
    const { writeSync } = memory.host.fs;
    let writeCount = 0;
    const counted = (...request: unknown[]): number => {
        if (writeCount++ >= failing) {
            throw systemError("EIO");
        }
        return Reflect.apply(writeSync, memory.host.fs, request);
    };
    Object.assign(memory.host.fs, { writeSync: counted });
    const { status } = runProgram(chickadeefsck, ["-s", "/x.img"], memory);
    return { status, writeCount, err: memory.stderr(), image: memory.readFile("/x.img") };
}

describe("-s", () => {
    it("replays the newest write and clears the journal", () => {
        const { status, image } = save(journaled());
        expect(status).toBe(0);
        expect(image.subarray(3 * 4096, 4 * 4096).every((byte) => byte === 0x32)).toBe(true);
        expect(image.subarray(56 * 4096).every((byte) => byte === 0)).toBe(true);
    });

    it("comes out the same when a write fails and it is run again", () => {
        const { image: expected, writeCount } = save(journaled());
        expect(writeCount).toBeGreaterThan(10);
        for (let failing = 0; failing < writeCount; failing++) {
            const first = save(journaled(), failing);
            expect([first.status, first.err]).toEqual([2, "/x.img: Input/output error\n"]);
            const second = save(first.image);
            expect(second.status).toBe(0);
            expect(Buffer.compare(second.image, expected), `write ${failing}`).toBe(0);
        }
    });
});
