/**
 * What a hostile program has where: its data, and the few things in it by which calls that are
 * nearly right can be made.
 */
import { functionSpacing, UserAddress } from "../../src/kernel/interface/constants.ts";

export const pageBytes = 4096;

/** Holds a pattern by pid and nothing else. No call and no access is ever given its address. */
export const canaryPage = UserAddress.data;

/** Pages for anybody to use; behind the last of them nothing is mapped at first. */
export const bufferPages = UserAddress.data + pageBytes;
const bufferPageCount = 3;
export const buffersEnd = bufferPages + bufferPageCount * pageBytes;
export const dataBytes = (1 + bufferPageCount) * pageBytes;

/** Names of files as strings, each in a place of its own at the beginning of the buffers. */
const nameSpacing = 128;
export const names = [
    "README",
    "a",
    "b",
    "c",
    "hostile",
    "true",
    "",
    "no/such",
    "x".repeat(63),
    "y".repeat(64),
] as const;

export function nameAddress(name: (typeof names)[number]): number {
    return bufferPages + names.indexOf(name) * nameSpacing;
}

/** Two pointers to names, for execv. */
export const argvAddress = bufferPages + pageBytes - 64;

/** A page for each thread alone, by its tid; no call and no access is given it otherwise. */
export function ownPage(tid: number): number {
    return 0x20_0000 + tid * pageBytes;
}

/** Two places of each thread for what it has in common with one other. */
export function meetingPage(tid: number, index: number): number {
    return 0x22_0000 + (2 * tid + index) * pageBytes;
}

/** Where `clone` finds the watchdog, who wakes at a meeting, and the script with an index. */
export const watchdogFunction = UserAddress.text + functionSpacing;
export const wakerFunction = UserAddress.text + 2 * functionSpacing;

export function scriptFunction(index: number): number {
    return UserAddress.text + (3 + index) * functionSpacing;
}
