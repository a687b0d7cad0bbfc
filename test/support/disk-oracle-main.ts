/**
 * Walks all families of histories, the small ones with every repetition and the large ones without,
 * and many random histories; says how many were checked, and fails with the first thing wrong.
 */
import { CrashSweep } from "../../src/disk/crash/crash-sweep.ts";
import { everything, type Family, largeFamilies, smallFamilies } from "./disk-families.ts";
import { type Rule, randomWalks, Walk } from "./disk-oracle.ts";

const theRule: Rule = (trace) => new CrashSweep(trace);
const randomWalkCount = 5000;

function walkAll(family: Family, withRepetitions: boolean): void {
    const walk = new Walk(family.startsWithCache, theRule);
    const problem = walk.all(family, withRepetitions);
    const isWhole = withRepetitions || walk.checkedCount === family.checkedCount;
    const skipped = isWhole ? undefined : `there should be ${family.checkedCount}`;
    report(`${family.name}: ${walk.checkedCount} histories`, problem ?? skipped);
}

function report(what: string, problem: string | undefined): void {
    if (problem !== undefined) {
        process.stdout.write(`${what}: ${problem}\n`);
        process.exit(1);
    }
    process.stdout.write(`${what}\n`);
}

for (const family of smallFamilies) {
    walkAll(family, true);
}
for (const family of largeFamilies) {
    walkAll(family, false);
}
report(`${randomWalkCount} random histories`, randomWalks(everything, randomWalkCount, theRule));
