/** `chickadee disk`: traces of disks, write logs, and what a crash may leave. */

import { addHelp, type RegisterSubCommand } from "../sub-command.ts";
import { addGroup } from "./disk-command.ts";
import { registerExplain } from "./explain.ts";
import { registerLogExport } from "./log-export.ts";
import { registerLogImport } from "./log-import.ts";
import { registerLogShow } from "./log-show.ts";
import { registerMaterialize } from "./materialize.ts";
import { registerStates } from "./states.ts";
import { registerTraceShow } from "./trace-show.ts";

export const registerDisk: RegisterSubCommand = (program, context) => {
    const disk = addGroup(program, {
        path: "disk",
        description: "Traces of a disk, and what a crash at any time may leave",
        example: "chickadee disk trace states disk.trace --at end",
    });
    const trace = addGroup(disk, {
        path: "disk trace",
        description: "What a trace tells",
        example: "chickadee disk trace show disk.trace",
    });
    for (const register of [
        registerTraceShow,
        registerStates,
        registerExplain,
        registerMaterialize,
    ]) {
        register(trace, context);
    }
    addHelp(trace);
    const log = addGroup(disk, {
        path: "disk log",
        description: "Logs of dm-log-writes and of QEMU's blklogwrites",
        example: "chickadee disk log import --base before.img -o disk.trace disk.log",
    });
    for (const register of [registerLogShow, registerLogImport, registerLogExport]) {
        register(log, context);
    }
    addHelp(log);
    addHelp(disk);
};
