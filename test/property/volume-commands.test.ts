import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assert } from "../../src/base/assert.ts";
import { chickadee } from "../../src/cli/chickadee-command.ts";
import { openImage } from "../../src/cli/open-image.ts";
import type { Program } from "../../src/cli/run.ts";
import { anyDamage, type Damage, damagedImage } from "../support/image-damage.ts";
import { runProgram } from "../support/memory-host.ts";

const seed = 20_253;

/** Command lines that look at all there is. */
const commandLines = [
    "ls -l x.img",
    "ls -l x.img /d",
    "stat x.img /h",
    "stat x.img /d/e",
    "tree x.img",
    "map x.img",
    "journal x.img",
    "block x.img 0",
    "block x.img 1",
    "block x.img 2",
    "block -x x.img 5",
    "block x.img 60",
    "tree --replay x.img",
    "block --replay x.img 61",
    "tree --json x.img",
    "map --json x.img",
    "stat --json x.img /h",
    "journal --json x.img",
    "block --json x.img 2",
];

/** The most that a command may print of an image of 256 KiB, in bytes. */
const maxOutputBytes = 1_000_000;

/** What is wrong with how a program takes an image: nothing, or a sentence. */
function misbehaviour(program: Program, line: string, bytes: Uint8Array): string | undefined {
    const { status, stdout, stderr } = runProgram(program, line.split(" "), {
        files: { "x.img": bytes },
    });
    if (status !== 0 && status !== 1) {
        return `${line}: exit status ${status}: ${stderr()}`;
    }
    const problems = stderr().replace(/^.* in the journal; --replay shows .*\n/m, "");
    if ((status === 1) === (problems === "") && !line.includes("--json")) {
        return `${line}: exit status ${status} does not fit: ${stderr()}`;
    }
    if (stdout().length + stderr().length > maxOutputBytes) {
        return `${line}: ${stdout().length} bytes of output`;
    }
    if (line.includes("--json") && stdout() !== "") {
        JSON.parse(stdout());
    }
    return undefined;
}

/** The damaged image, cut short and with noise in its journal. */
function imageOf(damage: readonly Damage[], blockCount: number, noise: Uint8Array): Uint8Array {
    const image = damagedImage(damage);
    image.pokeBlock(56, 0, Uint8Array.of(0xed, 0xce, 0xeb, 0x9e, 0x00, 0xbb, 0xbf, 0xfb));
    image.pokeBlock(56, 8, Uint8Array.of(0x5f, 0x0a, 0x60, 0x82));
    image.pokeBlock(56, 16, noise);
    return image.truncated(blockCount);
}

const anyImage = fc
    .tuple(
        anyDamage,
        fc.oneof(fc.constant(64), fc.nat(64)),
        fc.uint8Array({ minLength: 0, maxLength: 200 }),
    )
    .map((parts) => imageOf(...parts));

describe("chickadee on damaged images", () => {
    it("ends every command with a status, a reason and bounded output", () => {
        fc.assert(
            fc.property(anyImage, fc.constantFrom(...commandLines), (bytes, line) => {
                expect(misbehaviour(chickadee, line, bytes)).toBeUndefined();
            }),
            { seed, numRuns: 1500 },
        );
    });

    it("would be caught if it trusted what it reads", () => {
        const trusting: Program = {
            name: "trusting",
            failureExitCode: 2,
            main({ host }) {
                const how = { mode: "read", failureExitCode: 2 } as const;
                const { store } = openImage(host, "x.img", how);
                const block = new Uint8Array(4096);
                store.read(2 * 4096, block);
                assert(block[64 + 4] === 0, "the root's size is a multiple of 256");
                return 0;
            },
        };
        const caught = fc.check(
            fc.property(
                anyImage,
                (bytes) => misbehaviour(trusting, "tree x.img", bytes) === undefined,
            ),
            { seed, numRuns: 3000 },
        );
        expect(caught.failed).toBe(true);
    });
});
