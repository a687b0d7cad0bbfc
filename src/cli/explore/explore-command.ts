/**
 * `chickadee explore`: searches for a schedule under which a program fails, makes what it finds
 * small, and tells it.
 *
 * All of it is done by workers (work.ts); here it is shared out and printed. Who does which run
 * does not matter, so the result is the same for any number of jobs.
 */
import type { Exploration, FailingRun } from "../../crash/exploration/explore.ts";
import { exitStatusOf } from "../../host/signals.ts";
import { jsonDocument } from "../../report/json.ts";
import { counted } from "../../report/size.ts";
import { faultLines } from "../boot/fault-lines.ts";
import { coloursFor } from "../inspect/colours.ts";
import { ExitCode } from "../inspect/inspection.ts";
import type { Invocation } from "../run.ts";
import { Board } from "./board.ts";
import { Crew } from "./crew.ts";
import { exploreDocument } from "./explore-document.ts";
import { verdictLines } from "./explore-lines.ts";
import { targetOf } from "./plan.ts";
import type { ExploreOptions } from "./register.ts";
import { searchedText, searchLine } from "./search-progress.ts";
import type { Target } from "./target.ts";
import type { Verdict } from "./verdict.ts";

const failureFound = 1;
/** Runs that shrinking may take: less than half a minute of most programs. */
const maxShrinkRuns = 2000;

/** Returns the exit status. */
export async function explore(invocation: Invocation, options: ExploreOptions): Promise<number> {
    const { out, host } = invocation;
    if (options.fault?.includes("list")) {
        out.text(`${faultLines().join("\n")}\n`);
        return ExitCode.fine;
    }
    const target = targetOf(host, options);
    const crew = new Crew(invocation);
    let verdict: Verdict;
    try {
        verdict = await new Explorer(invocation, crew, target, options).explore();
    } finally {
        await crew.close();
    }
    if (options.json) {
        out.text(jsonDocument(exploreDocument(verdict, options, target)));
    } else {
        const colours = coloursFor(host, options.color);
        for (const line of verdictLines(verdict, options, colours, out)) {
            out.text(`${line}\n`);
        }
    }
    return exitStatus(verdict);
}

function exitStatus({ signal, found }: Verdict): number {
    if (signal !== undefined) {
        return exitStatusOf(signal);
    }
    return found === undefined ? ExitCode.fine : failureFound;
}

class Explorer {
    readonly #invocation: Invocation;
    readonly #crew: Crew;
    readonly #target: Target;
    readonly #options: ExploreOptions;

    constructor(invocation: Invocation, crew: Crew, target: Target, options: ExploreOptions) {
        this.#invocation = invocation;
        this.#crew = crew;
        this.#target = target;
        this.#options = options;
    }

    async explore(): Promise<Verdict> {
        const nothing = { found: undefined, shrunk: undefined, interleaving: undefined };
        const searched = await this.#search();
        const { found } = searched;
        const verdict: Verdict = { ...nothing, ...searched };
        if (found === undefined || searched.signal !== undefined || !this.#options.shrink) {
            return verdict;
        }
        return { ...verdict, ...(await this.#makeSmall(found)) };
    }

    /** The failing run with the lowest number. */
    async #search(): Promise<Pick<Verdict, "found" | "signal" | "nextRun">> {
        const { schedule, seed, runs, first, json } = this.#options;
        const coreCount = this.#crew.suggestedCount;
        const workerCount = Math.min(this.#options.jobs ?? coreCount, coreCount);
        const board = Board.create(workerCount);
        const shared = { target: this.#target, board: board.memory, schedule, seed, runs, first };
        const pieces = Array.from({ length: workerCount }, (_, worker) => {
            return { kind: "search" as const, ...shared, worker, workerCount };
        });
        const wanted = runs - (first - 1);
        const beganMs = this.#crew.nowMs;
        const elapsed = () => this.#crew.nowMs - beganMs;
        const { results, signal } = await this.#crew.gather(pieces, () =>
            searchLine(board.runsDone, wanted, elapsed()),
        );
        if (!json) {
            this.#invocation.err.text(`searched ${searchedText(board.runsDone, elapsed())}\n`);
            this.#invocation.err.flush();
        }
        return { found: lowest(results), signal, nextRun: board.nextRun(first) };
    }

    /** Shrinks a failing run, and looks at what is left. */
    async #makeSmall(found: FailingRun): Promise<Partial<Verdict>> {
        const target = this.#target;
        const board = Board.create(0);
        const work = { kind: "shrink" as const, target, board: board.memory, found };
        const { results, signal } = await this.#crew.gather(
            [{ ...work, maxRuns: maxShrinkRuns }],
            () => shrinkLine(board),
        );
        const [shrunk] = results;
        if (shrunk === undefined || signal !== undefined) {
            return { signal };
        }
        const { maxOperations } = found;
        const told = await this.#crew.gather(
            [{ kind: "tell" as const, target, shrunk, maxOperations }],
            () => `looking at ${counted(shrunk.points.length, "preemption")}`,
        );
        return { shrunk, interleaving: told.results[0], signal: told.signal };
    }
}

function shrinkLine({ points, runsDone }: Board): string {
    const left = points === 0 ? "" : `, ${counted(points, "preemption")} left`;
    return `shrinking: ${counted(runsDone, "run")}${left}`;
}

function lowest(results: readonly (Exploration | undefined)[]): FailingRun | undefined {
    return results
        .flatMap((result) => (result?.found === undefined ? [] : [result.found]))
        .sort((one, other) => one.run - other.run)
        .at(0);
}
