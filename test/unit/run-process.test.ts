/**
 * The edge of a real process: its streams, its exit status, and what a person sees of a failure.
 * The programs here are built from `dist`, as the real ones are.
 */
import { type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const built = fileURLToPath(new URL("../../dist/src/", import.meta.url));

/** More than any pipe holds, so that the writer has to wait for the reader. */
const lineCount = 40_000;
const line = `${"x".repeat(99)}\n`;

/** A script that runs a program with `body`, as the real programs' own files do. */
function script(body: string): string {
    return `
        import { UserError } from "${built}base/user-error.js";
        import { run } from "${built}cli/run.js";
        import { nodeHost } from "${built}host/host.js";
        const main = ({ args, out, err, host }) => { ${body} };
        const chirp = { name: "chirp", failureExitCode: 3, main };
        process.exitCode = run(chirp, process.argv.slice(1), nodeHost());
    `;
}

interface Outcome {
    readonly status: number | null;
    readonly stdout: string;
    readonly stderr: string;
}

/** Runs a program in a process of its own. `deaf` closes its standard output unread. */
function runProcess(
    body: string,
    { stdout = "pipe", deaf = false }: { stdout?: "pipe" | number; deaf?: boolean } = {},
): Promise<Outcome> {
    const options: SpawnOptions = { stdio: ["ignore", stdout, "pipe"] };
    const args = ["--input-type=module", "-e", script(body)];
    return new Promise((resolve, reject) => {
        const child = spawn(process.execPath, args, options);
        const chunks: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] };
        if (deaf) {
            child.stdout?.destroy();
        }
        child.stdout?.on("data", (chunk) => chunks.stdout.push(chunk));
        child.stderr?.on("data", (chunk) => chunks.stderr.push(chunk));
        child.on("error", reject);
        child.on("close", (status) =>
            resolve({
                status,
                stdout: Buffer.concat(chunks.stdout).toString(),
                stderr: Buffer.concat(chunks.stderr).toString(),
            }),
        );
    });
}

const writesMuch = `
    for (let count = 0; count < ${lineCount}; count++) {
        out.text("x".repeat(99) + "\\n");
    }
    return 0;
`;

describe("a real process", () => {
    it("writes all of a long output to a pipe that is slower than it", async () => {
        const outcome = await runProcess(writesMuch);
        expect(outcome.stdout === line.repeat(lineCount)).toBe(true);
        expect([outcome.status, outcome.stderr]).toEqual([0, ""]);
    });

    it("says in one line that nobody reads it any more", async () => {
        expect(await runProcess(writesMuch, { deaf: true })).toEqual({
            status: 141,
            stdout: "",
            stderr: "standard output: Broken pipe\n",
        });
    });

    it("says in one line that the disk is full", async () => {
        const full = openSync("/dev/full", "w");
        const outcome = await runProcess(writesMuch, { stdout: full });
        closeSync(full);
        expect(outcome).toEqual({
            status: 3,
            stdout: "",
            stderr: "standard output: No space left on device\n",
        });
    });

    it("shows a user's error as its message alone, with its status", async () => {
        const body = `out.text("one\\n"); throw new UserError("birds.img: Is a directory", 2);`;
        expect(await runProcess(body)).toEqual({
            status: 2,
            stdout: "one\n",
            stderr: "birds.img: Is a directory\n",
        });
    });

    it("shows a defect without a stack, with the status of one", async () => {
        expect(await runProcess("undefined.wings;")).toEqual({
            status: 70,
            stdout: "",
            stderr:
                "chirp: internal error: " +
                "Cannot read properties of undefined (reading 'wings')\n" +
                "This is a defect of chickadee-lab; " +
                "please report it with the command and the image.\n",
        });
    });

    it("is told from a process that lets its error out (canary)", async () => {
        const { status, stderr } = await runProcess(
            "setTimeout(() => undefined.wings, 0); return 0;",
        );
        expect(status).toBe(1);
        expect(stderr).toMatch(/\n {4}at /);
    });

    it("leaves a pipe that it reads from as it is, for reads that do not block would wait", () => {
        const flagsAfter = (body: string) => {
            const read = `
                import { readFileSync } from "node:fs";
                import { nodeHost } from "${built}host/host.js";
                ${body}
                console.error(readFileSync("/proc/self/fdinfo/0", "latin1"));
            `;
            const command = 'true | "$NODE" --input-type=module -e "$SCRIPT"';
            const env = { ...process.env, NODE: process.execPath, SCRIPT: read };
            const { stderr } = spawnSync("bash", ["-c", command], { env, encoding: "latin1" });
            return Number.parseInt(/flags:\s*(\d+)/.exec(stderr)?.[1] ?? "", 8);
        };
        const isNonBlocking = (flags: number) => (flags & 0o4000) !== 0;
        expect(isNonBlocking(flagsAfter("nodeHost();"))).toBe(false);
        // Canary: Node's own stream does what is to be avoided.
        expect(isNonBlocking(flagsAfter("process.stdin.isTTY;"))).toBe(true);
    });

    it("knows that a pipe is no terminal, and how wide one would be", async () => {
        const body = "out.text(out.isTerminal + ' ' + out.columns + '\\n'); return 0;";
        expect((await runProcess(body)).stdout).toBe("false 80\n");
    });
});
