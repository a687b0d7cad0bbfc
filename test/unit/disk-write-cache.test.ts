import { describe, expect, it } from "vitest";
import { ChoiceRecorder, type ChoiceStream, RecordedChoices } from "../../src/base/choices.ts";
import { StateFields, type StateRecord } from "../../src/base/state.ts";
import { CachedPages } from "../../src/disk/cache/cached-pages.ts";
import {
    type DestagePolicy,
    lazyDestage,
    randomDestage,
} from "../../src/disk/cache/destage-policy.ts";
import { RequestGroups } from "../../src/disk/cache/request-groups.ts";
import { WriteCache } from "../../src/disk/cache/write-cache.ts";
import { MemoryStore } from "../../src/disk/memory-store.ts";

/** A disk of 16 sectors, all zeros, behind a cache. */
function cached(
    policy: Partial<DestagePolicy> = {},
    choices: ChoiceStream = new RecordedChoices([]),
) {
    const medium = new MemoryStore(new Uint8Array(8192));
    return { medium, cache: new WriteCache(medium, { ...lazyDestage, ...policy }, choices) };
}

function sectors(count: number, byte: number): Uint8Array {
    return new Uint8Array(512 * count).fill(byte);
}

/** The first byte of each sector. */
function firstBytes(medium: MemoryStore, count: number): number[] {
    return Array.from({ length: count }, (_, index) => medium.bytes[512 * index]);
}

describe("request groups", () => {
    it("drop the numbers that no page names any more", () => {
        const pages = new CachedPages();
        const groups = new RequestGroups();
        for (let count = 0; count < 10_000; count++) {
            const request = groups.begin(pages.list);
            const page = pages.obtain(count % 3);
            groups.takeOver(page, 1, request);
            page.mask |= 1;
        }
        expect(groups.requestCount).toBeLessThanOrEqual(257);
        const [first, second] = pages.list;
        expect(groups.groupAt(first, 0)).not.toBe(groups.groupAt(second, 0));
    });
});

