/** The demonstration that `npm start` shows, run on real files: it reads what the package ships. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chickadee } from "../../src/cli/chickadee-command.ts";
import { run } from "../../src/cli/run.ts";
import { nodeHost } from "../../src/host/host.ts";

describe("chickadee demo", () => {
    let folder: string;
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "chickadee-demo-"));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    function demo(): { status: number; printed: string } {
        let printed = "";
        const stream = {
            isTerminal: false,
            columns: 80,
            write(bytes: Uint8Array) {
                printed += Buffer.from(bytes).toString();
            },
        };
        const host = { ...nodeHost(), stdout: stream, stderr: stream, environment: {} };
        return { status: run(chickadee, ["demo", join(folder, "new")], host), printed };
    }

    it("builds, checks, replays and shows the file that the replay brought back", () => {
        const { status, printed } = demo();
        expect(status).toBe(0);
        expect(printed).toContain("journal transaction 7: replaying block 14\n");
        expect(printed).toContain(`song.txt\nchick-a-dee-dee-dee\n`);
        expect(printed.match(/^exit status \d+$/gm)).toEqual(Array(3).fill("exit status 0"));
    });

    it("says the same when it is run again, and leaves the shipped image as it was", () => {
        const shipped = () => readFileSync(new URL("../../images/crashed.img", import.meta.url));
        const before = shipped();
        const { printed } = demo();
        expect(demo()).toEqual({ status: 0, printed });
        expect(Buffer.compare(shipped(), before)).toBe(0);
    });
});
