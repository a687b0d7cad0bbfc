/**
 * A device's voice to whoever runs the machine: each message is told once.
 *
 * What was told is no part of a machine's state: a machine that was loaded may say it again.
 */
import type { NoticeSink } from "./device.ts";

/** Messages that one device may tell; a guest that finds more ways to be wrong is heard enough. */
const maxMessages = 256;

/** A function that tells `notice` a message of the device named, once. */
export function tellOnce(device: string, notice: NoticeSink): (message: string) => void {
    const told = new Set<string>();
    return (message) => {
        if (!told.has(message) && told.size < maxMessages) {
            told.add(message);
            notice({ device, message });
        }
    };
}