describe("a write cache", () => {
    it("keeps what was written from the medium until a flush", () => {
        const { medium, cache } = cached();
        cache.write(512, sectors(2, 7), false);
        const read = new Uint8Array(2048);
        cache.read(0, read);
        expect([read[0], read[512], read[1024], read[1536]]).toEqual([0, 7, 7, 0]);
        expect(firstBytes(medium, 4)).toEqual([0, 0, 0, 0]);
        expect(cache.isClean).toBe(false);
        cache.flush();
        expect(firstBytes(medium, 4)).toEqual([0, 7, 7, 0]);
        expect(cache.isClean).toBe(true);
    });

    it("copies what is written", () => {
        const { medium, cache } = cached();
        const bytes = sectors(1, 7);
        cache.write(0, bytes, false);
        bytes.fill(8);
        cache.flush();
        expect(medium.bytes[0]).toBe(7);
    });

    it("puts a write through to the medium and nothing else, and forgets what it covers", () => {
        const { medium, cache } = cached();
        cache.write(0, sectors(3, 1), false);
        cache.write(512, sectors(1, 2), true);
        expect(firstBytes(medium, 3)).toEqual([0, 2, 0]);
        cache.flush();
        expect(firstBytes(medium, 3)).toEqual([1, 2, 1]);
    });

    it("flushes when it is turned off, and then puts everything through", () => {
        const { medium, cache } = cached();
        cache.write(0, sectors(1, 1), false);
        cache.isOn = false;
        expect(firstBytes(medium, 2)).toEqual([1, 0]);
        cache.write(512, sectors(1, 2), false);
        cache.discard(0, 512);
        expect(firstBytes(medium, 2)).toEqual([0, 2]);
        expect(cache.isOn).toBe(false);
        cache.reset();
        expect(cache.isOn).toBe(true);
    });

    it("empties itself when it holds more than its capacity, after the whole request", () => {
        const { medium, cache } = cached({ capacityBytes: 4096 });
        cache.write(0, sectors(1, 1), false);
        expect(cache.isClean).toBe(false);
        cache.write(2048, sectors(12, 2), false);
        expect(cache.isClean).toBe(true);
        expect(firstBytes(medium, 16)).toEqual([1, 0, 0, 0, ...new Array(12).fill(2)]);
    });

    it("loses everything when power fails and every choice is the plain one", () => {
        const { medium, cache } = cached({ powerLoss: "collateral" });
        cache.write(0, sectors(16, 1), false);
        cache.losePower();
        expect(medium.bytes.every((byte) => byte === 0)).toBe(true);
        expect(cache.isClean).toBe(true);
    });

    it("lands by sectors or by requests, as its policy and the choices say", () => {
        // Mood 4: about half; then 1 lands and 0 is lost.
        const torn = cached({}, new RecordedChoices([4, 1, 0, 1]));
        torn.cache.write(0, sectors(3, 1), false);
        torn.cache.losePower();
        expect(firstBytes(torn.medium, 3)).toEqual([1, 0, 1]);
        const whole = cached({ powerLoss: "requests" }, new RecordedChoices([4, 0, 1]));
        whole.cache.write(0, sectors(2, 1), false);
        whole.cache.write(1024, sectors(2, 2), false);
        whole.cache.losePower();
        expect(firstBytes(whole.medium, 4)).toEqual([0, 0, 2, 2]);
    });

    it("lands requests together of which one covered part of the other", () => {
        for (const lands of [0, 1]) {
            const choices = new ChoiceRecorder(new RecordedChoices([4, lands]));
            const { medium, cache } = cached({ powerLoss: "requests" }, choices);
            cache.write(0, sectors(2, 1), false);
            cache.write(512, sectors(2, 2), false);
            cache.losePower();
            expect(firstBytes(medium, 3)).toEqual(lands === 1 ? [1, 2, 2] : [0, 0, 0]);
            expect(choices.choices).toEqual([4, lands]);
        }
    });

    it("destages nothing where the choice is the plain one, else what the choices pick", () => {
        // Two things; of page 1 sector 0, then of page 0 all.
        const choices = new RecordedChoices([0, 2, 1, 1, 0, 0]);
        const { medium, cache } = cached(randomDestage, choices);
        cache.write(0, sectors(16, 1), false);
        cache.destage();
        expect(firstBytes(medium, 16)).toEqual(new Array(16).fill(0));
        cache.destage();
        expect(firstBytes(medium, 16)).toEqual([...new Array(9).fill(1), ...new Array(7).fill(0)]);
    });

    it("may lie about flushes and writes through where its policy says so", () => {
        // One choice each: 0 keeps the promise, 1 breaks it.
        const choices = new RecordedChoices([1, 0, 1]);
        const { medium, cache } = cached({ powerLoss: "requests", lies: true }, choices);
        cache.write(0, sectors(1, 1), false);
        cache.flush();
        expect(firstBytes(medium, 1)).toEqual([0]);
        cache.flush();
        expect(firstBytes(medium, 1)).toEqual([1]);
        cache.write(0, sectors(1, 2), true);
        expect(firstBytes(medium, 1)).toEqual([1]);
        const read = new Uint8Array(512);
        cache.read(0, read);
        expect(read[0]).toBe(2);
    });

    it("cannot lie and tear at once: no level of crash states says what that leaves", () => {
        for (const powerLoss of ["sectors", "trash", "collateral"] as const) {
            expect(() => cached({ powerLoss, lies: true })).toThrow(
                'a policy that lies has whole requests: powerLoss is "requests"',
            );
        }
    });

    it("tells requests apart after any number of them, in bounded room", () => {
        const choices = new ChoiceRecorder(new RecordedChoices([4, 1, 0, 1]));
        const { medium, cache } = cached({ powerLoss: "requests" }, choices);
        cache.write(0, sectors(2, 1), false);
        cache.write(4096, sectors(1, 2), false);
        for (let count = 0; count < 10_000; count++) {
            cache.write(1024, sectors(1, count), false);
        }
        cache.write(512, sectors(1, 3), false);
        cache.losePower();
        // Three groups: the first two sectors, the third, and the one of the second page.
        expect(firstBytes(medium, 9)).toEqual([1, 3, 0, 0, 0, 0, 0, 0, 2]);
        expect(choices.choices).toEqual([4, 1, 0, 1]);
    });

    it("refuses a saved state that no disk of its size can have", () => {
        const { cache } = cached();
        cache.write(0, sectors(1, 1), false);
        const saved = cache.save();
        const load = (pages: { pageNo: number; mask: number }) => {
            const fields = { ...saved, pages: [{ ...pages, bytes: sectors(1, 1), groups: [] }] };
            cache.load(new StateFields(fields, "cache"));
        };
        expect(() => load({ pageNo: 2, mask: 1 })).toThrow(
            "saved state of a write cache: page 2 with sectors 1 is not a page of this disk",
        );
        expect(() => load({ pageNo: 0, mask: 256 })).toThrow(
            "saved state of a write cache: page 0 with sectors 256 is not a page of this disk",
        );
        const [page] = saved.pages as StateRecord[];
        const twice = new StateFields({ ...saved, pages: [page, page] }, "cache");
        expect(() => cache.load(twice)).toThrow(
            "saved state of a write cache: page 0 is there twice",
        );
        const grouped = { pageNo: 0, mask: 1, bytes: sectors(1, 1), groups: [1e15] };
        const fields = new StateFields({ ...saved, pages: [grouped] }, "cache");
        expect(() => cached({ powerLoss: "requests" }).cache.load(fields)).toThrow(
            "saved state of a write cache: group 1000000000000000 comes before group 0",
        );
    });
});
