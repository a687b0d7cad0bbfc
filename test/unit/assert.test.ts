import { describe, expect, it } from "vitest";
import { assert, InvariantError } from "../../src/base/assert.ts";
import { UserError } from "../../src/base/user-error.ts";

describe("an assertion", () => {
    it("says nothing when the invariant holds", () => {
        expect(() => assert(true, "one is one")).not.toThrow();
    });

    it("throws an InvariantError that names the invariant when it does not hold", () => {
        const broken = () => assert(false, "one is one");
        expect(broken).toThrow(InvariantError);
        expect(broken).toThrow(/^one is one$/);
    });

    it("is never mistaken for a user's error", () => {
        expect(new InvariantError("x")).not.toBeInstanceOf(UserError);
        expect(new UserError("x")).not.toBeInstanceOf(InvariantError);
    });
});

describe("a user's error", () => {
    it("carries its message and the exit status 1 where nothing else is said", () => {
        const error = new UserError("disk.img: No such file or directory");
        expect([error.name, error.message, error.exitCode]).toEqual([
            "UserError",
            "disk.img: No such file or directory",
            1,
        ]);
        expect(new UserError("bad usage", 2).exitCode).toBe(2);
    });
});
