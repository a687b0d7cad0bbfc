/**
 * The three programs as one file each.
 *
 * A program is seventy small modules, and Node takes a millisecond to load each of them; from one
 * file it starts in a third of the time.
 */
import { defineConfig } from "rolldown";

export default defineConfig(
    ["mkchickadeefs", "chickadeefsck", "chickadee"].map((program) => ({
        input: `dist/src/cli/${program}.js`,
        platform: "node",
        external: ["commander", "picocolors"],
        output: { file: `dist/bin/${program}.js`, format: "esm" },
    })),
);
