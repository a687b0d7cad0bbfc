/** `chickadee disk log export`: a trace becomes a log that the kernel's tools read. */
import { exportLog, type LogExport } from "../../disk/log/export-log.ts";
import { counted } from "../../report/size.ts";
import type { CommonOptions, Inspection } from "../inspect/inspection.ts";
import { runInspection } from "../inspect/register.ts";
import type { Invocation } from "../run.ts";
import type { RegisterSubCommand } from "../sub-command.ts";
import { addDiskCommand, addRequired } from "./disk-command.ts";
import { expectUsable, outputName, tellOutput, writeOutput } from "./output-file.ts";
import { traceOf } from "./trace-input.ts";

interface ExportOptions extends CommonOptions {
    readonly output: string;
}

export const registerLogExport: RegisterSubCommand = (group, context) => {
    const { invocation } = context;
    const command = addDiskCommand(
        group,
        "disk log export",
        "make a log of dm-log-writes, for replay-log, of a trace",
        "chickadee disk log export -o disk.log disk.trace",
    ).argument("<TRACE>", "the trace, or - for standard input");
    addRequired(command, "-o, --output <LOG>", "the log to write, or - for standard output")
        .option("--json", "print one JSON document")
        .action((path: string, options: ExportOptions) => {
            expectUsable(invocation, options.output, options.json === true);
            runInspection(context, path, options, (inspection) =>
                run(invocation, inspection, options),
            );
        });
};

function run(invocation: Invocation, inspection: Inspection, { output }: ExportOptions): void {
    const { trace } = traceOf(inspection);
    const request = { path: output, inputs: [inspection.image.name] };
    let result: LogExport = { entryCount: 0, leftOutCount: 0, cutLabelCount: 0 };
    writeOutput(invocation, request, inspection.disk.sizeBytes, (sink) => {
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
    tellOutput(invocation, inspection, output, [`${outputName(output)}: ${text}`]);
}
