import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { blockRoles } from "../../src/chkfs/block-roles.ts";
import { readSuperblock } from "../../src/chkfs/superblock.ts";
import { Volume } from "../../src/chkfs/volume.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";

const recorded = new URL("../golden/recorded/", import.meta.url);

function open(name: string): Volume {
    const image = gunzipSync(readFileSync(new URL(`mkfs/${name}.img.gz`, recorded)));
    const disk = new MemoryStore(image);
    return new Volume(disk, readSuperblock(disk));
}

const names = Array.from({ length: 13 }, (_, index) => `f${index}.txt`);

describe.each(["002-all-options", "042-random"])("a volume on the recorded image %s", (name) => {
    it("names the files that the image was made of", () => {
        const walked = [...open(name).walk()].map(({ path, inodeNo }) => [path, inodeNo]);
        const files = names.map((file, index) => [`/${file}`, 2 + index]);
        expect(walked).toEqual([["/", 1], ...files]);
    });

    it("reads their bytes", () => {
        const volume = open(name);
        for (const file of names) {
            const inode = volume.inode(volume.lookup(`/${file}`) ?? 0);
            const content = new Uint8Array(inode.size);
            volume.readFile(inode, 0, content);
            const original = readFileSync(new URL(`input/${file}`, recorded));
            expect([file, Buffer.compare(content, original)]).toEqual([file, 0]);
        }
    });

    it("finds every block in one role and none damaged", () => {
        const roles = new Set([...blockRoles(open(name))].map(({ role }) => role));
        for (const damage of ["leaked", "marked-free", "shared", "missing"] as const) {
            expect(roles.has(damage)).toBe(false);
        }
        expect(roles.has("journal")).toBe(name === "002-all-options");
        expect(roles.has("indirect")).toBe(name === "042-random");
    });
});
