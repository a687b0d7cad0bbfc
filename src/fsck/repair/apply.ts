/**
 * Carrying a repair out on an image, and taking it back, so that a loss of power at any write
 * leaves the image undone, done, or with an undo file that says how to go back.
 */
import type { ByteReader, ByteStore } from "../../base/byte-store.ts";
import { blockSize } from "../../chkfs/layout.ts";
import type { RecordingStore } from "../../disk/recording-store.ts";
import { UndoState } from "./undo-format.ts";
import { setUndoState, type UndoLog } from "./undo-log.ts";

/** Does on `image` what was recorded, with its undo file written before and durable. */
export function applyRepair(image: ByteStore, recording: RecordingStore, file: ByteStore): void {
    recording.repeatOn(image);
    image.flush();
    setUndoState(file, UndoState.done);
}

/**
 * Why `image` cannot be taken back with an undo file, in words; undefined where it can be. It
 * must be what the repair left, in part where the repair, or the way back, was interrupted.
 */
export function undoProblem(log: UndoLog, image: ByteReader): string | undefined {
    if (log.state === UndoState.undone) {
        return "the repair has been undone already";
    }
    const blockCount = Math.floor(image.sizeBytes / blockSize);
    if (blockCount !== log.imageBlockCount) {
        return `of an image of ${log.imageBlockCount} blocks, but this one has ${blockCount}`;
    }
    const blockNo = log.firstForeignBlock(image, log.state === UndoState.done);
    return blockNo === undefined
        ? undefined
        : `the image is not as the repair left it: block ${blockNo} has changed since`;
}

/** Takes `image` back, once `undoProblem` has none to tell. */
export function undoRepair(image: ByteStore, log: UndoLog, file: ByteStore): void {
    if (log.state !== UndoState.begun) {
        setUndoState(file, UndoState.begun);
    }
    log.restore(image);
    setUndoState(file, UndoState.undone);
}
