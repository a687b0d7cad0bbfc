/**
 * What becomes of each cached sector when power fails, by the policy's fault and by choice.
 *
 * The first choice is the mood: nothing lands (0), everything does, few things do, all but a few
 * do, or about half. Bugs show when a single thing is missing or alone, which tossing a coin for
 * each would hardly ever bring about.
 */
import type { ChoiceStream } from "../../base/choices.ts";
import type { CachedPage } from "./cached-pages.ts";
import type { PowerLossFault } from "./destage-policy.ts";
import type { RequestGroups } from "./request-groups.ts";

export type Fate = "lost" | "landed" | "trash";

export class PowerLoss {
    readonly #fault: PowerLossFault;
    readonly #choices: ChoiceStream;
    readonly #groups: RequestGroups | undefined;
    readonly #mood: number;
    /** By group of requests: what was chosen for it. */
    readonly #groupFates = new Map<number, Fate>();
    /** What trash follows from. One choice and not the bytes: choices stay few enough to read. */
    readonly trashSeed: number;

    /** @param groups which sectors share their fate; only where requests land whole. */
    constructor(fault: PowerLossFault, choices: ChoiceStream, groups: RequestGroups | undefined) {
        this.#fault = fault;
        this.#choices = choices;
        this.#groups = groups;
        this.#mood = choices.choose(5);
        this.trashSeed = this.#trashes() ? choices.choose(2 ** 32) : 0;
    }

    /** The fate of a sector of a page in which something is cached. To be asked once for each. */
    fateOf(page: CachedPage, sector: number): Fate {
        const isCached = (page.mask & (1 << sector)) !== 0;
        if (this.#groups !== undefined) {
            return isCached ? this.#groupFate(this.#groups.groupAt(page, sector)) : "lost";
        }
        const isExposed = this.#trashes() && (isCached || this.#fault === "collateral");
        if (isExposed && this.#choices.choose(8) === 1) {
            return "trash";
        }
        return isCached ? this.#landing() : "lost";
    }

    #groupFate(group: number): Fate {
        const fate = this.#groupFates.get(group) ?? this.#landing();
        this.#groupFates.set(group, fate);
        return fate;
    }

    #landing(): Fate {
        const isLanding =
            this.#mood === 1 ||
            (this.#mood === 2 && this.#choices.choose(8) === 1) ||
            (this.#mood === 3 && this.#choices.choose(8) !== 1) ||
            (this.#mood === 4 && this.#choices.choose(2) === 1);
        return isLanding ? "landed" : "lost";
    }

    #trashes(): boolean {
        return this.#fault === "trash" || this.#fault === "collateral";
    }
}
