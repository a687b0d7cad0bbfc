/**
 * A mutex of one word, on a futex (the third of Drepper, "Futexes Are Tricky", 2011).
 *
 * The word is 0 when it is free, 1 when it is taken, and 2 when it is taken and somebody may wait.
 * Without contention no system call is made. Who finds it taken writes 2 before it sleeps, and
 * takes it with 2, for others may wait still; so whoever lets go of a 2 must wake one.
 */
import type { Steps } from "./steps.ts";
import type { User } from "./user.ts";

const free = 0;
const taken = 1;
const contended = 2;

export class Mutex {
    readonly #user: User;
    /** Of the word, which is 0 at first. */
    readonly #address: number;

    constructor(user: User, address: number) {
        this.#user = user;
        this.#address = address;
    }

    *lock(): Steps {
        const { context } = this.#user;
        const word = this.#address;
        let old = yield context.compareExchange(word, 4, free, taken);
        if (old === taken) {
            old = yield context.exchange(word, 4, contended);
        }
        while (old !== free) {
            yield* this.#user.futexWait(word, contended);
            old = yield context.exchange(word, 4, contended);
        }
    }

    *unlock(): Steps {
        const old = yield this.#user.context.exchange(this.#address, 4, free);
        if (old === contended) {
            yield* this.#user.futexWake(this.#address, 1);
        }
    }
}
