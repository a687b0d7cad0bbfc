/**
 * What must hold of repairing any image: the plan writes nothing, and where it is not refused it
 * leaves a disk without more errors, to which a second repair does nothing.
 */
import type { ByteReader } from "../src/base/byte-store.ts";
import { checkImage } from "../src/fsck/check.ts";
import { planRepair } from "../src/fsck/repair/repair.ts";
import { changeLine, refusalLine } from "../src/report/repair-text.ts";
import { Failure } from "./failure.ts";
import { GuardedReader } from "./guarded-reader.ts";
import { checkLimits } from "./limits.ts";

/** A repair judges the disk by walks like those of a check, at most so many. */
const maxWalkCount = 8;

export function examineRepair(image: ByteReader): void {
    const { readBytes, eventTextBytes } = checkLimits(image);
    const guard = new GuardedReader(image, maxWalkCount * readBytes);
    const { changes, changeCount, refusals, recording } = planRepair(guard);
    guard.lift();
    const lines = [
        ...changes.map((change) => changeLine(change, true)),
        ...refusals.map((refusal) => refusalLine(refusal, true)),
    ];
    expect(
        lines.every(({ length }) => length <= eventTextBytes),
        "a line has a bounded length",
    );
    if (refusals.length > 0) {
        expect(changeCount === 0 && recording.writes.length === 0, "a refusal changes nothing");
        return;
    }
    expect(changeCount > 0 === recording.writes.length > 0, "what is written is told");
    const before = checkImage(guard, () => {}).counts.error;
    const after = checkImage(recording, () => {}).counts.error;
    expect(after <= before, `a repair leaves no more errors: ${before} before, ${after} after`);
    const again = planRepair(recording);
    expect(
        again.changeCount === 0 && again.refusals.length === 0,
        `a second repair finds nothing to do: ${again.changeCount} changes`,
    );
}

function expect(condition: boolean, rule: string): void {
    if (!condition) {
        throw new Failure("differs", `not so: ${rule}`);
    }
}
