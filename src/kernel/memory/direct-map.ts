/**
 * The direct map: all of physical memory, and the registers behind it, as the kernel sees them
 * (HIGHMEM_BASE, 0xffff800000000000). Every page table has it in its upper half.
 */

/** The lowest canonical address of the upper half, as a sign-extended number. */
const highMemoryBase = -(2 ** 47);

/** The kernel's virtual address of a physical one. */
export function directMap(physicalAddress: number): number {
    return highMemoryBase + physicalAddress;
}
