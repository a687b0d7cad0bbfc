/**
 * The three programs, bundled.
 *
 * A program is seventy small modules, and Node takes a millisecond to load each of them; from one
 * file it starts in a third of the time. What a command of `chickadee` imports when it is asked for
 * is in files of its own beside it, so that the others do not read it.
 */
import { defineConfig } from "rolldown";

export default defineConfig(
    ["mkchickadeefs", "chickadeefsck", "chickadee"].map((program) => ({
        input: { [program]: `dist/src/cli/${program}.js` },
        platform: "node",
        external: ["commander", "picocolors"],
        output: {
            dir: "dist/bin",
            entryFileNames: "[name].js",
            chunkFileNames: `${program}-[name].js`,
            format: "esm",
        },
    })),
);
