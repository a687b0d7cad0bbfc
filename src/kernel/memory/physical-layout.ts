/**
 * What lies where in physical memory, as Chickadee has it: the low pages that the firmware and the
 * kernel's first page tables need, the hole of the legacy devices, the kernel, and the rest.
 */
import { pageSize } from "../../base/page-size.ts";
import type { PhysicalRange } from "./page-allocator.ts";

/** Interrupt vectors, the BIOS data area and the seed; so no page that is given out is 0. */
const firmwareDataEnd = 0x1000;
/** The kernel's first tables: where boot.ts makes them. */
const firstTables = 0x5000;
const firstTablesEnd = 0x9000;
/** Devices and ROM; among them the screen's page. */
const legacyHole = 0xa_0000;

/** Physical address of the screen's page, which every process has mapped and nobody owns. */
export const consolePage = 0xb_8000;

/**
 * Memory that is nobody's when the kernel begins, in pages that the allocator may give out.
 *
 * @param imageEnd where the kernel's own bytes end, which begin at 1 MiB.
 * @param memoryBytes all of the machine's memory.
 */
export function allocatableRanges(imageEnd: number, memoryBytes: number): PhysicalRange[] {
    const firstFree = Math.ceil(imageEnd / pageSize) * pageSize;
    return [
        { start: firmwareDataEnd, end: firstTables },
        { start: firstTablesEnd, end: legacyHole },
        { start: firstFree, end: Math.floor(memoryBytes / pageSize) * pageSize },
    ].filter(({ start, end }) => start < end);
}
