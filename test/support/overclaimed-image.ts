/** A disk whose one file claims the same blocks again and again. */
import { buildImage, type TestImage } from "./image-builder.ts";

/**
 * 64 blocks, data from 3 on: block 3 is the root's, and blocks 4 to 63 are `/f`'s indirect blocks.
 * `/f` has 4 + 60 * 512 extents that are all `extent`, which by default is the whole data.
 */
export function overclaimedImage(extent = { first: 3, count: 61 }): TestImage {
    const image = buildImage({ root: { f: "" } });
    image.pokeInode(2, "size", 0xffffffff);
    image.pokeIndirect(2, { first: 4, count: 60 });
    for (let index = 0; index < 4 + 60 * 512; index++) {
        image.pokeExtent(2, index, extent);
    }
    for (let blockNo = 4; blockNo < 64; blockNo++) {
        image.setFree(blockNo, false);
    }
    return image;
}
