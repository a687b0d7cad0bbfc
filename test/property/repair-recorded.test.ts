/** Repairs of the damaged images that the reference tool was recorded on. */
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../src/disk/memory-store.ts";
import { checkImage } from "../../src/fsck/check.ts";
import { planRepair } from "../../src/fsck/repair/repair.ts";

const folder = new URL("../golden/recorded/fsck/", import.meta.url);

/** What a repair makes of an image; asserts what holds of every repair. */
function outcomeOf(name: string): "sound" | "repaired" | "repaired in part" | "refused" {
    const bytes = gunzipSync(readFileSync(new URL(name, folder)));
    const before = bytes.slice();
    const disk = new MemoryStore(bytes);
    const errorCount = checkImage(disk, () => {}).counts.error;
    const plan = planRepair(disk);
    expect(Buffer.compare(bytes, before), name).toBe(0);
    const left = checkImage(plan.recording, () => {}).counts.error;
    expect(left, name).toBeLessThanOrEqual(errorCount);
    if (plan.refusals.length > 0) {
        expect(plan.recording.writes, name).toEqual([]);
        expect(errorCount, name).toBeGreaterThan(0);
        return "refused";
    }
    plan.recording.repeatOn(disk);
    expect(planRepair(disk).recording.writes, name).toEqual([]);
    if (errorCount === 0) {
        return "sound";
    }
    return left === 0 ? "repaired" : "repaired in part";
}

describe("a repair of a recorded image", () => {
    it("takes its errors away or refuses; what it did not refuse is idle the next time", () => {
        const names = readdirSync(folder).filter((name) => name.endsWith(".img.gz"));
        const counts = { sound: 0, repaired: 0, "repaired in part": 0, refused: 0 };
        for (const name of names) {
            counts[outcomeOf(name)]++;
        }
        expect(counts).toEqual({ sound: 170, repaired: 7, "repaired in part": 0, refused: 123 });
    });
});
