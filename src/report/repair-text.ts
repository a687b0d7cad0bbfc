/** What a repair did or did not do, as lines of text. */
import type { ByteString } from "../base/byte-string.ts";
import type { Place } from "../fsck/finding.ts";
import type { Refusal, RepairChange } from "../fsck/repair/change.ts";
import { placeText, shownText } from "./fsck-text.ts";

/** A change in one line. Names in its message are quoted and escaped already. */
export function changeLine({ place, message }: RepairChange, isTerminal: boolean): ByteString {
    return `${prefixText(place, isTerminal)}${message}\n`;
}

/** A refusal in one line, with its code. */
export function refusalLine({ code, place, message }: Refusal, isTerminal: boolean): ByteString {
    const shown = isTerminal ? shownText(message) : message;
    return `${prefixText(place, isTerminal)}${shown} [${code}]\n`;
}

function prefixText(place: Place, isTerminal: boolean): ByteString {
    const where = placeText(place);
    return where === "" ? "" : `${isTerminal ? shownText(where) : where}: `;
}
