import { defineConfig } from "vitest/config";

export default defineConfig({
    test: {
        include: ["test/**/*.test.ts"],
        testTimeout: 60_000,
        // Beside what people read, the counts for .ci/run.
        reporters: ["default", ["json", { outputFile: "build/test-results.json" }]],
    },
});
