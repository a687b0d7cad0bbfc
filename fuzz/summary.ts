/** What a campaign or a replayed case has to say, as lines. */
import { catalogue } from "../src/fsck/catalogue/index.ts";
import type { FindingCode } from "../src/fsck/finding.ts";
import type { CampaignResult, FailedCase } from "./campaign.ts";
import { fuzzers, tokenText } from "./registry.ts";

/** Failures that are shown in full; the others are counted. */
const maxShownFailureCount = 20;

export function summaryLines({ imageCounts, codeCounts, failures }: CampaignResult): string[] {
    const codes = Object.keys(catalogue) as FindingCode[];
    const missed = codes.filter((code) => codeCounts[code] === undefined);
    const imageCount = Object.values(imageCounts).reduce((sum, count) => sum + count, 0);
    const row = (count: number, name: string, doc = "") =>
        `${String(count).padStart(9)}  ${name}${doc === "" ? "" : `: ${doc}`}`;
    return [
        "Images by fuzzer",
        ...fuzzers.flatMap(({ name, doc }) =>
            imageCounts[name] === undefined ? [] : [row(imageCounts[name], name, doc)],
        ),
        "Images by finding",
        ...codes
            .map((code) => ({ code, count: codeCounts[code] ?? 0 }))
            .filter(({ count }) => count > 0)
            .sort((a, b) => b.count - a.count)
            .map(({ code, count }) => row(count, code)),
        `Codes never found: ${missed.length === 0 ? "none" : missed.join(", ")}`,
        ...failures.slice(0, maxShownFailureCount).flatMap(failureLines),
        `${imageCount} images, ${codes.length - missed.length} of ${codes.length} codes, ` +
            `${failures.length} failures`,
    ];
}

export function failureLines({ token, kind, message, base, damages }: FailedCase): string[] {
    return [
        `FAILURE (${kind}): ${message}`,
        `  replay with: npm run fuzz -- --replay ${tokenText(token)}`,
        `  image: ${base}`,
        ...damages.map((damage) => `  damage: ${damage}`),
    ];
}
