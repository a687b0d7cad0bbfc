/** What a fault rule makes of a command that it applies to. */
import type { ChoiceStream } from "../../base/choices.ts";
import { sectorSize } from "../../base/sector.ts";
import type { FaultRule } from "./fault-rules.ts";
import { AtaError } from "./link.ts";
import type { OutstandingCommand } from "./outstanding-command.ts";

/**
 * Notes what becomes of a command. Returns whether the drive comes so far as to fetch its data:
 * of a write that the medium fails, some was accepted, so that its data must be there.
 *
 * @param isWhole whether the drive accepts all of a write that fails, or none (crash level L1).
 */
export function applyFault(
    rule: FaultRule | undefined,
    command: OutstandingCommand,
    choices: ChoiceStream,
    isWhole: boolean,
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
        case "media error":
            command.error = mediaErrorOf(command);
            failMedium(command, rule.where?.firstLba, choices, isWhole);
            return command.form.action === "write";
    }
}

/**
 * Decides at which sector the medium fails, and how much of a write the drive has accepted: some
 * leading sectors, all of which lie before the bad one.
 *
 * A rule that names sectors says itself which is bad. Where it names none, the bad one is that
 * after the accepted ones; or the last, when all were accepted and the write failed all the same.
 */
function failMedium(
    command: OutstandingCommand,
    badLba: number | undefined,
    choices: ChoiceStream,
    isWhole: boolean,
): void {
    const firstLba = command.byteOffset / sectorSize;
    command.errorLba = Math.max(firstLba, badLba ?? firstLba);
    if (command.form.action !== "write") {
        return;
    }
    const sectorCount = command.byteLength / sectorSize;
    const limit = badLba === undefined ? sectorCount : command.errorLba - firstLba;
    if (!isWhole) {
        command.acceptedSectors = choices.choose(limit + 1);
    } else if (limit === sectorCount && choices.choose(2) === 1) {
        command.acceptedSectors = sectorCount;
    }
    if (badLba === undefined) {
        command.errorLba = firstLba + Math.min(command.acceptedSectors, sectorCount - 1);
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
