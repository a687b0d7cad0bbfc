/** What a repair did or did not do, as lines of text. */
import type { ByteString } from "../base/byte-string.ts";
import type { Refusal, RepairChange } from "../fsck/repair/change.ts";
import { escapeControls, placeText } from "./fsck-text.ts";

/** A change in one line. `escapesControls` where it goes to a terminal. */
export function changeLine(change: RepairChange, escapesControls: boolean): ByteString {
    return `${shown(change, escapesControls)}\n`;
}

/** A refusal in one line, with its code. */
export function refusalLine(refusal: Refusal, escapesControls: boolean): ByteString {
    return `${shown(refusal, escapesControls)} [${refusal.code}]\n`;
}

function shown({ place, message }: RepairChange | Refusal, escapesControls: boolean): ByteString {
    const where = placeText(place);
    const line = where === "" ? message : `${where}: ${message}`;
    return escapesControls ? escapeControls(line) : line;
}
