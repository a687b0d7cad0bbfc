/** `chickadeefsck --strict` as a user sees it. */
import { describe, expect, it } from "vitest";
import { chickadeefsck } from "../../src/cli/fsck-command.ts";
import { buildImage, type TestImage } from "../support/image-builder.ts";
import { runProgram } from "../support/memory-host.ts";

function check(args: readonly string[], damage: (image: TestImage) => void, terminal = false) {
    const image = buildImage({ root: { f: "text" }, journalBlockCount: 2 });
    damage(image);
    const run = runProgram(chickadeefsck, [...args, "disk.img"], {
        files: { "disk.img": image.bytes },
        terminal,
    });
    return { status: run.status, stdout: run.stdout(), stderr: run.stderr() };
}

const lowLinks = (image: TestImage) => image.pokeInode(2, "nlink", 0);
const unharmed = () => {};

describe("chickadeefsck --strict", () => {
    it("prints errors, warnings and notes, each with its code, and fails for errors", () => {
        const damage = (image: TestImage) => {
            lowLinks(image);
            image.setFree(40, false);
        };
        expect(check(["--strict"], damage)).toEqual({
            status: 1,
            stdout:
                "\x1b[1mblock 40:\x1b[m warning: leaked block (unreferenced but allocated) " +
                "[block-leaked]\n" +
                "note: journal has only 2 blocks [journal-short]\n" +
                "\x1b[1minode 2 (f):\x1b[m error: nlink 0 is too low (expected 1) " +
                "[inode-nlink-low]\n",
            stderr: "",
        });
    });

    it("exits with 0 when there are only notes, and a person reads how many", () => {
        expect(check(["--strict", "--no-color"], unharmed, true)).toEqual({
            status: 0,
            stdout: "note: journal has only 2 blocks [journal-short]\n",
            stderr: "disk.img: no errors, 1 note\n",
        });
    });

    it("colours the word note", () => {
        expect(check(["--strict", "--color"], unharmed).stdout).toBe(
            "\x1b[1;36mnote:\x1b[m journal has only 2 blocks [journal-short]\n",
        );
    });

    it("says nothing new without the option", () => {
        expect(check([], lowLinks)).toEqual({ status: 0, stdout: "", stderr: "" });
    });

    it("says how bad it is of a finding about the journal", () => {
        const damage = (image: TestImage) => {
            const magic = Uint8Array.of(0xed, 0xce, 0xeb, 0x9e, 0x00, 0xbb, 0xbf, 0xfb);
            image.pokeBlock(image.journal_bn, 0, magic);
        };
        expect(check(["--strict"], damage).stdout).toBe(
            "note: journal has only 2 blocks [journal-short]\n" +
                "journal: block 0/2: note: torn metablock [journal-metablock-torn]\n",
        );
        expect(check([], damage).stdout).toBe("");
    });

    it("is not for the reference's judgement", () => {
        expect(check(["--strict", "--reference"], unharmed)).toEqual({
            status: 2,
            stdout: "",
            stderr:
                "chickadeefsck: --strict and --reference exclude each other\n" +
                "Usage: chickadeefsck [-V] [-s | --no-journal] [-e FILE] [IMAGE]\n" +
                "Try 'chickadeefsck --help' for what they mean.\n",
        });
    });
});
