/**
 * Which commands were outstanding together, drawn in lanes: each command has a column from its
 * issue to its end.
 *
 *     ╷      issued here          │      still going on
 *     ╵      ended before the next command was issued
 *     •      issued, and ended before the next one
 *
 * A lane is free again when its command has ended; the next command takes the first free one. A
 * command that finds none is drawn nowhere and counted until it ends. So a command costs no more
 * than there are lanes, however many are under way.
 */
import { type DiskTrace, notYet } from "../../disk/trace/disk-trace.ts";

/** Lanes that there are; a disk has 32 slots. */
const maxLaneCount = 33;

/** The pictures of `count` commands, or as many as there are, from command `firstId` on. */
export function lanePictures({ commands }: DiskTrace, firstId: number, count: number): string[] {
    const endsInOrder = Float64Array.from(commands, ({ completedAt }) => completedAt).sort();
    /** By lane: when its last command ends. */
    const ends: number[] = [];
    const pictures: string[] = [];
    let endedCount = 0;
    for (const { id, issuedAt, completedAt } of commands.slice(0, firstId + count)) {
        while (endsInOrder[endedCount] <= issuedAt) {
            endedCount++;
        }
        const free = ends.findIndex((end) => end <= issuedAt);
        const own = free < 0 ? ends.length : free;
        if (own < maxLaneCount) {
            ends[own] = completedAt;
        }
        if (id >= firstId) {
            const nextIssue = commands[id + 1]?.issuedAt ?? notYet;
            const drawn = picture(ends, own, issuedAt, nextIssue);
            const underWayCount = id + 1 - endedCount;
            const hiddenCount = underWayCount - ends.filter((end) => end > issuedAt).length;
            pictures.push(hiddenCount > 0 ? `${drawn}+${hiddenCount}` : drawn);
        }
    }
    return pictures;
}

function picture(
    ends: readonly number[],
    own: number,
    issuedAt: number,
    nextIssue: number,
): string {
    let text = "";
    for (const [lane, end] of ends.entries()) {
        // What has not ended at all has not ended by the next issue, be there one or not.
        const endsHere = end <= nextIssue && end !== notYet;
        if (lane === own) {
            text += endsHere ? "•" : "╷";
        } else if (end <= issuedAt) {
            text += " ";
        } else {
            text += endsHere ? "╵" : "│";
        }
    }
    return text.trimEnd();
}
