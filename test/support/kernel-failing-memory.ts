/** A kernel whose memory runs out at one allocation, and only there. */
import { Kernel, type KernelOptions } from "../../src/kernel/kernel.ts";
import type { Steps } from "../../src/kernel/steps.ts";
import type { Context } from "../../src/machine/cpu/context.ts";

export class FailingMemory {
    /** Which allocation is refused, counted from 1 from the first program's beginning on. */
    readonly #failing: number;
    #count = 0;
    #isCounting = false;

    constructor(failing: number) {
        this.#failing = failing;
    }

    /** Whether the program came so far that it was refused something. */
    get hasFailed(): boolean {
        return this.#count >= this.#failing;
    }

    /** For `KernelRunOptions.makeKernel`. */
    readonly makeKernel = (options: KernelOptions): Kernel => {
        const kernel = new Kernel({
            ...options,
            onProgramStart: () => {
                this.#isCounting = true;
                options.onProgramStart?.();
            },
        });
        const { pages } = kernel;
        const allocate = pages.allocate.bind(pages);
        pages.allocate = (context: Context, fill?: number): Steps<number> => {
            this.#count += this.#isCounting ? 1 : 0;
            const isRefused = this.#isCounting && this.#count === this.#failing;
            return isRefused ? refuse(context) : allocate(context, fill);
        };
        return kernel;
    };
}

function* refuse(context: Context): Steps<number> {
    yield context.step();
    return -1;
}
