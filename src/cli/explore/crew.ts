/**
 * The workers of one `chickadee explore`, and the wait for them: with how far they are on a
 * terminal, and an ear for signals.
 */
import type { EndingSignal, SignalWatch } from "../../host/signals.ts";
import type { Job, Workers } from "../../host/workers.ts";
import { PassingLine } from "../boot/passing-line.ts";
import type { Invocation } from "../run.ts";
import type { Results, Work } from "./work.ts";

/** Real time between two looks. */
const lookMs = 100;

/** What came of work, and the signal that cut it short, if one did. */
export interface Gathered<Result> {
    /** Of each piece; undefined of one that was not done. */
    readonly results: readonly (Result | undefined)[];
    readonly signal: EndingSignal | undefined;
}

export class Crew {
    readonly #workers: Workers;
    readonly #signals: SignalWatch;
    readonly #line: PassingLine;

    constructor({ host, err }: Invocation) {
        this.#workers = host.startWorkers(new URL("./explore-worker.js", import.meta.url));
        this.#signals = host.watchSignals();
        this.#line = new PassingLine(err);
    }

    get suggestedCount(): number {
        return this.#workers.suggestedCount;
    }

    get nowMs(): number {
        return this.#workers.nowMs;
    }

    /**
     * Has work done, each piece by a worker of its own.
     *
     * @param progress how far it is, in a line
     */
    async gather<Kind extends Work["kind"]>(
        pieces: readonly (Work & { readonly kind: Kind })[],
        progress: () => string,
    ): Promise<Gathered<Results[Kind]>> {
        const jobs = pieces.map((piece) => this.#workers.start(piece));
        let signal: EndingSignal | undefined;
        while (signal === undefined && jobs.some(({ result }) => result === undefined)) {
            this.#line.show(progress());
            await this.#workers.wait(lookMs);
            await this.#signals.breathe();
            signal = this.#signals.received;
        }
        this.#line.erase();
        return { results: jobs.map((job) => resultOf<Kind>(job)), signal };
    }

    async close(): Promise<void> {
        this.#line.erase();
        this.#signals.close();
        await this.#workers.close();
    }
}

/** What a worker answers is what `perform` gave for its kind of work. */
function resultOf<Kind extends Work["kind"]>({ result }: Job): Results[Kind] | undefined {
    return result?.value as Results[Kind] | undefined;
}
