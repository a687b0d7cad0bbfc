/**
 * The fuzzers: each turns chance into a base image and the damages that are done to it.
 *
 * A case is a function of its token alone, `fuzzer:seed:index`, so that a token replays it on any
 * machine.
 */

import { bytesOf } from "../src/base/byte-string.ts";
import { crc32c } from "../src/base/crc32c.ts";
import { Random } from "../src/base/random.ts";
import { blockSize, superblockOffset } from "../src/chkfs/layout.ts";
import type { BaseImage } from "./base-images.ts";
import { byteDamage, randomBytes, resizeImage } from "./byte-damage.ts";
import { crowdOfExtents, crowdOfInodes } from "./crowd-damage.ts";
import { type Damage, DamagedImage } from "./damaged-image.ts";
import { fieldDamage } from "./field-damage.ts";
import { hostileJournal, layJournal, metablockDamage } from "./journal-damage.ts";
import type { Site } from "./landmarks.ts";

/** What a case is made of. */
export interface FuzzCase {
    readonly base: BaseImage;
    /** In the order in which they are done. */
    readonly damages: readonly Damage[];
}

interface Fuzzer {
    readonly name: string;
    /** What it does to an image, in a phrase. */
    readonly doc: string;
    /** A case takes long: it gets one turn where others get `turnsOfQuickOnes`. */
    readonly isSlow?: true;
    readonly generate: (random: Random, bases: readonly BaseImage[]) => FuzzCase;
}

/** Which case: printed when it fails, and enough to make it again. */
export interface Token {
    readonly fuzzer: string;
    readonly seed: number;
    readonly index: number;
}

function several(random: Random, one: () => Damage, maxCount = 4): Damage[] {
    return Array.from({ length: random.between(1, maxCount) }, one);
}

function journaled(bases: readonly BaseImage[]): BaseImage[] {
    return bases.filter(({ superblock }) => superblock.njournal > 0);
}

/** Any base; the largest ones less often, for their cases take long. */
function anyBase(random: Random, bases: readonly BaseImage[]): BaseImage {
    const quickOnes = bases.filter(({ superblock }) => superblock.nblocks < 30_000);
    return random.pick(random.chance(4, 5) ? quickOnes : bases);
}

/** Bases for damage that causes as much work as the image allows. */
function smallBases(bases: readonly BaseImage[]): BaseImage[] {
    return bases.filter(({ superblock }) => superblock.nblocks < 60);
}

/** A fuzzer that damages fields of the sites that a base has of one kind. */
function fieldFuzzer(name: string, doc: string, kinds: readonly SiteKind[]): Fuzzer {
    return {
        name,
        doc,
        generate(random, bases) {
            const base = anyBase(random, bases);
            const present = kinds.filter((kind) => base.landmarks[kind].length > 0);
            const sites = (): readonly Site[] => base.landmarks[random.pick(present)];
            return { base, damages: several(random, () => fieldDamage(random, base, sites()), 6) };
        },
    };
}

type SiteKind = "superblock" | "inodes" | "listedExtents" | "dirents";

