/**
 * The logical address of a local APIC: the registers LDR and DFR (Intel SDM, volume 3, 11.6.2.2).
 * In the flat model an address is a set of processors, a bit each; in the cluster model its high
 * four bits name a cluster and its low four are a set of that cluster's members.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";

/** LDR: bits 31:24 are the logical ID. */
const logicalIdMask = 0xff00_0000;

/** DFR: bits 31:28 are the model, the others read as ones. */
const formatOnes = 0x0fff_ffff;
const Model = { flat: 0xf, cluster: 0x0 } as const;

export class LogicalDestination {
    #destination = 0;
    #format = 0xffff_ffff;

    /** LDR. */
    get destination(): number {
        return this.#destination;
    }

    set destination(value: number) {
        this.#destination = (value & logicalIdMask) >>> 0;
    }

    /** DFR. */
    get format(): number {
        return this.#format;
    }

    set format(value: number) {
        this.#format = (value | formatOnes) >>> 0;
    }

    /** Whether a message to a logical address, 0 to 255, means this local APIC. */
    isIn(address: number): boolean {
        const own = this.#destination >>> 24;
        switch (this.#format >>> 28) {
            case Model.flat:
                return (own & address) !== 0;
            case Model.cluster:
                return own >> 4 === address >> 4 && (own & address & 0xf) !== 0;
            default:
                return false;
        }
    }

    reset(): void {
        this.#destination = 0;
        this.#format = 0xffff_ffff;
    }

    save(): StateRecord {
        return { destination: this.#destination, format: this.#format };
    }

    load(state: StateFields): void {
        const destination = state.integer("destination", 0, 0xffff_ffff);
        const format = state.integer("format", 0, 0xffff_ffff);
        this.destination = destination;
        this.format = format;
        if (this.destination !== destination || this.format !== format) {
            throw new UserError("saved state of a local APIC: it sets bits that are wired");
        }
    }
}
