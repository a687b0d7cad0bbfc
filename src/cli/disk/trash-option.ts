/** The option `--trash`: which open writes may leave trash at levels L3 and L4. */
import type { Command } from "commander";
import { UserError } from "../../base/user-error.ts";
import type { LevelOptions } from "../../disk/crash/levels.ts";
import { ExitCode } from "../inspect/inspection.ts";
import { shown } from "./trace-input.ts";

export interface TrashOptions {
    readonly trash: string;
}

/** Adds the option to a command. */
export function addTrash(command: Command): Command {
    return command.option(
        "--trash <WHICH>",
        "L3, L4: maybe for all open writes, inflight for those not told done",
        "maybe",
    );
}

/** What the option says. Throws `UserError` for what it cannot say. */
export function trashPolicyOf({ trash }: TrashOptions): LevelOptions {
    if (trash !== "maybe" && trash !== "inflight") {
        throw new UserError(`--trash ${shown(trash)}: it is maybe or inflight`, ExitCode.usage);
    }
    return { trash };
}
