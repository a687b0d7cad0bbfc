/** An image with one fault, and what a check says to it; see `finding-images`. */
import type { ByteReader } from "../../src/base/byte-store.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import type { CheckOptions } from "../../src/fsck/check.ts";
import type { FindingCode } from "../../src/fsck/finding.ts";
import { buildImage, type Folder, type ImageDescription, type TestImage } from "./image-builder.ts";

/** An image with one fault. */
export interface FindingImage {
    readonly disk: () => ByteReader;
    /** How it is checked; strictly where left out. */
    readonly options?: CheckOptions;
    /** What is printed for the findings of the code, without bold and without the code. */
    readonly lines: readonly string[];
    /** Codes that cannot be kept out, and `why`. */
    readonly also?: readonly FindingCode[];
    readonly why?: string;
}

/** A disk of a description with damage done to it. */
export function damaged(
    description: ImageDescription,
    damage: (image: TestImage) => void,
    ...lines: string[]
): FindingImage {
    const disk = () => {
        const image = buildImage(description);
        damage(image);
        return new MemoryStore(image.bytes);
    };
    return { disk, lines };
}

/** A small disk of this tree, damaged. */
export function tree(
    root: Folder,
    damage: (image: TestImage) => void,
    ...lines: string[]
): FindingImage {
    return damaged({ root }, damage, ...lines);
}
