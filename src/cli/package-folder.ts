/** The package's own folder, from the sources as from what is compiled from them. */
import { existsSync, readFileSync } from "node:fs";
import { assert } from "../base/assert.ts";

/** The nearest folder above this file that holds a package.json. */
export function packageFolder(): URL {
    let folder = new URL("./", import.meta.url);
    while (!existsSync(new URL("package.json", folder))) {
        const parent = new URL("../", folder);
        assert(parent.href !== folder.href, "the program stands in its package");
        folder = parent;
    }
    return folder;
}

/** The package's version, for example "1.2.3". */
export function packageVersion(): string {
    return String(
        JSON.parse(readFileSync(new URL("package.json", packageFolder()), "utf8")).version,
    );
}
