/** Register values in saved states: whole numbers in a range, or the state is not one of ours. */
import type { StateFields } from "../../base/state.ts";
import { UserError } from "../../base/user-error.ts";

/** A field that is a whole number from 0 to `limit`. Throws `UserError` when it is not. */
export function savedWord(state: StateFields, name: string, limit = 0xffff_ffff): number {
    const value = state.number(name);
    if (!Number.isInteger(value) || value < 0 || value > limit) {
        throw new UserError(
            `saved state of the AHCI controller: field ${name} is ${value}, which is no whole ` +
                `number from 0 to ${limit}`,
        );
    }
    return value;
}
