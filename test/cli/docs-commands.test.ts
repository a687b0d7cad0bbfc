/** What the documents tell people to type works, in a folder like theirs. */
import { spawnSync } from "node:child_process";
import {
    copyFileSync,
    cpSync,
    mkdirSync,
    mkdtempSync,
    readFileSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const project = fileURLToPath(new URL("../../", import.meta.url));
const programs: Readonly<Record<string, string>> = JSON.parse(
    readFileSync(join(project, "package.json"), "utf8"),
).bin;
const using = readFileSync(join(project, "docs/USING.md"), "utf8");

/** The fenced blocks of a document whose first line says `kind`, in their order. */
function blocks(document: string, kind: string): string[] {
    return [...document.matchAll(/^```(.*)\n((?:.*\n)*?)```$/gm)]
        .filter(([, info]) => info === kind)
        .map(([, , text]) => text);
}

describe("the commands in the documents", () => {
    let folder = "";

    /** Runs a script that stops at the first command that fails. */
    function shell(script: string) {
        const { status, stdout, stderr } = spawnSync("sh", ["-euc", script], {
            cwd: join(folder, "tree"),
            env: {
                ...process.env,
                PATH: [join(folder, "bin"), dirname(process.execPath), process.env.PATH].join(
                    delimiter,
                ),
            },
            encoding: "utf8",
        });
        return { status, stdout, stderr };
    }

    const read = (name: string) => readFileSync(join(folder, "tree", name));

    beforeAll(() => {
        folder = mkdtempSync(join(tmpdir(), "chickadee-docs-"));
        mkdirSync(join(folder, "bin"));
        for (const [name, path] of Object.entries(programs)) {
            const script = `#!/bin/sh\nexec "${process.execPath}" "${join(project, path)}" "$@"\n`;
            writeFileSync(join(folder, "bin", name), script, { mode: 0o755 });
        }
        const tree = join(folder, "tree");
        const crashed = join(project, "images/crashed.img");
        cpSync(join(project, "images/sample"), join(tree, "initfs"), { recursive: true });
        copyFileSync(crashed, join(tree, "crashed.img"));
        cpSync(join(project, "images"), join(tree, "images"), { recursive: true });
        mkdirSync(join(tree, "submissions"));
        const image = readFileSync(crashed);
        writeFileSync(join(tree, "submissions/ada.img"), image);
        // Without its journal, and with block 4, of a file, marked free.
        image.fill(0, 104 * 4096);
        image[4096] |= 0x10;
        writeFileSync(join(tree, "submissions/ben.img"), image);
        mkdirSync(join(tree, "submissions/cleo.img"));
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    // In their order, for one may need what another left.
    it.each(blocks(using, "sh run"))("work: %s", (script) => {
        // One of the images to grade cannot be opened; a kernel that is booted has a verdict, and a
        // search says how long it took.
        const verdicts = /^(passed: .*\nafter .*\n|searched .*\n)*$/;
        const stderr = script.includes("submissions")
            ? "submissions/cleo.img: Is a directory\n"
            : expect.stringMatching(/chickadee (boot|explore)/.test(script) ? verdicts : /^$/);
        expect(shell(script)).toMatchObject({ status: 0, stderr });
    });

    it.each(["README.md", "images/README.md"])("work in %s too", (name) => {
        const scripts = blocks(readFileSync(join(project, name), "utf8"), "sh").filter(
            // What builds and tests the project itself is run elsewhere.
            (script) => !script.startsWith("npm"),
        );
        expect(scripts.length).toBe(name === "README.md" ? 1 : 2);
        for (const script of scripts) {
            const run = shell(script.replace(/^npx /gm, ""));
            expect(run).toMatchObject({ status: 0, stderr: "" });
        }
    });

    it("grade images by their exit status and give the reasons", () => {
        expect(read("grades.txt").toString()).toBe(
            "submissions/ada.img: sound\n" +
                'submissions/ben.img: {"block-used-but-free":1,"block-leaked":1}\n' +
                "submissions/cleo.img: not checked, status 2\n",
        );
        expect(read("submissions/cleo.json").length).toBe(0);
    });

    it("install through npm where nothing is run here", () => {
        const lines = blocks(using, "sh").join("").trim().split("\n");
        expect(lines).toEqual(["npm ci", "npm install --global ."]);
        expect(blocks(using, "make").length).toBe(1);
        expect(using.match(/^```\w.*$/gm)).toHaveLength(blocks(using, "sh run").length + 2);
    });

    it("put the programs where a make file looks for them", () => {
        const [rule] = blocks(using, "make");
        const [targets, ...recipe] = rule.trimEnd().split("\n");
        for (const target of targets.replace(/:$/, "").split(" ")) {
            const name = target.replace("$(OBJDIR)/", "");
            const script = recipe
                .map((line) => line.replace(/^\t@?/, ""))
                .map((line) => line.replaceAll("$(@D)", "made").replaceAll("$(@F)", name))
                .map((line) => line.replaceAll("$@", `made/${name}`).replaceAll("$$", "$"));
            const run = shell([...script, `made/${name} --version`].join("\n"));
            expect(run.stderr).toBe("");
            expect(run.stdout).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+\\n$`));
        }
    });

    it.each([
        ["mkchickadeefs -o ok.img", 0],
        ["mkchickadeefs --nope", 1],
        ["mkchickadeefs nowhere -o ok.img", 1],
        ["chickadeefsck submissions/ada.img", 0],
        ["chickadeefsck submissions/ben.img", 1],
        ["chickadeefsck nowhere.img", 2],
        ["chickadeefsck --nope", 2],
        ["chickadee ls crashed.img", 0],
        ["chickadee ls crashed.img nowhere", 1],
        ["chickadee ls nowhere.img", 2],
        ["chickadee nope", 2],
        ...["mkchickadeefs", "chickadeefsck -V crashed.img", "chickadee block crashed.img 2"].map(
            (command): [string, number] => [closedPipe(command), 141],
        ),
    ])("end as the table says: %s", (command, status) => {
        expect(shell(command).status).toBe(status);
    });

    it("would be noticed if they failed (canary)", () => {
        const [script] = blocks("```sh run\nchickadee nope\ntrue\n```\n", "sh run");
        expect(shell(script).status).toBe(2);
    });
});

/** A command whose output goes to a pipe that nobody reads. */
function closedPipe(command: string): string {
    // The pipe is opened for both, then for writing, then closed for reading.
    return `mkfifo pipe; exec 4<>pipe 5>pipe 4<&-; rm pipe; ${command} >&5`;
}
