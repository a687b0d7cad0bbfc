/**
 * Registers of one byte each, as most devices of the first PCs have: a wider access is one of
 * bytes at neighbouring ports, the lower first.
 */
import type { RegisterDevice } from "./device.ts";

/** What a region of the address map needs of a device. */
export type Ports = Pick<RegisterDevice, "read" | "write">;

/** @param read gives 0 to 255. */
export function bytePorts(
    read: (offset: number) => number,
    write: (offset: number, value: number) => void,
): Ports {
    return {
        read: (offset, size) => {
            let value = 0;
            for (let index = 0; index < size; index++) {
                value += read(offset + index) * 2 ** (8 * index);
            }
            return value;
        },
        write: (offset, size, value) => {
            for (let index = 0; index < size; index++) {
                write(offset + index, (value >>> (8 * index)) & 0xff);
            }
        },
    };
}
