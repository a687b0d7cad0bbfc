/** Traces for tests, told as a story: each call is what a host does next. */
import { type RecordedDisk, TraceRecorder } from "../../src/disk/trace/recorder.ts";

/** A disk of eight physical sectors of 4 KiB, in logical ones of 512 bytes. */
export const smallDisk: RecordedDisk = {
    diskSizeBytes: 32_768,
    sectorSizeBytes: 512,
    startsWithCache: true,
};

/** Tells a trace. Writes fill their sectors with their id plus 1, or with `byte`. */
export class TraceStory {
    readonly recorder: TraceRecorder;
    readonly #sectorSize: number;

    constructor(disk: RecordedDisk = smallDisk) {
        this.recorder = new TraceRecorder(disk);
        this.#sectorSize = disk.sectorSizeBytes;
    }

    /** Begins a write, of which the drive has the data at once. Two events. Returns its id. */
    begin(sector: number, count: number, { fua = false, byte = -1 } = {}): number {
        const byteOffset = sector * this.#sectorSize;
        const byteLength = count * this.#sectorSize;
        const id = this.recorder.issue({ kind: "write", fua, byteOffset, byteLength }, 0);
        const content = byte === -1 ? id + 1 : byte;
        this.recorder.accept(id, undefined, new Uint8Array(byteLength).fill(content));
        return id;
    }

    /** A command ends. One event. */
    end(...ids: number[]): void {
        for (const id of ids) {
            this.recorder.complete(id, true, 0);
        }
    }

    fail(id: number): void {
        this.recorder.complete(id, false, 0);
    }

    /** A whole write. Three events. Returns its id. */
    write(sector: number, count: number, options: { fua?: boolean; byte?: number } = {}): number {
        const id = this.begin(sector, count, options);
        this.end(id);
        return id;
    }

    /** A whole discard. Three events. */
    discard(sector: number, count: number): number {
        const range = { byteOffset: sector * 512, byteLength: count * 512 };
        const id = this.recorder.issue({ kind: "discard", fua: false, ...range }, 0);
        this.recorder.accept(id, undefined, new Uint8Array(0));
        this.end(id);
        return id;
    }

    /** Begins a command that is no write. One event. */
    beginOther(kind: "flush" | "cache-off" | "cache-on" | "standby"): number {
        return this.recorder.issue({ kind, fua: false, byteOffset: 0, byteLength: 0 }, 0);
    }

    /** A whole flush. Two events. */
    flush(): number {
        const id = this.beginOther("flush");
        this.end(id);
        return id;
    }
}
