/** What a file is by its first bytes, for whoever gives one where the other is wanted. */
import type { ByteReader } from "../../base/byte-store.ts";
import { logMagic } from "../../disk/log/log-layout.ts";
import { traceMagic } from "../../disk/trace-file/trace-layout.ts";

export function fileKindOf(file: ByteReader): "trace" | "log" | undefined {
    if (file.sizeBytes < 8) {
        return undefined;
    }
    const bytes = new Uint8Array(8);
    file.read(0, bytes);
    const magic = new DataView(bytes.buffer).getBigUint64(0, true);
    return magic === traceMagic ? "trace" : magic === logMagic ? "log" : undefined;
}
