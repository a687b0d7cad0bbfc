/**
 * Writing and using undo files; `undo-format.ts` says what is in one.
 *
 * The order that makes a repair undoable at any moment: the undo file is whole and durable, in
 * state "begun", before the image is first written; the image is durable before the state becomes
 * "done". Going back is the same the other way round: "begun", the old content, "undone". So a
 * disk that holds a part of the changes always has an undo file in state "begun".
 */
import type { ByteReader, ByteStore } from "../../base/byte-store.ts";
import { crc32c } from "../../base/crc32c.ts";
import { sectorSize } from "../../base/sector.ts";
import { blockSize } from "../../chkfs/layout.ts";
import { OverlayStore } from "../../disk/overlay-store.ts";
import { forEachPage } from "../../disk/pages.ts";
import type { RecordingStore } from "../../disk/recording-store.ts";
import {
    sectorsPerBlock,
    UndoState,
    undoBlockLayout,
    undoGeometry,
    undoHeaderLayout,
    undoMagic,
    undoVersion,
    undoVersionLayout,
} from "./undo-format.ts";

/** Bytes summed at a time. */
const chunkSize = 1 << 16;

/** The state and the checksum stand here in the header, and are not under the checksum. */
const { offset: checksumStart } = undoHeaderLayout.fields.checksum;
const checksumEnd = undoHeaderLayout.fields.blockCount.offset;

/** Checksums of a block's sectors, in the bytes of `undoVersionLayout.sums`. */
function sectorSums(block: Uint8Array): Uint8Array {
    const sums = new DataView(new ArrayBuffer(sectorsPerBlock * 4));
    for (let sector = 0; sector < sectorsPerBlock; sector++) {
        const start = sector * sectorSize;
        sums.setUint32(sector * 4, crc32c(block, start, start + sectorSize), true);
    }
    return new Uint8Array(sums.buffer);
}

/** The checksum of a file's content. */
function fileChecksum(file: ByteReader): number {
    const chunk = new Uint8Array(chunkSize);
    let sum = 0;
    for (let at = 0; at < file.sizeBytes; at += chunkSize) {
        const length = Math.min(chunkSize, file.sizeBytes - at);
        file.read(at, chunk.subarray(0, length));
        if (at === 0) {
            chunk.fill(0, checksumStart, checksumEnd);
        }
        sum = crc32c(chunk, 0, length, sum);
    }
    return sum;
}

/** One version of a block: the sums of its sectors. */
interface Version {
    readonly blockNo: number;
    readonly sums: Uint8Array;
}

/** Every content that the recording's writes give to blocks of `image`, in order. */
function versionsOf(image: ByteReader, recording: RecordingStore): Version[] {
    const disk = new OverlayStore(image);
    const block = new Uint8Array(blockSize);
    const versions: Version[] = [];
    for (const { byteOffset, bytes } of recording.writes) {
        disk.write(byteOffset, bytes);
        forEachPage(byteOffset, bytes.length, (blockNo) => {
            disk.read(blockNo * blockSize, block);
            versions.push({ blockNo, sums: sectorSums(block) });
        });
    }
    return versions.sort((a, b) => a.blockNo - b.blockNo);
}

/** An undo file that is to be written: all of it but the old content. */
export interface PlannedUndoLog {
    readonly sizeBytes: number;
    readonly blockNos: readonly number[];
    /** The header and the tables, up to the old content; the checksum is still missing. */
    readonly head: Uint8Array;
}

/** The undo file for the writes of `recording` to `image`, in state "begun". */
export function planUndoLog(image: ByteReader, recording: RecordingStore): PlannedUndoLog {
    const versions = versionsOf(image, recording);
    const blockNos = [...new Set(versions.map(({ blockNo }) => blockNo))];
    const geometry = undoGeometry(blockNos.length, versions.length);
    const head = new Uint8Array(geometry.contentStart);
    Object.assign(undoHeaderLayout.at(head), {
        magic: undoMagic,
        version: undoVersion,
        state: UndoState.begun,
        blockCount: blockNos.length,
        versionCount: versions.length,
        imageBlockCount: Math.floor(image.sizeBytes / blockSize),
    });
    const saved = undoBlockLayout.at(head, geometry.blocksStart);
    for (const blockNo of blockNos) {
        saved.blockNo = blockNo;
        saved.byteOffset += undoBlockLayout.sizeBytes;
    }
    const version = undoVersionLayout.at(head, geometry.versionsStart);
    for (const { blockNo, sums } of versions) {
        version.blockNo = blockNo;
        version.sums = sums;
        version.byteOffset += undoVersionLayout.sizeBytes;
    }
    return { sizeBytes: geometry.sizeBytes, blockNos, head };
}

/** Writes an undo file for `image` to `file`, which is empty, and makes it durable. */
export function writeUndoLog(
    image: ByteReader,
    { blockNos, head }: PlannedUndoLog,
    file: ByteStore,
): void {
    file.write(0, head);
    const block = new Uint8Array(blockSize);
    for (const [index, blockNo] of blockNos.entries()) {
        image.read(blockNo * blockSize, block);
        file.write(head.length + index * blockSize, block);
    }
    const header = head.slice(0, sectorSize);
    undoHeaderLayout.at(header).checksum = fileChecksum(file);
    file.write(0, header);
    file.flush();
}

