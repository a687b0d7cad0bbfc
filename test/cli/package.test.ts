/**
 * The package as its users get it: packed, installed into an empty folder, run by name. The two
 * packages that it depends on are installed from our own copies, so that no network is needed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const project = fileURLToPath(new URL("../../", import.meta.url));
const programs = ["mkchickadeefs", "chickadeefsck", "chickadee"];
const dependencies = ["commander", "picocolors"];

/** Without what npm tells the scripts that it runs, which would lead another npm astray. */
const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)),
);

describe("the package", () => {
    let folder: string;
    let application: string;
    let tarball: string;
    let installed: string;

    /** Runs a command in the application's folder and returns what it printed, or throws. */
    function run(command: string, args: readonly string[], cwd = application): string {
        const { status, stdout, stderr, error } = spawnSync(command, args, {
            cwd,
            env: environment,
            encoding: "utf8",
        });
        if (status !== 0) {
            const words = [command, ...args].join(" ");
            throw new Error(`${words}: status ${status}\n${stdout}${stderr}${error ?? ""}`);
        }
        return stdout;
    }

    beforeAll(() => {
        folder = mkdtempSync(join(tmpdir(), "chickadee-package-"));
        application = join(folder, "application");
        mkdirSync(application);
        writeFileSync(join(application, "package.json"), '{ "private": true }\n');
        run("npm", ["pack", "--silent", "--pack-destination", folder], project);
        const tarballs = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
        expect(tarballs).toHaveLength(1);
        tarball = join(folder, tarballs[0]);
        run("npm", [
            "install",
            "--offline",
            "--no-audit",
            "--no-fund",
            "--install-links",
            tarball,
            ...dependencies.map((name) => join(project, "node_modules", name)),
        ]);
        installed = join(application, "node_modules/chickadee-lab");
    }, 120_000);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it("brings what its users need, and neither tests nor build leftovers", () => {
        expect(readdirSync(installed).sort()).toEqual([
            "CHANGELOG.md",
            "LICENSE",
            "README.md",
            "dist",
            "docs",
            "images",
            "package.json",
        ]);
        expect(readdirSync(join(installed, "dist"))).toEqual(["bin"]);
        const files = readdirSync(join(installed, "dist"), { recursive: true, encoding: "utf8" });
        expect(files.filter((name) => /\.tsbuildinfo$|\.test\./.test(name))).toEqual([]);
        // It names the kernel's source lines in reports, and holds no sources itself.
        expect(files.filter((name) => name.endsWith(".map"))).toEqual([
            "bin/chickadee-kernel.js.map",
        ]);
    });

    it("installs every program under its name, and no other", () => {
        const names = readdirSync(join(application, "node_modules/.bin"));
        expect(names.filter((name) => !name.startsWith(".")).sort()).toEqual([...programs].sort());
    });

    it.each(programs)("runs %s by its path and through npx", (program) => {
        const help = run(join(application, "node_modules/.bin", program), ["--help"]);
        expect(help).toMatch(new RegExp(`^Usage: ${program} `));
        expect(run("npx", ["--no-install", program, "--help"])).toBe(help);
    });

    it("builds a disk from its own sample files, and finds nothing wrong with it", () => {
        const bin = join(application, "node_modules/.bin");
        const sample = join(installed, "images/sample/haiku.txt");
        run(join(bin, "mkchickadeefs"), ["-b", "64", "-o", "birds.img", `${sample}:haiku.txt`]);
        expect(existsSync(join(application, "birds.img"))).toBe(true);
        run(join(bin, "chickadeefsck"), ["birds.img"]);
    });

    it("explores with threads, and names lines of the kernel's sources", () => {
        const chickadee = join(application, "node_modules/.bin/chickadee");
        const args = ["explore", "--run", "testfutex", "--fault", "futex-check-before-lock"];
        const { status, stdout } = spawnSync(chickadee, args, {
            cwd: application,
            encoding: "utf8",
        });
        expect(status).toBe(1);
        expect(stdout).toMatch(
            /^ {4}src\/kernel\/futex\/futex\.ts:\d+ \(#acquireAndCompare\): load /m,
        );
    });

    it("is told from one whose program fails (canary)", () => {
        const mkchickadeefs = join(application, "node_modules/.bin/mkchickadeefs");
        expect(() => run(mkchickadeefs, ["--nope"])).toThrow(`${mkchickadeefs} --nope: status 1\n`);
    });
});
