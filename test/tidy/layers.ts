/**
 * The layers of the house: what each folder of src may import. Restated here from the design, so
 * that neither a tsconfig nor an import can move a wall unseen.
 */
import { fileURLToPath } from "node:url";

/** The project's folder. */
export const projectFolder = fileURLToPath(new URL("../../", import.meta.url));

export interface Layer {
    /** The folders of src that it may import. */
    readonly imports: readonly string[];
    /** Core layers see no Node, no DOM and no package. */
    readonly isCore: boolean;
}

export const layers: Readonly<Record<string, Layer>> = {
    base: { isCore: true, imports: [] },
    chkfs: { isCore: true, imports: ["base"] },
    disk: { isCore: true, imports: ["base"] },
    mkfs: { isCore: true, imports: ["base", "chkfs", "disk"] },
    fsck: { isCore: true, imports: ["base", "chkfs", "disk"] },
    machine: { isCore: true, imports: ["base", "disk"] },
    kernel: { isCore: true, imports: ["base", "chkfs", "machine"] },
    programs: { isCore: true, imports: ["base", "kernel"] },
    crash: { isCore: true, imports: ["base", "disk", "machine", "kernel", "programs"] },
    report: { isCore: true, imports: ["base", "chkfs", "disk", "mkfs", "fsck"] },
    host: { isCore: false, imports: ["base", "disk"] },
    cli: {
        isCore: false,
        imports: [
            ...["base", "chkfs", "disk", "mkfs", "fsck", "machine", "kernel", "programs", "crash"],
            ...["report", "host"],
        ],
    },
};

export const layerNames = Object.keys(layers);