export const fuzzers: readonly Fuzzer[] = [
    fieldFuzzer("superblock", "fields of the superblock", ["superblock"]),
    fieldFuzzer("inodes", "fields of inodes and their extents", ["inodes", "listedExtents"]),
    fieldFuzzer("directories", "fields of directory entries and inodes", ["dirents", "inodes"]),
    fieldFuzzer("fields", "any field of the tree", [
        "superblock",
        "inodes",
        "listedExtents",
        "dirents",
    ]),
    {
        name: "bytes",
        doc: "bits, bytes and blocks, and the image's length",
        generate(random, bases) {
            const base = anyBase(random, bases);
            return { base, damages: several(random, () => byteDamage(random, base), 6) };
        },
    },
    {
        name: "crowds",
        doc: "many inodes and extents that claim the same blocks",
        isSlow: true,
        generate(random, bases) {
            const base = random.pick(smallBases(bases));
            const extents = several(random, () => crowdOfExtents(random, base));
            return { base, damages: [crowdOfInodes(random, base), ...extents] };
        },
    },
    {
        name: "lengths",
        doc: "an image cut short or made longer, then fields",
        generate(random, bases) {
            const base = anyBase(random, bases);
            const { landmarks } = base;
            const sites = [...landmarks.superblock, ...landmarks.inodes];
            const fields = several(random, () => fieldDamage(random, base, sites), 2);
            return { base, damages: [resizeImage(random, base), ...fields.slice(1)] };
        },
    },
    {
        name: "journal-sound",
        doc: "correct journals, some of which write where they must not",
        generate(random, bases) {
            const base = anyBase(random, journaled(bases));
            return { base, damages: [layJournal(random, base, random.chance(1, 4)).damage] };
        },
    },
    {
        name: "journal-fields",
        doc: "correct journals, then fields of metablocks and references",
        generate(random, bases) {
            const base = anyBase(random, journaled(bases));
            const { damage, metablocks } = layJournal(random, base, random.chance(1, 4));
            const one = () => metablockDamage(random, base, metablocks);
            return { base, damages: [damage, ...several(random, one)] };
        },
    },
    {
        name: "journal-bytes",
        doc: "correct journals, then bits, bytes and blocks of them",
        generate(random, bases) {
            const base = anyBase(random, journaled(bases));
            const { damage, metablocks } = layJournal(random, base, false);
            const blocks = metablocks.flatMap((blockNo) => [blockNo, blockNo + 1]);
            const one = () => byteDamage(random, base, blocks, false);
            return { base, damages: [damage, ...several(random, one)] };
        },
    },
    {
        name: "journal-hostile",
        doc: "journals full of metablocks that fit nothing",
        isSlow: true,
        generate(random, bases) {
            const base = anyBase(random, journaled(bases));
            return { base, damages: [hostileJournal(random, base)] };
        },
    },
    {
        name: "journal-geometry",
        doc: "correct journals under a superblock that says something else",
        generate(random, bases) {
            const base = anyBase(random, journaled(bases));
            const { damage } = layJournal(random, base, random.chance(1, 4));
            const one = () => fieldDamage(random, base, base.landmarks.superblock);
            return { base, damages: [damage, ...several(random, one, 2)] };
        },
    },
    {
        name: "everything",
        doc: "a journal, fields, bytes and length at once",
        generate(random, bases) {
            const base = anyBase(random, journaled(bases));
            const { damage, metablocks } = layJournal(random, base, random.chance(1, 2));
            const { superblock, inodes, dirents } = base.landmarks;
            const sites = [...superblock, ...inodes, ...dirents];
            const one = () =>
                random.pick([
                    () => fieldDamage(random, base, sites),
                    () => byteDamage(random, base),
                    () => metablockDamage(random, base, metablocks),
                ])();
            return { base, damages: [damage, ...several(random, one, 8)] };
        },
    },
    {
        name: "noise",
        doc: "random bytes, all of them or all but the superblock's",
        isSlow: true,
        generate(random, bases) {
            const base = random.pick(smallBases(bases));
            const blockCount = random.pick([1, 1, 2, 2, 3, 5, 9]);
            const noise = randomBytes(random, blockCount * blockSize);
            const start = random.pick([0, superblockOffset + 48, blockSize, 2 * blockSize]);
            const damages: Damage[] = [
                {
                    description: `random bytes from ${start} on, ${blockCount} blocks`,
                    apply: (image) => image.poke(start, noise),
                },
            ];
            return { base, damages };
        },
    },
];

const turnsOfQuickOnes = 10;

/** The names of the fuzzers, each as often as it has turns in a round. */
export function roundOfNames(only: string | undefined): string[] {
    return fuzzers
        .filter(({ name }) => (only ?? name) === name)
        .flatMap(({ name, isSlow }) => Array<string>(isSlow ? 1 : turnsOfQuickOnes).fill(name));
}

export function tokenText({ fuzzer, seed, index }: Token): string {
    return `${fuzzer}:${seed}:${index}`;
}

/** A token from its text, or undefined where it is none. */
export function parseToken(text: string): Token | undefined {
    const match = /^([a-z-]+):(\d{1,15}):(\d{1,15})$/.exec(text);
    if (match === null || !fuzzers.some(({ name }) => name === match[1])) {
        return undefined;
    }
    return { fuzzer: match[1], seed: Number(match[2]), index: Number(match[3]) };
}

/** The case that a token stands for. */
export function makeCase(token: Token, bases: readonly BaseImage[]): FuzzCase {
    const fuzzer = fuzzers.find(({ name }) => name === token.fuzzer) ?? fuzzers[0];
    const text = bytesOf(tokenText(token));
    const random = new Random((crc32c(text, 1) % 2 ** 21) * 2 ** 32 + crc32c(text));
    return fuzzer.generate(random, bases);
}

/** A case's image. */
export function makeImage({ base, damages }: FuzzCase): DamagedImage {
    const image = new DamagedImage(base.disk);
    for (const { apply } of damages) {
        apply(image);
    }
    return image;
}
