/** What `--fault list` prints. */
import { plantedFaults } from "../../kernel/faults.ts";
import { table } from "../../report/table.ts";

export function faultLines(): string[] {
    return table(plantedFaults.map(({ name, summary }) => [name, summary]));
}
