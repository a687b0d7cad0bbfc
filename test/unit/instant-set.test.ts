import { describe, expect, it } from "vitest";
import { InstantSet } from "../../src/disk/trace/instant-set.ts";

/** What `add` answers for each instant in turn. */
function answers(instants: readonly number[]): boolean[] {
    const set = new InstantSet();
    return instants.map((instant) => set.add(instant));
}

describe("a set of instants", () => {
    it("knows an instant again, and none of its neighbours for it", () => {
        const upward = Array.from({ length: 200 }, (_, instant) => instant);
        expect(answers(upward)).toEqual(upward.map(() => true));
        expect(answers([...upward, ...upward]).slice(200)).toEqual(upward.map(() => false));
        const downward = upward.toReversed();
        expect(answers(downward)).toEqual(downward.map(() => true));
    });

    it("takes all that a file can claim, however far apart", () => {
        const most = Number.MAX_SAFE_INTEGER;
        const instants = [most, 0, most - 1, 2 ** 32, 2 ** 31, 2 ** 32 + 30, most - 30];
        expect(answers(instants)).toEqual(instants.map(() => true));
        expect(answers([...instants, ...instants]).slice(7)).toEqual(instants.map(() => false));
    });
});
