import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { crashedImage } from "../support/crashed-image.ts";

const crashedUrl = new URL("../../images/crashed.img", import.meta.url);

describe("images/", () => {
    it("holds the crashed disk that test/support/crashed-image.ts makes", () => {
        const made = crashedImage();
        if (process.env.UPDATE_IMAGES === "1") {
            writeFileSync(crashedUrl, made);
        }
        // A text comparison would print half a megabyte; equality is all that matters.
        expect(Buffer.compare(readFileSync(crashedUrl), made)).toBe(0);
    });
});
