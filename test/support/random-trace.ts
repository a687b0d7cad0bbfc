/** Random traces: a few writes to a few sectors, in every order of events that a disk allows. */
import fc from "fast-check";
import {
    type DiskTrace,
    notYet,
    type TraceCommand,
    type TraceCommandKind,
} from "../../src/disk/trace/disk-trace.ts";

/** Sectors of the disk; few, so that writes meet. */
const sectorCount = 6;

/** A command before it has its instants. */
interface Plan {
    readonly kind: TraceCommandKind;
    readonly fua: boolean;
    readonly first: number;
    readonly count: number;
    readonly status: TraceCommand["status"];
    readonly label: string;
    readonly tag: number;
}

const kinds: fc.Arbitrary<TraceCommandKind> = fc.oneof(
    { weight: 10, arbitrary: fc.constant("write") },
    { weight: 2, arbitrary: fc.constant("discard") },
    { weight: 4, arbitrary: fc.constant("flush") },
    { weight: 3, arbitrary: fc.constantFrom("cache-on", "cache-off", "standby") },
    { weight: 2, arbitrary: fc.constant("mark") },
    { weight: 1, arbitrary: fc.constantFrom("read", "other") },
);

const plan: fc.Arbitrary<Plan> = fc.record({
    kind: kinds,
    fua: fc.integer({ min: 0, max: 4 }).map((draw) => draw === 0),
    first: fc.nat({ max: sectorCount - 1 }),
    count: fc.integer({ min: 1, max: 3 }),
    status: fc.oneof(
        { weight: 12, arbitrary: fc.constant("done" as const) },
        { weight: 1, arbitrary: fc.constant("failed" as const) },
        { weight: 1, arbitrary: fc.constant("outstanding" as const) },
    ),
    label: fc.string({ unit: "grapheme", maxLength: 9 }).map((text) => text.toWellFormed()),
    tag: fc.nat({ max: 31 }),
});

/**
 * Random traces. An event is the issue of the next command, or the next step of one that runs;
 * how many may run at once is drawn too, so that some traces have no overlap at all.
 */
export const anyTrace: fc.Arbitrary<DiskTrace> = fc
    .record({
        plans: fc.array(plan, { maxLength: 12 }),
        steps: fc.array(fc.nat(), { minLength: 40, maxLength: 40 }),
        maxRunning: fc.constantFrom(1, 1, 2, 4),
        sectorSizeBytes: fc.constantFrom(512, 512, 512, 4096),
        startsWithCache: fc.boolean(),
    })
    .map(({ plans, steps, maxRunning, sectorSizeBytes, startsWithCache }) => {
        const commands: { -readonly [Field in keyof TraceCommand]: TraceCommand[Field] }[] = [];
        const running: number[] = [];
        let eventCount = 0;
        let step = 0;
        const draw = (count: number) => steps[step++ % steps.length] % count;
        const end = (id: number) => {
            const command = commands[id];
            command.status = plans[id].status;
            if (command.status !== "outstanding") {
                command.completedAt = eventCount++;
                command.completedNs = 1000 * eventCount;
            }
        };
        /** Acceptance first, for what has data; then the end. */
        const advance = (index: number) => {
            const [id] = running.splice(index, 1);
            const command = commands[id];
            const isWrite = command.kind === "write" || command.kind === "discard";
            if (isWrite && command.acceptedAt === notYet) {
                accept(command, eventCount++, sectorSizeBytes);
                running.push(id);
            } else {
                end(id);
            }
        };
        for (const [id, one] of plans.entries()) {
            while (running.length >= maxRunning || (running.length > 0 && draw(2) === 0)) {
                advance(draw(running.length));
            }
            commands.push(issued(id, one, eventCount++, sectorSizeBytes));
            running.push(id);
        }
        while (running.length > 0) {
            advance(draw(running.length));
        }
        const diskSizeBytes = sectorCount * sectorSizeBytes;
        return { diskSizeBytes, sectorSizeBytes, startsWithCache, commands, eventCount };
    });

function issued(id: number, one: Plan, issuedAt: number, sectorSizeBytes: number) {
    const { kind, tag } = one;
    const hasRange = ["read", "write", "discard"].includes(kind);
    const count = hasRange ? Math.min(one.count, sectorCount - one.first) : 0;
    return {
        id,
        kind,
        fua: one.fua && kind === "write",
        byteOffset: hasRange ? one.first * sectorSizeBytes : 0,
        byteLength: count * sectorSizeBytes,
        issuedAt,
        issuedNs: 7 * issuedAt,
        acceptedAt: notYet,
        completedAt: notYet,
        completedNs: notYet,
        status: "outstanding" as TraceCommand["status"],
        ...(kind === "mark" && { label: one.label }),
        ...(hasRange && { tag, ataCommand: 0x61, cpu: id % 2, origin: `f${id}` }),
    };
}

/** The data of write `id` is full of the number `id` + 1, and its bytes before of 0xee. */
function accept(
    command: { -readonly [Field in keyof TraceCommand]: TraceCommand[Field] },
    acceptedAt: number,
    sectorSizeBytes: number,
): void {
    command.acceptedAt = acceptedAt;
    if (command.kind === "write") {
        command.after = new Uint8Array(command.byteLength).fill(command.id + 1);
        if (sectorSizeBytes === 512) {
            command.before = new Uint8Array(command.byteLength).fill(0xee);
        }
    }
}
