/**
 * The three programs, bundled.
 *
 * A program is seventy small modules, and Node takes a millisecond to load each of them; from one
 * file it starts in a third of the time. What a command of `chickadee` imports when it is asked for
 * is in files of its own beside it, so that the others do not read it. The machine and the kernel
 * are in one of them, which the threads of `chickadee explore` load, too.
 *
 * That one has a source map, for reports name lines of the kernel's sources. No comment names the
 * map: it is read when a line is wanted (src/host/source-positions.ts).
 */
import { defineConfig } from "rolldown";

const external = ["commander", "picocolors"];

/** Files that are on the stack when a task of the kernel is looked at. */
const kernelFiles = /[\\/]src[\\/](machine|kernel|programs|crash)[\\/]/;
const mappedChunk = "chickadee-kernel.js";

const onlyOneMap = {
    name: "only-one-map",
    generateBundle(_options, bundle) {
        for (const name of Object.keys(bundle)) {
            if (name.endsWith(".map") && name !== `${mappedChunk}.map`) {
                delete bundle[name];
            }
        }
    },
};

const output = { dir: "dist/bin", entryFileNames: "[name].js", format: "esm" };

export default defineConfig([
    ...["mkchickadeefs", "chickadeefsck"].map((program) => ({
        input: { [program]: `src/cli/${program}.ts` },
        platform: "node",
        external,
        output,
    })),
    {
        input: {
            chickadee: "src/cli/chickadee.ts",
            "explore-worker": "src/cli/explore/explore-worker.ts",
        },
        platform: "node",
        external,
        preserveEntrySignatures: "allow-extension",
        plugins: [onlyOneMap],
        output: {
            ...output,
            chunkFileNames: "chickadee-[name].js",
            sourcemap: "hidden",
            sourcemapExcludeSources: true,
            codeSplitting: {
                // What these need and others too stays outside: not all commands need these.
                groups: [
                    { name: "kernel", test: kernelFiles, includeDependenciesRecursively: false },
                ],
            },
        },
    },
]);
