/** What a benchmark measured, and the number it is held against. */

export interface Measurement {
    readonly name: string;
    /** What was measured, in a phrase. */
    readonly what: string;
    readonly value: number;
    readonly unit: string;
    /** A target must be met; a reference is a number of the C++ tools, on another machine. */
    readonly against?: {
        readonly kind: "target" | "reference";
        readonly value: number;
        /** Whether more is better; for times, sizes and ratios less is. */
        readonly isMoreBetter: boolean;
    };
}

/** A benchmark by its name; it may measure several things. */
export interface Benchmark {
    readonly name: string;
    /** @param folder an empty folder on a disk, for files */
    readonly run: (folder: string) => Promise<Measurement[]> | Measurement[];
}

/** Whether a measurement meets what it is held against; undefined where there is nothing. */
export function isMet({ value, against }: Measurement): boolean | undefined {
    if (against === undefined) {
        return undefined;
    }
    return against.isMoreBetter ? value >= against.value : value <= against.value;
}

/** The middle one of some numbers. */
export function median(numbers: readonly number[]): number {
    const sorted = [...numbers].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** A number with three digits that count. */
export function shortNumber(value: number): string {
    const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 0.01))));
    return value.toFixed(Math.min(digits, 2));
}
