/** Whether all bytes are 0; looked at by words, wherever they lie. */
export function isZero(bytes: Uint8Array): boolean {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const wordsEnd = bytes.length - (bytes.length % 8);
    for (let at = 0; at < wordsEnd; at += 8) {
        if (view.getInt32(at) !== 0 || view.getInt32(at + 4) !== 0) {
            return false;
        }
    }
    return bytes.subarray(wordsEnd).every((byte) => byte === 0);
}
