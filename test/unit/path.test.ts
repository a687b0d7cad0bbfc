import { describe, expect, it } from "vitest";
import { joinPath, pathNames, resolveDots } from "../../src/chkfs/path.ts";

describe("pathNames", () => {
    it.each([
        ["", []],
        ["/", []],
        ["///", []],
        ["a", ["a"]],
        ["/a/b", ["a", "b"]],
        ["a//b/", ["a", "b"]],
        ["/ /.", [" ", "."]],
    ])("splits %j into %j", (path, names) => {
        expect(pathNames(path)).toEqual(names);
    });
});

describe("resolveDots", () => {
    it.each([
        ["", "/"],
        ["/", "/"],
        [".", "/"],
        ["..", "/"],
        ["/../..", "/"],
        ["a/./b", "/a/b"],
        ["/a/b/../c", "/a/c"],
        ["/a/../../b", "/b"],
        ["//a//b//", "/a/b"],
        ["/...", "/..."],
        ["/a/.b/..c", "/a/.b/..c"],
    ])("makes %j %j", (path, resolved) => {
        expect(resolveDots(path)).toBe(resolved);
    });
});

describe("joinPath", () => {
    it("puts one slash between a folder and a name", () => {
        expect(joinPath("/", "a")).toBe("/a");
        expect(joinPath("/a", "b")).toBe("/a/b");
        expect(joinPath("/a", "")).toBe("/a/");
    });
});
