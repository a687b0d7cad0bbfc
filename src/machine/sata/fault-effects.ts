/** What a fault rule makes of a command that it applies to. */
import type { ChoiceStream } from "../../base/choices.ts";
import { sectorSize } from "../../base/sector.ts";
import type { FaultRule } from "./fault-rules.ts";
import { AtaError } from "./link.ts";
import type { OutstandingCommand } from "./outstanding-command.ts";

/**
 * Notes what becomes of a command. Returns whether the drive comes so far as to fetch its data:
 * of a write that the medium fails, some leading sectors land, so that its data must be there.
 */
export function applyFault(
    rule: FaultRule | undefined,
    command: OutstandingCommand,
    choices: ChoiceStream,
): boolean {
    switch (rule?.effect) {
        case undefined:
            return true;
        case "abort":
            command.error = AtaError.aborted;
            return false;
        case "timeout":
            command.isHanging = true;
            return choices.choose(2) === 1;
        case "corrupt read":
            command.turnedBit = choices.choose(command.byteLength * 8);
            return true;
        case "media error": {
            const { form, byteOffset } = command;
            const firstLba = byteOffset / sectorSize;
            command.error = mediaErrorOf(command);
            command.errorLba = Math.max(firstLba, rule?.where?.firstLba ?? firstLba);
            return form.action === "write";
        }
    }
}

/** How a medium that fails shows: UNC where data does not come back, IDNF where none goes in. */
function mediaErrorOf({ costKind }: OutstandingCommand): number {
    switch (costKind) {
        case "read":
            return AtaError.uncorrectable;
        case "write":
            return AtaError.idNotFound;
        default:
            return AtaError.aborted;
    }
}
