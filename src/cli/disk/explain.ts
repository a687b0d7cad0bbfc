/** `chickadee disk trace explain`: what a sector may hold after a crash, and why. */
import { UserError } from "../../base/user-error.ts";
import { crashView } from "../../disk/crash/crash-sweep.ts";
import { beforeTrace, type Source, trash } from "../../disk/crash/crash-view.ts";
import { explainSector, type Reason } from "../../disk/crash/explain.ts";
import { table } from "../../report/table.ts";
import { type CommonOptions, ExitCode, type Inspection } from "../inspect/inspection.ts";
import { addColour, runInspection } from "../inspect/register.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { addDiskCommand, wholeNumber } from "./disk-command.ts";
import { expectFollowable, timeOf, traceOf } from "./trace-input.ts";
import { addTrash, type TrashOptions, trashPolicyOf } from "./trash-option.ts";

interface ExplainOptions extends CommonOptions, TrashOptions {
    readonly at: string;
    readonly sector: number;
}

export const registerExplain: RegisterSubCommand = (group, context) => {
    const command = addDiskCommand(
        group,
        "disk trace explain",
        "say what a sector may hold after a crash, and why",
        "chickadee disk trace explain disk.trace --at end --sector 112",
    )
        .argument("<TRACE>", "the trace, or - for standard input")
        .requiredOption("--at <T>", "when power fails: a time, end, or a mark's label")
        .requiredOption("--sector <N>", "the sector, from 0", wholeNumber(0))
        .option("--json", "print one JSON document");
    addColour(addTrash(command)).action((path: string, options: ExplainOptions) =>
        runInspection(context, path, options, (inspection) => explain(inspection, options)),
    );
};

function explain(inspection: Inspection, options: ExplainOptions): void {
    const { sector } = options;
    const { trace } = traceOf(inspection);
    expectFollowable(inspection, trace);
    const sectorCount = Math.floor(trace.diskSizeBytes / trace.sectorSizeBytes);
    if (sector >= sectorCount) {
        const problem = `the disk has ${sectorCount} sectors, numbered from 0`;
        throw new UserError(`--sector ${sector}: ${problem}`, ExitCode.usage);
    }
    const view = crashView(trace, timeOf(trace, options.at));
    const reasons = explainSector(view, sector, trashPolicyOf(options).trash);
    if (inspection.isJson) {
        inspection.document({
            time: view.time,
            sector,
            contents: reasons.map(({ source, isAllowed, because }) => ({
                source: sourceName(source),
                isAllowed,
                because,
            })),
        });
        return;
    }
    const { colours, image } = inspection;
    inspection.lines([
        colours.heading(`${image.name}: sector ${sector} after a crash at time ${view.time}`),
    ]);
    const lines = table(reasons.map(reasonRow));
    for (const [index, { isAllowed }] of reasons.entries()) {
        inspection.lines([isAllowed ? lines[index] : colours.faint(lines[index])]);
    }
}

function reasonRow({ source, isAllowed, because }: Reason): string[] {
    return ["", isAllowed ? "possible" : "impossible", sourceName(source), `${because}`];
}

/** `w7` for what a write brought, as in tokens. */
function sourceName(source: Source): string {
    if (source === beforeTrace) {
        return "as before the trace";
    }
    return source === trash ? "trash" : `w${source}`;
}
