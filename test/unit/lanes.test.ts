import { describe, expect, it } from "vitest";
import { lanePictures } from "../../src/cli/disk/lanes.ts";
import { type DiskTrace, notYet, type TraceCommand } from "../../src/disk/trace/disk-trace.ts";

/** A trace of reads with these instants of issue and end. */
function traceOf(instants: readonly (readonly [issuedAt: number, completedAt: number])[]) {
    const commands = instants.map(
        ([issuedAt, completedAt], id): TraceCommand => ({
            id,
            kind: "read",
            fua: false,
            byteOffset: 0,
            byteLength: 512,
            issuedAt,
            issuedNs: 0,
            acceptedAt: notYet,
            completedAt,
            completedNs: 0,
            status: completedAt === notYet ? "outstanding" : "done",
        }),
    );
    const trace: DiskTrace = {
        diskSizeBytes: 512,
        sectorSizeBytes: 512,
        startsWithCache: true,
        commands,
        eventCount: 1000,
    };
    return trace;
}

/** What the head of the source promises, with all commands looked at by each. */
function slowPictures({ commands }: DiskTrace, laneCount = 33): string[] {
    const lanes = new Map<TraceCommand, number>();
    return commands.map((command, index) => {
        const running = commands.filter(
            ({ issuedAt, completedAt }) =>
                issuedAt < command.issuedAt && completedAt > command.issuedAt,
        );
        const taken = running.map((one) => lanes.get(one));
        const free = Array.from({ length: laneCount }, (_, lane) => lane).find(
            (lane) => !taken.includes(lane),
        );
        if (free !== undefined) {
            lanes.set(command, free);
        }
        const nextIssue = commands[index + 1]?.issuedAt ?? notYet;
        let text = "";
        for (let lane = 0; lane < laneCount; lane++) {
            const one = [...running, command].find((other) => lanes.get(other) === lane);
            const endsHere =
                one !== undefined && one.completedAt !== notYet && one.completedAt <= nextIssue;
            const symbols = one === command ? "╷•" : "│╵";
            text += one === undefined ? " " : symbols[endsHere ? 1 : 0];
        }
        const hidden = [...running, command].filter((one) => !lanes.has(one)).length;
        return `${text.trimEnd()}${hidden > 0 ? `+${hidden}` : ""}`;
    });
}

describe("the lanes of a trace", () => {
    it("are free again when their commands have ended, the first free one first", () => {
        const trace = traceOf([
            [0, 3],
            [1, 2],
            [4, 9],
            [5, 7],
            [6, notYet],
            [8, 10],
        ]);
        expect(lanePictures(trace, 0, 6)).toEqual(["╷", "╵•", "╷", "│╷", "│╵╷", "╵•│"]);
        expect(lanePictures(trace, 3, 2)).toEqual(["│╷", "│╵╷"]);
        expect(lanePictures(trace, 5, 100)).toEqual(["╵•│"]);
        expect(lanePictures(trace, 6, 100)).toEqual([]);
    });

    it("are 33 at most, and commands without one are counted until they have ended", () => {
        // 35 begin; then the one in lane 1 and the last end, and four more begin.
        const instants: [number, number][] = Array.from({ length: 35 }, (_, at) => [at, notYet]);
        instants[1] = [1, 36];
        instants[34] = [34, 37];
        const later: [number, number][] = [38, 39, 41].map((at) => [at, notYet]);
        const pictures = lanePictures(traceOf([...instants, [35, 40], ...later]), 34, 5);
        const bars = (count: number) => "│".repeat(count);
        expect(pictures).toEqual([
            `${bars(33)}+2`,
            `│╵${bars(31)}+3`,
            `│╷${bars(31)}+2`,
            `${bars(33)}+3`,
            `${bars(33)}+3`,
        ]);
    });

    it("are what a slow search through all commands finds", () => {
        // Runs of commands that overlap more and less, with no chance in it but the formula's.
        const instants = Array.from({ length: 300 }, (_, id): [number, number] => {
            const length = (id * id * 31 + id * 7) % (id % 90 < 60 ? 160 : 5);
            return [2 * id, id % 41 === 0 ? notYet : 2 * id + 2 * length + 1];
        });
        const trace = traceOf(instants);
        const pictures = slowPictures(trace);
        expect(pictures.filter((picture) => picture.includes("+")).length).toBeGreaterThan(50);
        expect(pictures.filter((picture) => picture.includes(" ")).length).toBeGreaterThan(10);
        expect(lanePictures(trace, 0, 300)).toEqual(pictures);
        // The canary: one lane fewer would be caught.
        expect(lanePictures(trace, 0, 300)).not.toEqual(slowPictures(trace, 32));
    });
});
