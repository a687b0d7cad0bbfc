/**
 * What tests of one device need around it: a wire that counts edges, a list of notices, and a way
 * to hand one device's state to another as a saved machine does.
 */
import { Random } from "../../src/base/random.ts";
import { decodeState, encodeState, StateFields, type StateRecord } from "../../src/base/state.ts";
import type {
    AccessSize,
    InterruptLine,
    MachineNotice,
    RegisterDevice,
    Stateful,
} from "../../src/machine/device.ts";

/** An interrupt line, its level, and how often it rose. */
export class CountedLine implements InterruptLine {
    isHigh = false;
    riseCount = 0;

    set(isAsserted: boolean): void {
        if (isAsserted && !this.isHigh) {
            this.riseCount++;
        }
        this.isHigh = isAsserted;
    }
}

/** A sink, and the messages that it took, each as `device: message`. */
export function noticeList() {
    const messages: string[] = [];
    const sink = ({ device, message }: MachineNotice) => {
        messages.push(`${device}: ${message}`);
    };
    return { messages, sink };
}

/** A state as it comes back from a file. */
export function stateFields(record: StateRecord, where = "device"): StateFields {
    const decoded = decodeState(encodeState(record));
    return new StateFields(decoded as StateRecord, where);
}

/** Makes `to` what `from` is. */
export function handOver(from: Stateful, to: Stateful): void {
    to.load(stateFields(from.save(), from.name));
}

/** A digest of a device for comparison: its whole state as bytes. */
export function stateBytes(device: Stateful): Uint8Array {
    return encodeState(device.save());
}

/** Reads and writes registers at random, by a seed. Returns what was read. */
export function poke(
    regions: readonly { lengthBytes: number; device: Pick<RegisterDevice, "read" | "write"> }[],
    count: number,
    seed: number,
    between: (random: Random) => void = () => {},
): number[] {
    const random = new Random(seed);
    const read: number[] = [];
    const sizes: readonly AccessSize[] = [1, 2, 4];
    for (let index = 0; index < count; index++) {
        const { lengthBytes, device } = regions[random.below(regions.length)];
        const size = sizes[random.below(3)];
        const offset = random.below(lengthBytes);
        if (random.below(2) === 0) {
            read.push(device.read(offset, size));
        } else {
            device.write(offset, size, random.below(2 ** (8 * size)));
        }
        between(random);
    }
    return read;
}
