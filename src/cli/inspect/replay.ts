/**
 * The disk as it is, or as a replay of its journal would leave it.
 *
 * A replay goes into an overlay, so that the image stays as it was. It follows the sound rules and
 * writes what `chickadeefsck --save-journal` writes home.
 */
import { writeHomeBlocks } from "../../chkfs/journal/replay.ts";
import type { Volume } from "../../chkfs/volume.ts";
import { OverlayStore } from "../../disk/overlay-store.ts";
import { counted } from "../../report/size.ts";
import type { CommonOptions, Inspection } from "./inspection.ts";
import {
    journalBlockCount,
    journalProblem,
    readJournal,
    refusalReasons,
} from "./journal-reading.ts";

/** Options of the commands that look at what a disk holds. */
export interface DiskOptions extends CommonOptions {
    /** Look at the disk as it is once its journal is replayed. */
    readonly replay?: boolean;
}

/** Committed blocks that have not come home. */
export interface PendingReplay {
    readonly blocks: number;
    readonly transactions: number;
}

/** The longest journal that is read without being asked for, in blocks (16 MiB). */
const maxHintBlockCount = 4096;

/**
 * Gives the inspection the disk that `options` ask for, and lets it say what waits in the journal
 * where that is left out. An image that is no file system is left to the command.
 */
export function chooseDisk(inspection: Inspection, options: DiskOptions): void {
    if (inspection.volumeProblem() !== undefined) {
        return;
    }
    const volume = inspection.volume();
    if (options.replay) {
        replay(inspection, volume);
    } else if (journalBlockCount(volume.superblock) <= maxHintBlockCount) {
        hint(inspection, volume);
    }
}

function replay(inspection: Inspection, volume: Volume): void {
    const { disk, superblock } = volume;
    const refuse = (problems: readonly string[]) => {
        for (const problem of problems) {
            inspection.complain(problem);
        }
        inspection.complain("this is the disk without its journal");
    };
    const problem = journalProblem(superblock);
    if (problem !== undefined) {
        refuse([problem]);
        return;
    }
    const { analysis, problems } = readJournal(volume);
    if (problems.length > 0 || analysis.log.isFatal) {
        refuse([...problems, ...refusalReasons(analysis, superblock)]);
    } else {
        const overlay = new OverlayStore(disk);
        writeHomeBlocks(overlay, analysis);
        inspection.disk = overlay;
    }
}

function hint(inspection: Inspection, volume: Volume): void {
    const { analysis, problems } = readJournal(volume);
    const plan = analysis.plan ?? [];
    if (problems.length > 0 || plan.length === 0) {
        return;
    }
    const transactions = new Set(plan.map(({ tid }) => tid)).size;
    inspection.pendingReplay = { blocks: plan.length, transactions };
    const [wait, them] = plan.length === 1 ? ["waits", "it"] : ["wait", "them"];
    inspection.note(
        `${counted(plan.length, "block")} of ${counted(transactions, "committed transaction")} ` +
            `${wait} in the journal; --replay shows the disk with ${them}, ` +
            `chickadeefsck -s saves ${them}`,
    );
}
