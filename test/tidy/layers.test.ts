/**
 * The compiler holds the layers apart: a copy of the project's tsconfigs is built by the real
 * compiler, once with every import that the design allows, once with every one that it forbids.
 *
 * It lets a layer see what the layers that it refers to refer to. So a forbidden import of what is
 * reached that way is found by reading the import statements.
 */
import { spawnSync } from "node:child_process";
import {
    copyFileSync,
    mkdirSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    symlinkSync,
    writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { layerNames, layers, projectFolder } from "./layers.ts";

/** One import of `to` in the layer `from`. */
interface Import {
    readonly from: string;
    readonly to: string;
}

const everyImport: Import[] = layerNames.flatMap((from) =>
    layerNames.filter((to) => to !== from).map((to) => ({ from, to })),
);
const isAllowed = ({ from, to }: Import) => layers[from].imports.includes(to);
/** Whether `from` reaches `to` by way of layers that it may import. */
const isReached = ({ from, to }: Import): boolean =>
    layers[from].imports.some((by) => by === to || isReached({ from: by, to }));
const coreLayers = layerNames.filter((name) => layers[name].isCore);

/** Copies the tsconfigs into a new folder and gives each layer one file to import. */
function houseOf(imports: readonly Import[]): string {
    const house = mkdtempSync(join(tmpdir(), "chickadee-layers-"));
    symlinkSync(join(projectFolder, "node_modules"), join(house, "node_modules"));
    const configs = [
        "tsconfig.base.json",
        ...layerNames.map((name) => `src/${name}/tsconfig.json`),
    ];
    for (const path of configs) {
        mkdirSync(dirname(join(house, path)), { recursive: true });
        copyFileSync(join(projectFolder, path), join(house, path));
    }
    const references = layerNames.map((name) => ({ path: `src/${name}` }));
    writeFileSync(join(house, "tsconfig.json"), JSON.stringify({ files: [], references }));
    writeFileSync(join(house, "package.json"), '{ "type": "module" }');
    for (const name of layerNames) {
        writeFileSync(join(house, `src/${name}/floor.ts`), "export const floor = 1;\n");
    }
    for (const { from, to } of imports) {
        const text = `import { floor } from "../${to}/floor.ts";\nexport const stairs = floor;\n`;
        writeFileSync(join(house, `src/${from}/to-${to}.ts`), text);
    }
    return house;
}

/** What `tsc -b` says, a line each. */
function build(house: string): { status: number | null; lines: string[] } {
    const tsc = join(projectFolder, "node_modules/typescript/bin/tsc");
    const run = spawnSync(process.execPath, [tsc, "-b", "--pretty", "false"], {
        cwd: house,
        encoding: "utf8",
    });
    return { status: run.status, lines: `${run.stdout}${run.stderr}`.split("\n") };
}

/** The imports among `imports` that no TS6059 or TS6307 at their file complains of. */
function unnoticed(lines: readonly string[], imports: readonly Import[]): string[] {
    return imports
        .filter(
            ({ from, to }) =>
                !lines.some(
                    (line) =>
                        line.startsWith(`src/${from}/to-${to}.ts(`) &&
                        /error TS(6059|6307): /.test(line),
                ),
        )
        .map(({ from, to }) => `${from} -> ${to}`);
}

describe("the compiler", () => {
    const houses: string[] = [];
    const built = (imports: readonly Import[], plant: (house: string) => void = () => {}) => {
        const house = houseOf(imports);
        houses.push(house);
        plant(house);
        return build(house);
    };
    let allowed: ReturnType<typeof build>;
    let forbidden: ReturnType<typeof build>;
    let foreign: ReturnType<typeof build>;

    beforeAll(() => {
        allowed = built(everyImport.filter(isAllowed));
        forbidden = built(everyImport.filter((one) => !isAllowed(one)));
        foreign = built([], (house) => {
            for (const name of coreLayers) {
                writeFileSync(join(house, `src/${name}/dom.ts`), "document.title;\n");
                writeFileSync(join(house, `src/${name}/node.ts`), "process.argv;\n");
                writeFileSync(join(house, `src/${name}/fs.ts`), 'import "node:fs";\n');
            }
        });
    });
    afterAll(() => {
        for (const house of houses) {
            rmSync(house, { recursive: true });
        }
    });

    it("builds every import that the design allows", () => {
        expect(allowed).toEqual({ status: 0, lines: [""] });
    });

    it("refuses every import of a layer that is not reached, upward or sideways", () => {
        const planted = everyImport.filter((one) => !isAllowed(one) && !isReached(one));
        expect(planted.length).toBe(89);
        expect(unnoticed(forbidden.lines, planted)).toEqual([]);
        expect(forbidden.status).not.toBe(0);
    });

    it("is not believed to refuse what it builds (canary)", () => {
        const planted = everyImport.filter(isAllowed);
        expect(unnoticed(allowed.lines, planted)).toHaveLength(planted.length);
    });

    it("knows neither `document`, nor `process`, nor Node's modules in a core layer", () => {
        const words = { "dom.ts": "'document'", "node.ts": "'process'", "fs.ts": "'node:fs'" };
        const missed = coreLayers.flatMap((name) =>
            Object.entries(words)
                .map(([file, word]) => [`src/${name}/${file}(1,`, word])
                .filter(
                    ([start, word]) =>
                        !foreign.lines.some(
                            (line) =>
                                line.startsWith(start) &&
                                line.includes("): error TS") &&
                                line.includes(word),
                        ),
                ),
        );
        expect(missed, foreign.lines.join("\n")).toEqual([]);
        expect(foreign.status).not.toBe(0);
    });
});

/** The layers that a file's import statements name, which are not its own. */
function importedLayers(path: string, text: string): Import[] {
    const [, from] = path.split("/");
    return [...text.matchAll(/\b(?:from|import)\s*\(?"(\.[^"]*)"/g)]
        .map(([, target]) => posix.join(posix.dirname(path), target).split("/"))
        .filter(([folder, to]) => folder === "src" && to !== from)
        .map(([, to]) => ({ from, to }));
}

describe("an import statement", () => {
    const sources = readdirSync(join(projectFolder, "src"), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => `src/${name}`);

    it("names a layer that the design allows, in every file", () => {
        const forbidden = sources.flatMap((path) =>
            importedLayers(path, readFileSync(join(projectFolder, path), "utf8"))
                .filter((one) => !isAllowed(one))
                .map(({ to }) => `${path} -> ${to}`),
        );
        expect(sources.length).toBeGreaterThan(100);
        expect(forbidden).toEqual([]);
    });

    it("is noticed where it names another (canary)", () => {
        const text = 'import { x } from "../../disk/store.ts";\nconst y = import("../boot.ts");\n';
        expect(importedLayers("src/kernel/files/nosy.ts", text)).toEqual([
            { from: "kernel", to: "disk" },
        ]);
    });
});

describe("a layer's tsconfig", () => {
    const configOf = (name: string) =>
        JSON.parse(readFileSync(join(projectFolder, `src/${name}/tsconfig.json`), "utf8"));

    it("exists for every folder of src, and for no other", () => {
        expect(readdirSync(join(projectFolder, "src")).sort()).toEqual([...layerNames].sort());
    });

    it.each(layerNames)("of %s refers to what the layer may import, and no more", (name) => {
        const { references, compilerOptions } = configOf(name);
        const paths = references.map(({ path }: { path: string }) => path);
        expect(paths).toEqual(layers[name].imports.map((to) => `../${to}`));
        expect(compilerOptions.types ?? []).toEqual(layers[name].isCore ? [] : ["node"]);
        expect(compilerOptions.lib).toBeUndefined();
    });

    it("is built from the root, which leaves out no layer", () => {
        const root = JSON.parse(readFileSync(join(projectFolder, "tsconfig.json"), "utf8"));
        const paths = root.references.map(({ path }: { path: string }) => path);
        expect(paths).toEqual(expect.arrayContaining(layerNames.map((name) => `src/${name}`)));
    });
});
