/**
 * What system calls on files do, as a table of descriptors, files that are arrays of bytes, and
 * pipes that are queues. Restated from the calls' descriptions; nothing of the kernel's is used.
 *
 * A call that would wait has no result here: who asks must not make it.
 */

const maxDescriptors = 32;
const pipeBytes = 512;
const maxFileBytes = 1_048_576;

const badDescriptor = -9;
const noEntry = -2;
const invalid = -22;
const tooManyDescriptors = -24;
const fileTooBig = -27;
const cannotSeek = -29;
const brokenPipe = -32;

interface ModelFile {
    bytes: number[];
}

interface ModelPipe {
    readonly queue: number[];
}

type Opening =
    | { readonly kind: "terminal" }
    | {
          readonly kind: "file";
          readonly file: ModelFile;
          readonly canRead: boolean;
          readonly canWrite: boolean;
          offset: number;
      }
    | { readonly kind: "read end" | "write end"; readonly pipe: ModelPipe };

export class FilesModel {
    readonly #files: Map<string, ModelFile>;
    readonly #slots: (Opening | undefined)[] = new Array(maxDescriptors).fill(undefined);

    constructor(files: ReadonlyMap<string, Uint8Array>) {
        this.#files = new Map([...files].map(([name, bytes]) => [name, { bytes: [...bytes] }]));
        for (const descriptor of [0, 1, 2]) {
            this.#slots[descriptor] = { kind: "terminal" };
        }
    }

    get names(): string[] {
        return [...this.#files.keys()].sort();
    }

    open(name: string, flags: number): number {
        const descriptor = this.#slots.indexOf(undefined);
        if (descriptor < 0) {
            return tooManyDescriptors;
        }
        let file = this.#files.get(name);
        if (file === undefined) {
            if ((flags & 4) === 0) {
                return noEntry;
            }
            file = { bytes: [] };
            this.#files.set(name, file);
        }
        const [canRead, canWrite] = [(flags & 1) !== 0, (flags & 2) !== 0];
        if ((flags & 8) !== 0 && canWrite) {
            file.bytes = [];
        }
        this.#slots[descriptor] = { kind: "file", file, canRead, canWrite, offset: 0 };
        return descriptor;
    }

    close(descriptor: number): number {
        if (this.#slots[descriptor] === undefined) {
            return badDescriptor;
        }
        this.#slots[descriptor] = undefined;
        return 0;
    }

    dup2(source: number, target: number): number {
        const opening = this.#slots[source];
        if (opening === undefined || target < 0 || target >= maxDescriptors) {
            return badDescriptor;
        }
        this.#slots[target] = opening;
        return target;
    }

    pipe(): readonly [number, number] {
        const readEnd = this.#slots.indexOf(undefined);
        const writeEnd = readEnd < 0 ? -1 : this.#slots.indexOf(undefined, readEnd + 1);
        if (writeEnd < 0) {
            return [tooManyDescriptors, tooManyDescriptors];
        }
        const pipe = { queue: [] };
        this.#slots[readEnd] = { kind: "read end", pipe };
        this.#slots[writeEnd] = { kind: "write end", pipe };
        return [readEnd, writeEnd];
    }

    /** An error, or the bytes; undefined: it would wait, or is the terminal's. */
    read(descriptor: number, byteLength: number): number | readonly number[] | undefined {
        const opening = this.#slots[descriptor];
        if (opening === undefined || opening.kind === "write end") {
            return badDescriptor;
        }
        if (opening.kind === "terminal") {
            return undefined;
        }
        if (opening.kind === "file") {
            if (!opening.canRead) {
                return badDescriptor;
            }
            const { file, offset } = opening;
            const bytes = file.bytes.slice(offset, offset + byteLength);
            opening.offset += bytes.length;
            return bytes;
        }
        const { pipe } = opening;
        const wouldWait = pipe.queue.length === 0 && this.#hasEnd(pipe, "write end");
        return wouldWait && byteLength > 0 ? undefined : pipe.queue.splice(0, byteLength);
    }

    /** An error, or how many bytes; undefined: it would wait, or is the terminal's. */
    write(descriptor: number, bytes: readonly number[]): number | undefined {
        const opening = this.#slots[descriptor];
        if (opening === undefined || opening.kind === "read end") {
            return badDescriptor;
        }
        if (opening.kind === "terminal") {
            return undefined;
        }
        if (opening.kind === "file") {
            if (!opening.canWrite) {
                return badDescriptor;
            }
            return bytes.length === 0 ? 0 : this.#writeFile(opening, bytes);
        }
        const { pipe } = opening;
        if (bytes.length > 0 && !this.#hasEnd(pipe, "read end")) {
            return brokenPipe;
        }
        if (pipe.queue.length + bytes.length > pipeBytes) {
            return undefined;
        }
        pipe.queue.push(...bytes);
        return bytes.length;
    }

    lseek(descriptor: number, distance: number, origin: number): number {
        const opening = this.#slots[descriptor];
        if (opening === undefined) {
            return badDescriptor;
        }
        if (opening.kind !== "file") {
            return cannotSeek;
        }
        const size = opening.file.bytes.length;
        if (origin === 3) {
            return size;
        }
        const from = [0, opening.offset, size][origin];
        if (from === undefined || from + distance < 0) {
            return invalid;
        }
        opening.offset = from + distance;
        return opening.offset;
    }

    ftruncate(descriptor: number, size: number): number {
        const opening = this.#slots[descriptor];
        if (opening === undefined || opening.kind === "read end") {
            return badDescriptor;
        }
        if (opening.kind !== "file") {
            return invalid;
        }
        if (!opening.canWrite) {
            return badDescriptor;
        }
        if (size < 0) {
            return invalid;
        }
        if (size > maxFileBytes) {
            return fileTooBig;
        }
        resize(opening.file, size);
        return 0;
    }

    unlink(name: string): number {
        return this.#files.delete(name) ? 0 : noEntry;
    }

    rename(from: string, to: string): number {
        const file = this.#files.get(from);
        if (file === undefined) {
            return noEntry;
        }
        this.#files.delete(from);
        this.#files.set(to, file);
        return 0;
    }

    #writeFile(opening: Opening & { readonly kind: "file" }, bytes: readonly number[]): number {
        const { file, offset } = opening;
        if (offset >= maxFileBytes) {
            return fileTooBig;
        }
        const end = Math.min(offset + bytes.length, maxFileBytes);
        if (end > file.bytes.length) {
            resize(file, end);
        }
        for (let at = offset; at < end; at++) {
            file.bytes[at] = bytes[at - offset];
        }
        opening.offset = end;
        return end - offset;
    }

    #hasEnd(pipe: ModelPipe, kind: "read end" | "write end"): boolean {
        return this.#slots.some(
            (opening) => opening?.kind === kind && "pipe" in opening && opening.pipe === pipe,
        );
    }
}

function resize(file: ModelFile, size: number): void {
    const { bytes } = file;
    file.bytes =
        size <= bytes.length
            ? bytes.slice(0, size)
            : [...bytes, ...new Array<number>(size - bytes.length).fill(0)];
}
