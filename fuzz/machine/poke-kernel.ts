/**
 * A kernel without a will: its CPUs do the one operation that a poke asks for, in kernel or user
 * mode, and pass the time until the next.
 */
import { Context } from "../../src/machine/cpu/context.ts";
import type { EntryPoints } from "../../src/machine/cpu/entry-points.ts";
import type { Operation, Program } from "../../src/machine/cpu/operation.ts";
import type { Poke } from "./poke.ts";

export type CpuPoke = Extract<Poke, { readonly do: "cpu" }>;

export class PokeKernel implements EntryPoints {
    /** What the next CPU that comes by is to do. */
    asked: CpuPoke | undefined;

    *start(context: Context): Program {
        return yield* this.#serve(context);
    }

    // biome-ignore lint/correctness/useYield: there is nothing to do.
    *systemCall(_context: Context, number: number): Program {
        return number;
    }

    /** What faulted is given up, with all that it was in the middle of. */
    *exception(context: Context): Program {
        yield context.switchTo(this.#newContext(false));
        return 0;
    }

    *interrupt(context: Context): Program {
        yield context.store(0xfee0_00b0, 4, 0);
        return 0;
    }

    #newContext(isUser: boolean): Context {
        const context = new Context(isUser ? "user" : "kernel");
        context.start(this.#serve(context), { isUser, interruptsEnabled: isUser });
        return context;
    }

    *#serve(context: Context): Program {
        for (;;) {
            const poke = this.asked;
            this.asked = undefined;
            if (poke?.ask === "return") {
                return poke.value;
            }
            yield poke === undefined ? context.step() : this.#operation(context, poke);
        }
    }

    #operation(context: Context, { ask, address, size, value }: CpuPoke): Operation {
        switch (ask) {
            case "load":
                return context.load(address, size);
            case "store":
                return context.store(address, size, value);
            case "load64":
                return context.load64(address);
            case "store64":
                return context.store64(address, BigInt(value));
            case "exchange":
                return context.exchange(address, size, value);
            case "compareExchange":
                return context.compareExchange(address, size, 0, value);
            case "fetchAdd":
                return context.fetchAdd(address, size, value);
            case "fetchOr64":
                return context.fetchOr64(address, BigInt(value));
            case "input":
                return context.input(address, size);
            case "output":
                return context.output(address, size, value);
            case "pause":
                return context.pause();
            case "halt":
                return context.halt();
            case "enableInterrupts":
                return context.enableInterrupts();
            case "disableInterrupts":
                return context.disableInterrupts();
            case "loadPageTable":
                return context.loadPageTable(address);
            case "invalidatePage":
                return context.invalidatePage(address);
            case "readTimestamp":
                return context.readTimestamp();
            case "systemCall":
                return context.systemCall(value);
            case "enterUserMode":
                return context.switchTo(this.#newContext(true));
            default:
                return context.step();
        }
    }
}
