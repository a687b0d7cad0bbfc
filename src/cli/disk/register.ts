/** `chickadee disk`: traces of disks, write logs, and what a crash may leave. */

import type { RegisterSubCommand } from "../sub-command.ts";
import { group } from "./disk-command.ts";
import { registerExplain } from "./explain.ts";
import { registerLogExport } from "./log-export.ts";
import { registerLogImport } from "./log-import.ts";
import { registerLogShow } from "./log-show.ts";
import { registerMaterialize } from "./materialize.ts";
import { registerStates } from "./states.ts";
import { registerTraceShow } from "./trace-show.ts";

export const registerDisk: RegisterSubCommand = (program, context) => {
    const disk = group(program, "disk", "traces of a disk, and what a crash at any time may leave");
    const trace = group(disk, "disk trace", "what a trace tells");
    for (const register of [
        registerTraceShow,
        registerStates,
        registerExplain,
        registerMaterialize,
    ]) {
        register(trace, context);
    }
    const log = group(disk, "disk log", "logs of dm-log-writes and of QEMU's blklogwrites");
    for (const register of [registerLogShow, registerLogImport, registerLogExport]) {
        register(log, context);
    }
};
