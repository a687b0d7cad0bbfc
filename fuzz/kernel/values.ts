/** Arguments of system calls by chance: right, nearly right, or hostile. */
import type { Random } from "../../src/base/random.ts";
import { functionSpacing, UserAddress } from "../../src/kernel/interface/constants.ts";
import type { Handle, Operand } from "./action.ts";
import { argvAddress, bufferPages, buffersEnd, nameAddress, names, pageBytes } from "./layout.ts";

/** Where no program may read, and the processor faults. */
export const forbiddenAddresses: readonly number[] = [
    0,
    0x1000,
    0xf_fffc,
    -(2 ** 47),
    -(2 ** 47) + 0x6000,
    -(2 ** 47) + 0x10_0000,
    -(2 ** 47) + 0xfee0_00b0,
    -4,
    -pageBytes,
    2 ** 47,
    2 ** 48,
    2 ** 53 - 8,
    -(2 ** 48),
];

/** What is no address at all: beyond a register's bits, or no whole number. */
const strangeNumbers: readonly number[] = [
    ...[2 ** 63, 2 ** 64 - 4096, 2 ** 64 - 1, 2 ** 64, 2 ** 64 + bufferPages, -(2 ** 63)],
    ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MAX_VALUE],
    ...[0.5, -0.5, -0, bufferPages + 0.5, Number.MIN_VALUE],
];

/** Whole numbers about which `int` and `unsigned` differ, or which wrap around to small ones. */
const edgeNumbers: readonly number[] = [
    ...[-1, -2, -22, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1],
    ...[2 ** 52, 2 ** 53 - 1, -(2 ** 53) + 1],
];

/** Places in a page by which accesses begin at it, end with it, or cross into the next. */
const pageOffsets: readonly number[] = [0, 0, 0, 1, 2, 4, 8, 2048, 4080, 4088, 4092, 4094, 4095];

/** A page that `page_alloc` may have made; behind the buffers, so that ranges can cross. */
function heapPage(random: Random): number {
    return buffersEnd + random.below(6) * pageBytes;
}

/** In a page that is always mapped and can be written. */
export function bufferAddress(random: Random): number {
    return bufferPages + pageBytes * random.between(1, 2) + random.pick(pageOffsets);
}

/** In memory that may be there: a buffer, the heap, shared memory, a stack, text, the screen. */
export function userAddress(random: Random): Operand {
    const offset = random.pick(pageOffsets);
    return random.pick<() => Operand>([
        () => bufferAddress(random),
        () => bufferAddress(random),
        () => heapPage(random) + offset,
        () => ({ handle: "attached", plus: offset }),
        () => UserAddress.sharedMemory + random.below(4) * pageBytes + offset,
        () => UserAddress.stackTop - pageBytes + offset,
        () => UserAddress.text + offset,
        () => UserAddress.console + offset,
    ])();
}

/** Anything that an address can be, most often one that is right. */
export function anyAddress(random: Random): Operand {
    return random.chance(7, 10)
        ? userAddress(random)
        : random.pick([...forbiddenAddresses, ...strangeNumbers, ...edgeNumbers, 2 ** 47 - 1]);
}

/** Where a page could be mapped, or not. */
export function pagePlace(random: Random): Operand {
    return random.chance(7, 10)
        ? heapPage(random)
        : random.pick<() => Operand>([
              () => UserAddress.sharedMemory + random.below(20) * pageBytes,
              () => UserAddress.end - pageBytes * random.between(1, 3),
              () => 2 ** random.between(21, 46),
              () => UserAddress.text,
              () => UserAddress.console,
              () => ({ handle: "attached", plus: 0 }),
              () => anyAddress(random),
          ])();
}

const sizes: readonly number[] = [
    ...[0, 1, 2, 3, 4, 8, 16, 24, 100, 300, 511, 512, 513, 600, 1024],
    ...[4095, 4096, 4097, 8192, 3 * 4096],
];

export function anySize(random: Random): number {
    return random.chance(8, 10)
        ? random.pick(sizes)
        : random.pick([...edgeNumbers, ...strangeNumbers, 16 * 4096, 16 * 4096 + 1, 2 ** 20]);
}

/** A small number, or one at the edge of what numbers are. */
export function anyNumber(random: Random, limit = 8): number {
    return random.chance(8, 10)
        ? random.between(-1, limit)
        : random.pick([...edgeNumbers, ...strangeNumbers]);
}

export function anyDescriptor(random: Random): Operand {
    return random.pick<() => Operand>([
        () => ({ handle: "descriptor", plus: 0 }),
        () => ({ handle: "pipe to read", plus: 0 }),
        () => ({ handle: "pipe to write", plus: 0 }),
        () => random.below(10),
        () => random.below(10),
        () => random.pick([-1, 31, 32, 33, ...edgeNumbers, ...strangeNumbers]),
    ])();
}

/** A descriptor that is likely to be right for a transfer. */
export function transferDescriptor(random: Random, end: Handle): Operand {
    return random.chance(2, 3)
        ? { handle: random.pick([end, "descriptor"]), plus: 0 }
        : anyDescriptor(random);
}

export function anyName(random: Random): Operand {
    return random.chance(8, 10) ? nameAddress(random.pick(names)) : anyAddress(random);
}

/** A file that programs make and remove. */
export function ownName(random: Random): number {
    return nameAddress(random.pick(["a", "b", "c"] as const));
}

/** Where `clone` may begin: nowhere that is right. */
export function noFunction(random: Random): Operand {
    return random.pick([
        ...[UserAddress.text - functionSpacing, UserAddress.text + 8, UserAddress.text + 4096],
        ...[UserAddress.text + functionSpacing * 2 ** 32, ...forbiddenAddresses, ...strangeNumbers],
    ]);
}

/** An array of strings for execv. */
export function anyArguments(random: Random): Operand {
    return random.chance(8, 10) ? argvAddress : anyAddress(random);
}

export function argumentCount(random: Random): number {
    return random.pick([0, 1, 1, 2, 2, 4, 255, 256, 257, -1, 2 ** 31, 2 ** 32 + 1]);
}
