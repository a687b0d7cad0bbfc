/**
 * Which commands were outstanding together, drawn in lanes: each command has a column from its
 * issue to its end.
 *
 *     ╷      issued here          │      still going on
 *     ╵      ended before the next command was issued
 *     •      issued, and ended before the next one
 *
 * A lane is free again when its command has ended. A command that never ended keeps its lane.
 */
import { type DiskTrace, notYet } from "../../disk/trace/disk-trace.ts";

/** Lanes that are drawn; a disk has 32 slots. More are counted. */
const maxLaneCount = 33;

/** The picture of each command, in their order. */
export function* lanePictures({ commands }: DiskTrace): Generator<string> {
    /** By lane: when its command ends; 0 for a free lane. */
    const ends: number[] = [];
    for (const [index, { issuedAt, completedAt }] of commands.entries()) {
        const nextIssue = commands[index + 1]?.issuedAt ?? notYet;
        let own = ends.findIndex((end) => end <= issuedAt);
        if (own < 0) {
            own = ends.length;
        }
        ends[own] = completedAt;
        yield picture(ends, own, issuedAt, nextIssue);
        while (ends.length > 0 && ends[ends.length - 1] <= nextIssue) {
            ends.pop();
        }
    }
}

function picture(
    ends: readonly number[],
    own: number,
    issuedAt: number,
    nextIssue: number,
): string {
    let text = "";
    for (const [lane, end] of ends.slice(0, maxLaneCount).entries()) {
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
    const hidden = ends.length - maxLaneCount;
    return hidden > 0 ? `${text}+${hidden}` : text;
}
