import { describe, expect, it } from "vitest";
import { filePieces } from "../../src/chkfs/file-content.ts";
import { readSuperblock } from "../../src/chkfs/superblock.ts";
import { Volume } from "../../src/chkfs/volume.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { buildImage, fragmented, type TestImage } from "../support/image-builder.ts";

function pieces(image: TestImage, inodeNo: number) {
    const disk = new MemoryStore(image.bytes);
    const volume = new Volume(disk, readSuperblock(disk));
    return [...filePieces(volume, volume.inode(inodeNo))].map(({ kind, bytes }) => ({
        kind,
        length: bytes.length,
    }));
}

function content(image: TestImage, inodeNo: number): Uint8Array {
    const disk = new MemoryStore(image.bytes);
    const volume = new Volume(disk, readSuperblock(disk));
    const parts: Uint8Array[] = [];
    for (const { bytes } of filePieces(volume, volume.inode(inodeNo))) {
        parts.push(bytes.slice());
    }
    return new Uint8Array(Buffer.concat(parts));
}

describe("a file's content", () => {
    it("comes in order and at most a mebibyte at a time", () => {
        const bytes = Uint8Array.from({ length: 2_500_000 }, (_, index) => index * 7);
        const image = buildImage({ root: { f: bytes }, blockCount: 700 });
        expect(pieces(image, 2)).toEqual([
            { kind: "data", length: 1_048_576 },
            { kind: "data", length: 1_048_576 },
            { kind: "data", length: 402_848 },
        ]);
        expect(Buffer.compare(content(image, 2), bytes)).toBe(0);
    });

    it("has zeros for holes, and what follows them in its place", () => {
        const bytes = new Uint8Array(5 * 4096 - 10);
        bytes.fill(1, 0, 4096);
        bytes.fill(2, 3 * 4096);
        const image = buildImage({ root: { f: fragmented(bytes, [1, -2, 2]) } });
        expect(pieces(image, 2)).toEqual([
            { kind: "data", length: 4096 },
            { kind: "hole", length: 8192 },
            { kind: "data", length: 8182 },
        ]);
        expect(Buffer.compare(content(image, 2), bytes)).toBe(0);
    });

    it("is as long as the size says where the extents end before", () => {
        const image = buildImage({ root: { f: "text" } });
        image.pokeInode(2, "size", 10_000);
        expect(pieces(image, 2)).toEqual([
            { kind: "data", length: 4096 },
            { kind: "unmapped", length: 5904 },
        ]);
        expect(
            content(image, 2)
                .subarray(4096)
                .every((byte) => byte === 0),
        ).toBe(true);
    });

    it("of an empty file is nothing", () => {
        expect(pieces(buildImage({ root: { f: "" } }), 2)).toEqual([]);
    });
});
