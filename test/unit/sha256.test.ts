import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.ts";
import { sha256 } from "../../src/base/sha256.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const reference = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Bytes of a length, which a seed determines. */
function bytesOfLength(length: number): Uint8Array {
    const random = new Random(length);
    return Uint8Array.from({ length }, () => random.below(256));
}

/** Lengths, of those up to `longest`, whose digests differ from the reference's. */
function wrongLengths(digest: (bytes: Uint8Array) => Uint8Array, longest: number): number[] {
    return Array.from({ length: longest + 1 }, (_, length) => length).filter((length) => {
        const bytes = bytesOfLength(length);
        return hex(digest(bytes)) !== reference(bytes);
    });
}

describe("SHA-256", () => {
    it.each([
        ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
        ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
        [
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ],
    ])("of %j is the standard's", (text, digest) => {
        expect(hex(sha256(Buffer.from(text)))).toBe(digest);
    });

    it("is Node's for every length up to three chunks and beyond", () => {
        expect(wrongLengths(sha256, 300)).toEqual([]);
    });

    it("is Node's for many bytes, also of a view into the middle of some", () => {
        const bytes = bytesOfLength(1_000_003);
        expect(hex(sha256(bytes))).toBe(reference(bytes));
        const middle = bytes.subarray(12_345, 99_999);
        expect(hex(sha256(middle))).toBe(reference(middle));
    });

    it("is told from one that forgets the last chunk's zeros (canary)", () => {
        const padded = (bytes: Uint8Array) => sha256(new Uint8Array([...bytes, 0]));
        expect(wrongLengths(padded, 20).length).toBe(21);
    });
});
