/**
 * A check's events as lines of text, in the shape that the reference tool gave them.
 *
 * The place of a finding is in bold even without colour, because the reference does it and
 * scripts see it; only the words error: and warning: follow the choice of colour.
 */
import { type ByteString, printable, utf8Encode } from "../base/byte-string.ts";
import { noticeText } from "../chkfs/journal/notices.ts";
import { InodeType } from "../chkfs/layout.ts";
import type { Superblock } from "../chkfs/superblock.ts";
import { type Finding, findingText, type Place, type Severity } from "../fsck/finding.ts";
import type { CheckEvent } from "../fsck/reporter.ts";

export interface TextStyle {
    readonly isColored: boolean;
    /** Names are shown as `printable` has them; elsewhere they are the bytes that they are. */
    readonly isTerminal: boolean;
    /** Each finding ends in its code. */
    readonly showsCodes: boolean;
}

const bold = "\x1b[1m";
const plain = "\x1b[m";
const colors: Readonly<Record<Severity, string>> = {
    error: "\x1b[1;31m",
    warning: "\x1b[1;35m",
    note: "\x1b[1;36m",
};

/** The lines of an event, each ended by a newline. */
export function eventText(event: CheckEvent, style: TextStyle): ByteString {
    const show = (text: ByteString) => (style.isTerminal ? shownText(text) : text);
    switch (event.kind) {
        case "finding":
            return findingLines(event.finding, style, show);
        case "omitted":
            return `... and ${event.count} more of ${event.code}\n`;
        case "superblock":
            return superblockLines(event.superblock);
        case "journal": {
            const { notice, blockCount } = event;
            return `${journalPlace(notice.blockIndex, blockCount)}${noticeText(notice)}\n`;
        }
        case "replay":
            return `journal transaction ${event.tid}: replaying block ${event.blockNo}\n`;
        case "inode": {
            const { inodeNo, name, size, type, nlink, indirect } = event;
            const { first, count } = indirect;
            const tail = first === 0 && count === 0 ? "" : `, indirect extent ${first}+${count}`;
            return (
                `inode ${inodeNo} (${show(name)}): size ${size}, type ${inodeTypeText(type)}, ` +
                `nlink ${nlink}${tail}\n`
            );
        }
        case "extent":
            return `  [${event.index}]: extent ${event.first}+${event.count}\n`;
        case "dirent":
            return `    dirent ${event.slot}: name ${show(event.name)}, inode ${event.inodeNo}\n`;
    }
}

function findingLines(
    finding: Finding,
    { isColored, showsCodes }: TextStyle,
    show: (text: ByteString) => ByteString,
): ByteString {
    const { place, severity, code } = finding;
    const { message, details } = findingText(finding);
    const tag = showsCodes ? ` [${code}]` : "";
    const word = isColored ? `${colors[severity]}${severity}:${plain}` : `${severity}:`;
    if (place.kind === "journal") {
        // The reference does not say how bad it is; who wants codes wants to know that too.
        const where = journalPlace(place.blockIndex, place.blockCount);
        return `${where}${showsCodes ? `${word} ` : ""}${message}${tag}\n`;
    }
    const where = placeText(place);
    const prefix = where === "" ? "" : `${bold}${show(where)}:${plain} `;
    const lines = details.map((detail) => `  ${show(detail)}\n`).join("");
    return `${prefix}${word} ${show(message)}${tag}\n${lines}`;
}

/** A finding's place in words; empty for the image as a whole. */
export function placeText(place: Place): ByteString {
    switch (place.kind) {
        case "image":
            return "";
        case "block": {
            const { blockNo, user } = place;
            return `block ${blockNo}${user === undefined ? "" : ` (${user.name}) (${user.role})`}`;
        }
        case "inode": {
            const { inodeNo, name, fileBlock, diskBlock } = place;
            const named = name === undefined ? "" : ` (${name})`;
            // The reference shows either number in the same brackets.
            const block = fileBlock ?? diskBlock;
            return `inode ${inodeNo}${named}${block === undefined ? "" : ` [${block}]`}`;
        }
        case "name":
            return place.name;
        case "journal":
            return journalPlace(place.blockIndex, place.blockCount).slice(0, -2);
    }
}

function journalPlace(blockIndex: number, blockCount: number): string {
    return blockIndex < 0 ? "journal: " : `journal: block ${blockIndex}/${blockCount}: `;
}

function superblockLines(superblock: Superblock): string {
    const { nblocks, ninodes, nswap, fbb_bn, inode_bn, data_bn, journal_bn } = superblock;
    return (
        `superblock: nblocks ${nblocks}, ninodes ${ninodes}\n` +
        `  blocks: self 1, swap ${nswap}, fbb ${inode_bn - fbb_bn}, ` +
        `inodes ${data_bn - inode_bn}, data ${journal_bn - data_bn}, ` +
        `journal ${nblocks - journal_bn}\n`
    );
}

/** An inode's type in words. */
function inodeTypeText(type: number): string {
    switch (type) {
        case InodeType.regular:
            return "regular";
        case InodeType.directory:
            return "directory";
        default:
            return `<type ${type | 0}>`;
    }
}

/**
 * A name, or words in plain ASCII around one, as a terminal may have it: UTF-8 as it is, and
 * escapes for what drives a terminal or is not UTF-8.
 */
export function shownText(text: ByteString): ByteString {
    return utf8Encode(printable(text));
}