/** Writes how far the repair is, and makes it durable. */
export function setUndoState(file: ByteStore, state: number): void {
    const header = new Uint8Array(sectorSize);
    file.read(0, header);
    undoHeaderLayout.at(header).state = state;
    file.write(0, header);
    file.flush();
}

/** An undo file that was read and found whole. */
export class UndoLog {
    readonly state: number;
    /** Whole blocks of the image that it belongs to. */
    readonly imageBlockCount: number;
    /** The saved blocks, ascending. */
    readonly blockNos: readonly number[];
    readonly #file: ByteReader;
    readonly #contentStart: number;
    /** For each saved block the sums of its versions, in order. */
    readonly #versions: ReadonlyMap<number, readonly Uint8Array[]>;

    constructor(
        file: ByteReader,
        header: { state: number; imageBlockCount: number },
        contentStart: number,
        versions: ReadonlyMap<number, readonly Uint8Array[]>,
    ) {
        this.#file = file;
        this.state = header.state;
        this.imageBlockCount = header.imageBlockCount;
        this.#contentStart = contentStart;
        this.#versions = versions;
        this.blockNos = [...versions.keys()];
    }

    /**
     * The first block of `image` that is neither as it was nor as the repair writes it; undefined
     * where there is none. With `isDone` every block must be as the repair leaves it.
     */
    firstForeignBlock(image: ByteReader, isDone: boolean): number | undefined {
        const now = new Uint8Array(blockSize);
        const old = new Uint8Array(blockSize);
        for (const [index, blockNo] of this.blockNos.entries()) {
            const versions = this.#versions.get(blockNo) ?? [];
            image.read(blockNo * blockSize, now);
            this.#file.read(this.#contentStart + index * blockSize, old);
            const known = isDone ? versions.slice(-1) : [sectorSums(old), ...versions];
            if (!isMadeOf(sectorSums(now), known)) {
                return blockNo;
            }
        }
        return undefined;
    }

    /** Writes the old content to every block of `image` that differs, and makes it durable. */
    restore(image: ByteStore): void {
        const now = new Uint8Array(blockSize);
        const old = new Uint8Array(blockSize);
        for (const [index, blockNo] of this.blockNos.entries()) {
            image.read(blockNo * blockSize, now);
            this.#file.read(this.#contentStart + index * blockSize, old);
            if (now.some((byte, at) => byte !== old[at])) {
                image.write(blockNo * blockSize, old);
            }
        }
        image.flush();
    }
}

/** Whether each sector's sum is the same sector's of one of `known`. */
function isMadeOf(sums: Uint8Array, known: readonly Uint8Array[]): boolean {
    for (let start = 0; start < sums.length; start += 4) {
        const sector = sums.subarray(start, start + 4);
        const isKnown = known.some((version) =>
            sector.every((byte, index) => byte === version[start + index]),
        );
        if (!isKnown) {
            return false;
        }
    }
    return true;
}

/** Reads an undo file of any bytes. Returns in words what is wrong with it where something is. */
export function readUndoLog(file: ByteReader): UndoLog | string {
    const headerBytes = new Uint8Array(sectorSize);
    if (file.sizeBytes < sectorSize) {
        return "not an undo file: too short";
    }
    file.read(0, headerBytes);
    const header = undoHeaderLayout.at(headerBytes);
    if (header.magic !== undoMagic) {
        return "not an undo file";
    }
    if (header.version !== undoVersion) {
        return `an undo file of version ${header.version}; this program knows ${undoVersion}`;
    }
    const { blockCount, versionCount, imageBlockCount, checksum, state } = header;
    const geometry = undoGeometry(blockCount, versionCount);
    if (file.sizeBytes !== geometry.sizeBytes || fileChecksum(file) !== checksum) {
        return "damaged, or never completed";
    }
    if (![UndoState.begun, UndoState.done, UndoState.undone].some((known) => known === state)) {
        return `an undo file in unknown state ${state}`;
    }
    const tables = new Uint8Array(geometry.contentStart);
    file.read(0, tables);
    const versions = readVersions(tables, geometry.versionsStart, versionCount);
    const saved = undoBlockLayout.at(tables, geometry.blocksStart);
    for (const blockNo of versions.keys()) {
        if (saved.blockNo !== blockNo || blockNo >= imageBlockCount) {
            return "an undo file with impossible block numbers";
        }
        saved.byteOffset += undoBlockLayout.sizeBytes;
    }
    if (versions.size !== blockCount) {
        return "an undo file with impossible block numbers";
    }
    return new UndoLog(file, { state, imageBlockCount }, geometry.contentStart, versions);
}

function readVersions(
    tables: Uint8Array,
    versionsStart: number,
    versionCount: number,
): Map<number, Uint8Array[]> {
    const versions = new Map<number, Uint8Array[]>();
    const version = undoVersionLayout.at(tables, versionsStart);
    for (let index = 0; index < versionCount; index++) {
        const known = versions.get(version.blockNo);
        if (known === undefined) {
            versions.set(version.blockNo, [version.sums]);
        } else {
            known.push(version.sums);
        }
        version.byteOffset += undoVersionLayout.sizeBytes;
    }
    return versions;
}
