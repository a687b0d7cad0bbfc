/** `chickadeefsck --undo`: takes a repair back. */
import { UserError } from "../base/user-error.ts";
import { undoProblem, undoRepair } from "../fsck/repair/apply.ts";
import { readUndoLog } from "../fsck/repair/undo-log.ts";
import type { Host } from "../host/host.ts";
import { openUndoFile } from "../host/undo-file.ts";
import { fsckFailureExitCode } from "./fsck-options.ts";
import { openImage } from "./open-image.ts";
import type { Printer } from "./printer.ts";

/** Restores the image from the undo file at `path`; throws `UserError` where it does not fit. */
export function undoImage(
    host: Host,
    path: string,
    imagePath: string | undefined,
    out: Printer,
): number {
    const failureExitCode = fsckFailureExitCode;
    const image = openImage(host, imagePath, { mode: "update", failureExitCode });
    try {
        const file = openUndoFile(host.fs, path, "r+", failureExitCode);
        try {
            const log = readUndoLog(file.store);
            const problem = typeof log === "string" ? log : undoProblem(log, image.store);
            if (typeof log === "string" || problem !== undefined) {
                throw new UserError(`${path}: ${problem}; ${image.name} is left as it is`, 1);
            }
            undoRepair(image.store, log, file.store);
            const blockCount = log.blockNos.length;
            const what = `${blockCount} block${blockCount === 1 ? "" : "s"}`;
            out.text(`${image.name}: ${what} restored; as it was before the repair\n`);
            return 0;
        } finally {
            file.close();
        }
    } finally {
        image.close();
    }
}
