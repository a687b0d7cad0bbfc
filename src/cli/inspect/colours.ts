/** Colour on a terminal: when, and which. */
import picocolors from "picocolors";
import type { BlockRole } from "../../chkfs/block-roles.ts";
import type { Host } from "../../host/host.ts";

type Paint = (text: string) => string;

/** How things are painted; without colour every function returns its text. */
export interface Colours {
    readonly heading: Paint;
    readonly directory: Paint;
    readonly problem: Paint;
    readonly faint: Paint;
    /** Paints cells of a map. */
    role(role: BlockRole): Paint;
}

/**
 * Whether standard output has colour.
 *
 * @param wanted what `--color` or `--no-color` said; where neither was given, a terminal has
 *     colour unless the variable `NO_COLOR` is set (no-color.org)
 */
export function hasColours(host: Host, wanted: boolean | undefined): boolean {
    const forbidden = (host.environment.NO_COLOR ?? "") !== "";
    return wanted ?? (host.stdout.isTerminal && !forbidden);
}

/** @param wanted as for `hasColours` */
export function coloursFor(host: Host, wanted: boolean | undefined): Colours {
    const paint = picocolors.createColors(hasColours(host, wanted));
    const { black, white } = paint;
    const roles: Readonly<Record<BlockRole, Paint>> = {
        superblock: (text) => paint.bgWhite(black(text)),
        swap: (text) => paint.bgBlackBright(white(text)),
        bitmap: (text) => paint.bgCyan(black(text)),
        inodes: (text) => paint.bgBlue(white(text)),
        reserved: paint.gray,
        directory: (text) => paint.bgMagenta(white(text)),
        file: (text) => paint.bgGreen(black(text)),
        indirect: (text) => paint.bgCyanBright(black(text)),
        free: paint.gray,
        journal: (text) => paint.bgYellow(black(text)),
        shared: (text) => paint.bgRed(white(text)),
        "marked-free": (text) => paint.bgRed(white(text)),
        leaked: (text) => paint.bgRed(white(text)),
        missing: (text) => paint.bgRed(white(text)),
    };
    return {
        heading: paint.bold,
        directory: (text) => paint.bold(paint.blue(text)),
        problem: paint.red,
        faint: paint.gray,
        role: (role) => roles[role],
    };
}
