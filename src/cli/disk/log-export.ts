/** `chickadee disk log export`: a trace becomes a log that the kernel's tools read. */
import { exportLog, type LogExport } from "../../disk/log/export-log.ts";
import { counted } from "../../report/size.ts";
import type { CommonOptions, Inspection } from "../inspect/inspection.ts";
import { runInspection } from "../inspect/register.ts";
import type { Invocation } from "../run.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { addDiskCommand } from "./disk-command.ts";
import { writeOutput } from "./output-file.ts";
import { traceOf } from "./trace-input.ts";

interface ExportOptions extends CommonOptions {
    readonly output: string;
}

export const registerLogExport: RegisterSubCommand = (group, context) => {
    addDiskCommand(
        group,
        "disk log export",
        "make a log of dm-log-writes, for replay-log, of a trace",
        "chickadee disk log export -o disk.log disk.trace",
    )
        .argument("<TRACE>", "the trace, or - for standard input")
        .requiredOption("-o, --output <LOG>", "the log to write")
        .option("--json", "print one JSON document")
        .action((path: string, options: ExportOptions) =>
            runInspection(context, path, options, (inspection) =>
                run(context.invocation, inspection, options),
            ),
        );
};

function run(invocation: Invocation, inspection: Inspection, { output }: ExportOptions): void {
    const { trace } = traceOf(inspection);
    const inputs = [inspection.image.name];
    let result: LogExport = { entryCount: 0, leftOutCount: 0, cutLabelCount: 0 };
    writeOutput(invocation, output, inputs, inspection.disk.sizeBytes, (sink) => {
        result = exportLog(trace, sink);
    });
    if (inspection.isJson) {
        inspection.document(result);
        return;
    }
    const { entryCount, leftOutCount, cutLabelCount } = result;
    const lost = [
        ...(leftOutCount > 0 ? [`${counted(leftOutCount, "command")} left out`] : []),
        ...(cutLabelCount > 0 ? [`${counted(cutLabelCount, "label")} cut short`] : []),
    ];
    const text = [counted(entryCount, "entry", "entries"), ...lost].join(", ");
    inspection.lines([`${output}: ${text}`]);
}
