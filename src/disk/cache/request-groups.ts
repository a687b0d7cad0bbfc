/**
 * Which cached requests can only land together.
 *
 * The cache keeps the newest data of a sector. Once a request has lost a sector to a later one,
 * landing it alone would tear it; with the later one on top it is as whole as on any disk. So the
 * two become one group, and groups are what a disk with whole requests (level L1) lands or loses.
 *
 * A union-find structure over request numbers; it forgets everything when the cache is empty.
 */
export class RequestGroups {
    /** By request: another one of its group, nearer to the group's root; a root is its own. */
    readonly #parents: number[] = [];

    /** A new request, alone in its group. */
    begin(): number {
        this.#parents.push(this.#parents.length);
        return this.#parents.length - 1;
    }

    /** How many requests there are; they are numbered from 0. */
    get requestCount(): number {
        return this.#parents.length;
    }

    /** The number that stands for a request's group. */
    groupOf(request: number): number {
        let at = request;
        while (this.#parents[at] !== at) {
            // Halving the path keeps later look-ups short.
            this.#parents[at] = this.#parents[this.#parents[at]];
            at = this.#parents[at];
        }
        return at;
    }

    join(first: number, second: number): void {
        this.#parents[this.groupOf(first)] = this.groupOf(second);
    }

    clear(): void {
        this.#parents.length = 0;
    }
}
