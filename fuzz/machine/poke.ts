/**
 * Pokes: the single things that a guest or its host can do to the machine. A case is a list of
 * them, plain data, so that it can be printed, made again from its token, and made shorter.
 */
import type { AccessSize } from "../../src/machine/device.ts";

/** What a CPU's program can be told to do. */
export const cpuAsks = [
    "load",
    "store",
    "load64",
    "store64",
    "exchange",
    "compareExchange",
    "fetchAdd",
    "fetchOr64",
    "input",
    "output",
    "pause",
    "halt",
    "enableInterrupts",
    "disableInterrupts",
    "loadPageTable",
    "invalidatePage",
    "readTimestamp",
    "systemCall",
    "enterUserMode",
    "return",
] as const;
export type CpuAsk = (typeof cpuAsks)[number];

export type Poke =
    | { readonly do: "in"; readonly port: number; readonly size: AccessSize }
    | {
          readonly do: "out";
          readonly port: number;
          readonly size: AccessSize;
          readonly value: number;
      }
    /** A device register in the address space of one CPU, at any alignment. */
    | {
          readonly do: "read";
          readonly cpu: number;
          readonly address: number;
          readonly size: AccessSize;
      }
    | {
          readonly do: "write";
          readonly cpu: number;
          readonly address: number;
          readonly size: AccessSize;
          readonly value: number;
      }
    /** The guest stores 32-bit words in memory. */
    | { readonly do: "words"; readonly address: number; readonly words: readonly number[] }
    /** A program does one operation, on whichever CPU runs. */
    | {
          readonly do: "cpu";
          readonly ask: CpuAsk;
          readonly address: number;
          readonly size: AccessSize;
          readonly value: number;
      }
    /** Time passes: so many ns, or up to the next alarm. */
    | { readonly do: "advance"; readonly ns: number }
    | { readonly do: "leap" }
    /** The host types. */
    | { readonly do: "type"; readonly text: string }
    /** Keeps a state; goes back to the one that was kept last. */
    | { readonly do: "save" }
    | { readonly do: "load" }
    /** Writes the state out as bytes and becomes what those say. */
    | { readonly do: "copy" }
    /** Power fails and comes back. */
    | { readonly do: "cycle" };

/** A poke as a person reads it. */
export function pokeText(poke: Poke): string {
    switch (poke.do) {
        case "in":
            return `in${bits(poke.size)} port ${hex(poke.port)}`;
        case "out":
            return `out${bits(poke.size)} port ${hex(poke.port)}, ${hex(poke.value)}`;
        case "read":
            return `read${bits(poke.size)} ${hex(poke.address)} by CPU ${poke.cpu}`;
        case "write": {
            const { size, address, value, cpu } = poke;
            return `write${bits(size)} ${hex(address)}, ${hex(value)} by CPU ${cpu}`;
        }
        case "words":
            return `memory ${hex(poke.address)}: ${poke.words.map(hex).join(" ")}`;
        case "cpu": {
            const { ask, address, size, value } = poke;
            return `cpu ${ask} ${hex(address)}, ${bits(size)} bits, ${hex(value)}`;
        }
        case "advance":
            return `advance ${poke.ns} ns`;
        case "type":
            return `type ${JSON.stringify(poke.text)}`;
        default:
            return poke.do;
    }
}

function bits(size: AccessSize): number {
    return 8 * size;
}

function hex(value: number): string {
    return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
