import { describe, expect, it } from "vitest";
import { wrapped } from "../../src/report/wrap.ts";

const forty = "x".repeat(40);

describe("phrases in lines", () => {
    it("share a line of up to 80 characters, and go on in another that is indented more", () => {
        expect(wrapped(["a", "b c"], "  ")).toEqual(["  a b c"]);
        expect(wrapped([forty, "y".repeat(37)], "  ")).toEqual([`  ${forty} ${"y".repeat(37)}`]);
        expect(wrapped([forty, "y".repeat(38), "z"], "  ")).toEqual([
            `  ${forty}`,
            `      ${"y".repeat(38)} z`,
        ]);
    });

    it("have lines of their own where they are too long", () => {
        const long = "x".repeat(100);
        expect(wrapped(["a", long, "b"], "")).toEqual(["a", `    ${long}`, "    b"]);
    });
});
