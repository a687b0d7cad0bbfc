/**
 * A machine's state as bytes, for a file, another process or another machine with the same
 * options.
 *
 * It is one state record (see `src/base/state.ts`): the devices and the choices as they are saved,
 * memory and the disk's changes as page numbers beside the pages, the disk's trace as its recorder
 * saves it. Equal states have equal bytes as long as their traces and the sets of pages that the
 * disk copied are equal too.
 *
 * Bytes are trusted with nothing: every size is checked against a limit or against what is there
 * before anything is made of it.
 */

import { isZero } from "../../base/is-zero.ts";
import type { PageImage } from "../../base/page-images.ts";
import { zeroImage } from "../../base/page-images.ts";
import { pageSize } from "../../base/page-size.ts";
import { decodeState, encodeState, StateFields, type StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";
import type { OverlayImage } from "../../disk/overlay-store.ts";
import { type TraceMark, TraceRecorder } from "../../disk/trace/recorder.ts";
import { traceProblem } from "../../disk/trace/trace-check.ts";
import { maxMemoryBytes } from "../guest-memory.ts";
import type { MachineState } from "./machine-state.ts";

/** What the first field says, so that other states are not taken for a machine's. */
const kind = "chickadee machine";

/** Page numbers of a disk stay below this, and sizes in bytes below 2^53. */
const maxDiskPages = 2 ** 40;

/** A trace's recorder, for the sake of its encoding; only whole sectors matter to its checks. */
const anyDisk = { diskSizeBytes: 2 ** 52, sectorSizeBytes: 512, startsWithCache: true };

/** The bytes of a state. */
export function encodeMachineState(state: MachineState): Uint8Array {
    const { devices, choices, memory, disk, trace } = state;
    return encodeState({
        kind,
        version: 1,
        devices,
        choices,
        memory: { pageCount: memory.length, ...pagesRecord(memory.entries()) },
        ...(disk === undefined ? {} : { disk: pagesRecord([...disk].sort(([a], [b]) => a - b)) }),
        ...(trace === undefined ? {} : { trace: traceRecord(trace) }),
    });
}

/**
 * The state that `bytes` encode. Throws `UserError` for bytes that encode none; whether a machine
 * can have it is found when it is loaded.
 */
export function decodeMachineState(bytes: Uint8Array): MachineState {
    const whole = decodeState(bytes);
    if (typeof whole !== "object" || Array.isArray(whole) || whole instanceof Uint8Array) {
        throw new UserError("not a machine's state: it is no record");
    }
    const record = whole as StateRecord;
    const fields = new StateFields(record, "a machine");
    if (fields.text("kind") !== kind) {
        throw new UserError(`not a machine's state: its kind is not "${kind}"`);
    }
    fields.expectVersion(1);
    // Asked for as records, so that they are; what is in them is the devices' to check.
    fields.record("devices");
    fields.record("choices");
    return {
        devices: record.devices as StateRecord,
        choices: record.choices as StateRecord,
        memory: memoryOf(fields.record("memory")),
        disk: fields.has("disk") ? diskOf(fields.record("disk")) : undefined,
        trace: fields.has("trace") ? traceOf(fields.record("trace")) : undefined,
    };
}

function pagesRecord(pages: Iterable<readonly [number, Uint8Array | undefined]>): StateRecord {
    const numbers: number[] = [];
    const contents: Uint8Array[] = [];
    for (const [pageNo, page] of pages) {
        if (page !== undefined) {
            numbers.push(pageNo);
            contents.push(page);
        }
    }
    return { numbers, contents };
}

/** Pages by number, ascending, each whole. */
function pagesOf(fields: StateFields, pageLimit: number): (readonly [number, Uint8Array])[] {
    const contents = fields.byteLists("contents");
    const numbers = fields.integers("numbers", contents.length, 0, pageLimit - 1);
    return numbers.map((pageNo, index) => {
        const page = contents[index];
        if (page.length !== pageSize || (index > 0 && numbers[index - 1] >= pageNo)) {
            throw new UserError(`not a machine's state: page ${pageNo} is not as pages are`);
        }
        return [pageNo, page];
    });
}

function memoryOf(fields: StateFields): PageImage {
    const pageCount = fields.integer("pageCount", 1, maxMemoryBytes / pageSize);
    const image = [...zeroImage(pageCount)];
    for (const [pageNo, page] of pagesOf(fields, pageCount)) {
        // A page of zeros is no page, or one memory would have two images.
        image[pageNo] = isZero(page) ? undefined : page;
    }
    return image;
}

function diskOf(fields: StateFields): OverlayImage {
    return new Map(pagesOf(fields, maxDiskPages));
}

function traceRecord(mark: TraceMark): StateRecord {
    const recorder = new TraceRecorder(anyDisk);
    recorder.rewind(mark);
    return recorder.save();
}

function traceOf(fields: StateFields): TraceMark {
    const recorder = new TraceRecorder(anyDisk);
    recorder.load(fields);
    const problem = traceProblem(recorder.trace());
    if (problem !== undefined) {
        throw new UserError(`not a machine's state: in its trace, ${problem}`);
    }
    return recorder.mark();
}
