/** The number of the lowest bit that is set, from 0; of a 32-bit mask that is not 0. */
export function lowestBit(mask: number): number {
    return 31 - Math.clz32(mask & -mask);
}
