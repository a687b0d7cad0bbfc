import { spawnSync } from "node:child_process";
import * as nodeFs from "node:fs";
import {
    chmodSync,
    lstatSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    readlinkSync,
    rmSync,
    statSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { createFsFromVolume, Volume } from "memfs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UserError } from "../../src/base/user-error.ts";
import type { FileSystem } from "../../src/host/host.ts";
import { type Replacement, replaceFile } from "../../src/host/replacement.ts";

const old = "the old content";
const fresh = "the new";

/** Writes `text` to a replacement's file, from its start. */
function fill(fs: FileSystem, { fd }: Replacement, text: string): void {
    const bytes = Buffer.from(text);
    fs.writeSync(fd, bytes, 0, bytes.length, null);
}

/** `fs` with functions that fail with `code` wherever they are called. */
function failing(fs: FileSystem, code: string, ...names: (keyof FileSystem)[]): FileSystem {
    const fail = () => {
        throw Object.assign(new Error(`${code}: made by a test`), { code });
    };
    const overrides = Object.fromEntries(names.map((name) => [name, fail]));
    return Object.assign(Object.create(fs), overrides);
}

/** The name of a file that process `pid` of this computer writes beside its target. */
function partName(pid: number, attempt = 1): string {
    return `.chickadee-${hostname().replace(/[^A-Za-z0-9.-]/g, "_")}-${pid}-${attempt}.part`;
}

/** The number of a process that has ended. */
function goneProcess(): number {
    return spawnSync(process.execPath, ["--version"]).pid;
}

/** What a folder holds: every name and, for a file, its content. */
type Folder = Record<string, string>;

describe("replacing a file in memory", () => {
    /** A folder `/d` with the target `x` in it. */
    function folder() {
        const volume = Volume.fromJSON({ "/d/x": old });
        // memfs has the functions of node:fs that replacing uses, typed by itself.
        const fs = createFsFromVolume(volume) as unknown as FileSystem;
        const list = (): Folder =>
            Object.fromEntries(
                volume.readdirSync("/d").map((name) => {
                    return [String(name), String(volume.readFileSync(`/d/${name}`))];
                }),
            );
        return { volume, fs, list };
    }

    it("shows the old content until it is committed, then the new, and leaves nothing", () => {
        const { fs, list } = folder();
        const replacement = replaceFile(fs, "/d/x", 1);
        fill(fs, replacement, fresh);
        expect(list().x).toBe(old);
        expect(replacement.isSeekable).toBe(true);
        replacement.commit();
        expect(list()).toEqual({ x: fresh });
        replacement.abandon();
        expect(list()).toEqual({ x: fresh });
    });

    it("leaves the target and nothing else when it is abandoned, even twice", () => {
        const { fs, list } = folder();
        const replacement = replaceFile(fs, "/d/x", 1);
        fill(fs, replacement, fresh);
        replacement.abandon();
        replacement.abandon();
        expect(list()).toEqual({ x: old });
    });

    it("makes a file that was not there, and none when it is abandoned", () => {
        const { fs, list } = folder();
        replaceFile(fs, "/d/y", 1).abandon();
        expect(list()).toEqual({ x: old });
        const replacement = replaceFile(fs, "/d/y", 1);
        fill(fs, replacement, fresh);
        replacement.commit();
        expect(list()).toEqual({ x: old, y: fresh });
    });

    it.each<[keyof FileSystem, string, string]>([
        ["fsyncSync", "EIO", "/d/x: Input/output error"],
        ["closeSync", "EDQUOT", "/d/x: Disk quota exceeded"],
        ["renameSync", "EROFS", "/d/x: Read-only file system"],
    ])("leaves the target as it was when %s fails at the end", (name, code, message) => {
        const { fs, list } = folder();
        const replacement = replaceFile(fs, "/d/x", 2);
        fill(fs, replacement, fresh);
        // The file system breaks after the file was opened.
        Object.assign(fs, { [name]: failing(fs, code, name)[name] });
        expect(() => replacement.commit()).toThrow(new UserError(message, 2));
        replacement.abandon();
        expect(list()).toEqual({ x: old });
    });

    it.each<keyof FileSystem>(["fchmodSync", "openSync", "realpathSync", "statSync"])(
        "names the target and leaves nothing when %s fails at the beginning",
        (name) => {
            const { fs, list } = folder();
            expect(() => replaceFile(failing(fs, "EACCES", name), "/d/x", 2)).toThrow(
                expect.objectContaining({ message: "/d/x: Permission denied", exitCode: 2 }),
            );
            expect(list()).toEqual({ x: old });
        },
    );

    it("does not mind that the owner cannot be kept or the folder not synchronised", () => {
        const { fs, list } = folder();
        const limited = failing(fs, "EPERM", "fchownSync");
        const openSync: FileSystem["openSync"] = (path, flags, mode) => {
            if (path === "/d") {
                throw Object.assign(new Error("EACCES: made by a test"), { code: "EACCES" });
            }
            return fs.openSync(path, flags, mode);
        };
        const replacement = replaceFile(Object.assign(limited, { openSync }), "/d/x", 1);
        fill(fs, replacement, fresh);
        replacement.commit();
        expect(list()).toEqual({ x: fresh });
    });

    it("passes over files that a killed process left, and leaves them alone", () => {
        const { fs, volume, list } = folder();
        const left = partName(process.pid);
        volume.writeFileSync(`/d/${left}`, "left over");
        const replacement = replaceFile(fs, "/d/x", 1);
        fill(fs, replacement, fresh);
        replacement.commit();
        expect(list()).toEqual({ x: fresh, [left]: "left over" });
    });

    it("removes what processes left that are gone, and nothing else", () => {
        const { fs, volume, list } = folder();
        const gone = goneProcess();
        volume.writeFileSync(`/d/${partName(gone)}`, "left over");
        volume.writeFileSync(`/d/${partName(gone, 2)}`, "left over too");
        const kept = [
            // The number of a running process, ours and everybody's first.
            ...[partName(process.pid), partName(process.ppid), partName(1)],
            // Numbers that no process has.
            ...[partName(0), partName(9_999_999_999), partName(2 ** 40)],
            // Another computer's process, and names that are not ours.
            ...[`.chickadee-another.host-${gone}-1.part`, `.chickadee-${gone}-1.part`],
            ...[`${partName(gone)}.txt`, `x${partName(gone)}`, partName(gone).replace("-1.", "-.")],
        ];
        for (const name of kept) {
            volume.writeFileSync(`/d/${name}`, name);
        }
        volume.mkdirSync(`/e/${partName(gone)}`, { recursive: true });
        volume.symlinkSync("/d/x", `/e/${partName(gone, 2)}`);
        replaceFile(fs, "/d/x", 1).abandon();
        replaceFile(fs, "/e/x", 1).abandon();
        expect(list()).toEqual({ x: old, ...Object.fromEntries(kept.map((name) => [name, name])) });
        expect(volume.readdirSync("/e").length).toBe(2);
    });

    it("leaves what another user's process left", () => {
        const { fs, volume, list } = folder();
        const name = partName(goneProcess());
        volume.writeFileSync(`/d/${name}`, "theirs");
        volume.chownSync(`/d/${name}`, 12_345, 12_345);
        replaceFile(fs, "/d/x", 1).abandon();
        expect(list()).toEqual({ x: old, [name]: "theirs" });
    });

    it.each<keyof FileSystem>(["readdirSync", "unlinkSync"])(
        "does not mind that %s fails on what is left",
        (name) => {
            const { fs, volume, list } = folder();
            const left = partName(goneProcess());
            volume.writeFileSync(`/d/${left}`, "left over");
            const replacement = replaceFile(failing(fs, "EACCES", name), "/d/x", 1);
            fill(fs, replacement, fresh);
            replacement.commit();
            expect(list()).toEqual({ x: fresh, [left]: "left over" });
        },
    );

    it("lets two replacements in one folder go on side by side", () => {
        const { fs, list } = folder();
        const one = replaceFile(fs, "/d/x", 1);
        const two = replaceFile(fs, "/d/y", 1);
        fill(fs, one, "one");
        fill(fs, two, "two");
        two.commit();
        one.commit();
        expect(list()).toEqual({ x: "one", y: "two" });
    });

    it("is told from writing the target itself (canary)", () => {
        const { fs, list } = folder();
        const fd = fs.openSync("/d/x", "w");
        const twin: Replacement = { fd, isSeekable: true, commit() {}, abandon() {} };
        fill(fs, twin, fresh);
        twin.abandon();
        expect(list()).not.toEqual({ x: old });
    });
});

describe("replacing a real file", () => {
    let folder: string;
    let target: string;
    /** The system's administrator may do anything, so that nothing is denied. */
    const isAdministrator = process.getuid?.() === 0;

    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "chickadee-"));
        target = join(folder, "x");
        writeFileSync(target, old);
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    function replace(path: string): void {
        const replacement = replaceFile(nodeFs, path, 1);
        fill(nodeFs, replacement, fresh);
        replacement.commit();
    }

    it.each([0o600, 0o644, 0o666, 0o777])("keeps the mode %o whatever the umask", (mode) => {
        chmodSync(target, mode);
        replace(target);
        expect(readFileSync(target, "utf8")).toBe(fresh);
        expect(statSync(target).mode & 0o777).toBe(mode);
        expect(readdirSync(folder)).toEqual(["x"]);
    });

    it("makes a new file as the umask has it", () => {
        const plain = join(folder, "plain");
        writeFileSync(plain, "");
        replace(join(folder, "y"));
        expect(statSync(join(folder, "y")).mode).toBe(statSync(plain).mode);
    });

    it("follows a symbolic link, which stays one", () => {
        mkdirSync(join(folder, "links"));
        const link = join(folder, "links", "link");
        symlinkSync("../x", link);
        replace(link);
        expect(readFileSync(target, "utf8")).toBe(fresh);
        expect(readlinkSync(link)).toBe("../x");
        expect(readdirSync(join(folder, "links"))).toEqual(["link"]);
    });

    it("makes the file that a dangling link leads to, through other links", () => {
        mkdirSync(join(folder, "far"));
        symlinkSync("far", join(folder, "near"));
        symlinkSync("../y", join(folder, "far", "two"));
        symlinkSync("near/two", join(folder, "one"));
        replace(join(folder, "one"));
        expect(readFileSync(join(folder, "y"), "utf8")).toBe(fresh);
        expect(lstatSync(join(folder, "one")).isSymbolicLink()).toBe(true);
        expect(readdirSync(folder).sort()).toEqual(["far", "near", "one", "x", "y"]);
    });

    it("says so when links lead round in a circle", () => {
        symlinkSync("b", join(folder, "a"));
        symlinkSync("a", join(folder, "b"));
        const path = join(folder, "a");
        expect(() => replaceFile(nodeFs, path, 1)).toThrow(
            new UserError(`${path}: Too many levels of symbolic links`),
        );
    });

    it("says so when the folder is missing, or is none, or is the target itself", () => {
        const cases: [string, string][] = [
            [join(folder, "missing", "y"), "No such file or directory"],
            [join(target, "y"), "Not a directory"],
            [folder, "Is a directory"],
        ];
        for (const [path, message] of cases) {
            expect(() => replaceFile(nodeFs, path, 1)).toThrow(
                new UserError(`${path}: ${message}`),
            );
        }
        expect(readdirSync(folder)).toEqual(["x"]);
    });

    it("is denied where writing would be, and allowed to an administrator", () => {
        chmodSync(target, 0o444);
        if (isAdministrator) {
            replace(target);
            expect(readFileSync(target, "utf8")).toBe(fresh);
        } else {
            expect(() => replaceFile(nodeFs, target, 1)).toThrow(
                new UserError(`${target}: Permission denied`),
            );
            expect(readFileSync(target, "utf8")).toBe(old);
        }
        expect(readdirSync(folder)).toEqual(["x"]);
    });

    it("writes a device in place and in order", () => {
        const replacement = replaceFile(nodeFs, "/dev/null", 1);
        expect(replacement.isSeekable).toBe(false);
        fill(nodeFs, replacement, fresh);
        replacement.commit();
        replacement.abandon();
        expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
    });
});
