/** `chickadeefsck --explain`. */
import { describe, expect, it } from "vitest";
import { chickadeefsck } from "../../src/cli/fsck-command.ts";
import { catalogue } from "../../src/fsck/catalogue/index.ts";
import { runProgram } from "../support/memory-host.ts";

function explain(...args: string[]) {
    const run = runProgram(chickadeefsck, args);
    return { status: run.status, stdout: run.stdout(), stderr: run.stderr() };
}

describe("chickadeefsck --explain", () => {
    it("tells what a code means and what a repair does about it, without an image", () => {
        expect(explain("--explain", "block-leaked")).toEqual({
            status: 0,
            stdout:
                "block-leaked (warning)\n" +
                "  The bitmap calls a block allocated that nothing uses; the space is lost " +
                "until a repair.\n" +
                "  --repair puts it right.\n",
            stderr: "",
        });
    });

    it("says more where there is more to say, and which codes only a strict check has", () => {
        expect(explain("--explain=block-not-data").stdout).toBe(
            "block-not-data (error)\n" +
                "  A file uses a block of the disk's own parts; writing the file destroys them.\n" +
                "  Files lie from data_bn up to journal_bn; all other blocks belong to the disk " +
                "itself.\n" +
                "  Only --strict reports it.\n" +
                "  --repair changes nothing on a disk that has it: only a person can decide.\n",
        );
    });

    it("explains every code of the list, and lists every code with its severity", () => {
        const { status, stdout } = explain("--explain", "list");
        expect(status).toBe(0);
        const rows = stdout
            .trimEnd()
            .split("\n")
            .map((line) => line.split(/ {2,}/));
        const entries = Object.entries(catalogue);
        expect(rows).toEqual(entries.map(([code, { severity, help }]) => [code, severity, help]));
        for (const [code, severity, help] of rows) {
            const { status, stdout } = explain("--explain", code);
            expect(status).toBe(0);
            expect(stdout.startsWith(`${code} (${severity})\n  ${help}\n`)).toBe(true);
        }
    });

    it("names the nearest codes of one that does not exist", () => {
        expect(explain("--explain", "inode-nlik")).toEqual({
            status: 2,
            stdout: "",
            stderr:
                "chickadeefsck: no finding has the code 'inode-nlik'; the nearest are\n" +
                "  inode-nlink-low\n" +
                "  inode-nlink-high\n" +
                "  inode-lost\n" +
                "Try 'chickadeefsck --explain list' for all of them.\n",
        });
    });

    it("takes a code in capitals", () => {
        expect(explain("--explain", "Block-LEAKED")).toEqual(explain("--explain", "block-leaked"));
        expect(explain("--explain", "LIST")).toEqual(explain("--explain", "list"));
    });

    it("names the codes that contain a word before those that are spelled like it", () => {
        expect(explain("--explain", "LINK").stderr).toBe(
            "chickadeefsck: no finding has the code 'LINK'; the nearest are\n" +
                "  directory-linked-twice\n" +
                "  inode-nlink-low\n" +
                "  inode-nlink-high\n" +
                "Try 'chickadeefsck --explain list' for all of them.\n",
        );
    });

    it("explains one code at a time", () => {
        const stderr =
            "chickadeefsck: only one code can be explained\n" +
            "Usage: chickadeefsck [-V] [-s | --no-journal] [-e FILE] [IMAGE]\n" +
            "Try 'chickadeefsck --help' for what they mean.\n";
        const refused = { status: 2, stdout: "", stderr };
        expect(explain("--explain", "inode-lost", "block-leaked")).toEqual(refused);
        expect(explain("--explain", "inode-lost", "--explain=block-leaked")).toEqual(refused);
    });

    it("names none where none is near", () => {
        expect(explain("--explain", "zzz").stderr).toBe(
            "chickadeefsck: no finding has the code 'zzz'\n" +
                "Try 'chickadeefsck --explain list' for all of them.\n",
        );
    });

    it.each(["", "\x1b[2J", "x".repeat(100_000), "constructor"])(
        "refuses %j without harm to a terminal",
        (code) => {
            const { status, stdout, stderr } = explain("--explain", code);
            expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
            expect(stderr).not.toContain("\x1b");
        },
    );

    it("needs a code", () => {
        expect(explain("--explain").stderr).toBe(
            "chickadeefsck: option '--explain' requires an argument\n" +
                "Usage: chickadeefsck [-V] [-s | --no-journal] [-e FILE] [IMAGE]\n" +
                "Try 'chickadeefsck --help' for what they mean.\n",
        );
    });
});
