/** The keyboard and the console as one file, which descriptors 0, 1 and 2 are at first. */
import type { Steps } from "../steps.ts";
import type { Task } from "../tasks/task.ts";
import type { Console } from "./console.ts";
import type { Keyboard } from "./keyboard.ts";
import type { Stream } from "./vnode.ts";

export class Terminal implements Stream {
    readonly kind = "stream";
    readonly #keyboard: Keyboard;
    readonly #console: Console;

    constructor(keyboard: Keyboard, console: Console) {
        this.#keyboard = keyboard;
        this.#console = console;
    }

    *read(task: Task, address: number, byteLength: number): Steps<number> {
        return yield* this.#keyboard.read(task, address, byteLength);
    }

    *write(task: Task, address: number, byteLength: number): Steps<number> {
        return yield* this.#console.writeFromUser(task, address, byteLength);
    }

    *close(): Steps {}
}
