/**
 * What must hold of every image, whatever its bytes.
 *
 * Checking throws nothing, reads inside the image and no more than `checkLimits` allows, writes
 * nothing, says no more than the limits, and says the same twice. A replay writes only what its
 * plan and the journal allow, and leaves a disk that checks as announced. The view of the tree is
 * held to the same (`volume-oracle.ts`).
 */
import type { ByteStore } from "../src/base/byte-store.ts";
import { saveReplay } from "../src/chkfs/journal/replay.ts";
import { blockSize } from "../src/chkfs/layout.ts";
import { OverlayStore } from "../src/disk/overlay-store.ts";
import { type CheckOptions, type CheckResult, checkImage } from "../src/fsck/check.ts";
import type { FindingCode } from "../src/fsck/finding.ts";
import type { CheckEvent, CheckListener } from "../src/fsck/reporter.ts";
import { type CheckRules, referenceCheckRules, soundCheckRules } from "../src/fsck/rules.ts";
import { FindingCollector, fsckDocument } from "../src/report/fsck-json.ts";
import { eventText, type TextStyle } from "../src/report/fsck-text.ts";
import { jsonDocument } from "../src/report/json.ts";
import { asFailure, Failure } from "./failure.ts";
import { GuardedReader } from "./guarded-reader.ts";
import { checkLimits } from "./limits.ts";
import { examineRepair } from "./repair-oracle.ts";
import { examineVolume } from "./volume-oracle.ts";

/** What is examined; a test puts defective twins in their places. */
export interface Tools {
    readonly checkImage: typeof checkImage;
    readonly saveReplay: typeof saveReplay;
}

export const realTools: Tools = { checkImage, saveReplay };

/** The failure that an image shows, or the codes that the checks found in it. */
export type Verdict =
    | { readonly failure: Failure }
    | { readonly failure: undefined; readonly codes: ReadonlySet<FindingCode> };

/** The most telling style: all that a line can be made of. */
const style: TextStyle = { isColored: true, isTerminal: true, showsCodes: true };

export function examine(image: ByteStore, tools: Tools = realTools): Verdict {
    const codes = new Set<FindingCode>();
    const collect = ({ result }: Check) => {
        for (const code of result.countsByCode.keys()) {
            codes.add(code);
        }
    };
    try {
        for (const rules of [soundCheckRules, referenceCheckRules]) {
            const observed = checkOnce(image, tools, { rules, isObserving: true });
            collect(observed);
            examineReplay(image, tools, rules, observed);
            observed.reader.lift();
            examineVolume(observed.result.replayed);
            if (rules === soundCheckRules) {
                const again = checkOnce(image, tools, { isObserving: true });
                expectEqual("two checks of one image", again.allDigest, observed.allDigest);
                const quiet = checkOnce(image, tools, {});
                expectEqual("findings without -V", quiet.findings, observed.findings);
            }
        }
        const collector = new FindingCollector();
        const strict = checkOnce(image, tools, { strict: true }, collector.listener);
        collect(strict);
        examineDocument(image, strict.result, collector);
        checkOnce(image, tools, { ignoreJournal: true });
        examineVolume(image);
        examineRepair(image);
    } catch (error) {
        return { failure: asFailure(error) };
    }
    return { failure: undefined, codes };
}

interface Check {
    readonly result: CheckResult;
    readonly reader: GuardedReader;
    /** A sum over the text of all events. */
    readonly allDigest: number;
    /** The same of findings, each in full, and of those that are not about the journal. */
    readonly findings: number;
    readonly treeFindings: number;
}

/** @param alsoTell hears the events that passed */
function checkOnce(
    image: ByteStore,
    tools: Tools,
    options: CheckOptions,
    alsoTell: CheckListener = () => {},
): Check {
    const limits = checkLimits(image, options.strict);
    const reader = new GuardedReader(image, limits.readBytes);
    let events = 0;
    const digests = { all: 0, findings: 0, tree: 0 };
    const result = tools.checkImage(
        reader,
        (event) => {
            events++;
            const text = eventText(event, style);
            if (events > limits.events || text.length > limits.eventTextBytes) {
                throw new Failure("work", `said too much: ${events} events, then: ${text}`);
            }
            alsoTell(event);
            const add = (sum: number) => digestOf(text, sum);
            digests.all = add(digests.all);
            if (event.kind === "finding" || event.kind === "omitted") {
                digests.findings = add(digests.findings);
                digests.tree = isOfJournal(event) ? digests.tree : add(digests.tree);
            }
        },
        options,
    );
    const { all: allDigest, findings, tree: treeFindings } = digests;
    return { result, reader, allDigest, findings, treeFindings };
}

/** A sum over text that comes after text of another sum; any change to a line changes it. */
function digestOf(text: string, sum: number): number {
    let digest = sum;
    for (let index = 0; index < text.length; index++) {
        digest = (Math.imul(digest, 31) + text.charCodeAt(index)) | 0;
    }
    return digest;
}

function isOfJournal(event: CheckEvent): boolean {
    return event.kind === "finding"
        ? event.finding.place.kind === "journal"
        : event.kind === "omitted" && event.code.startsWith("journal-");
}

/** The JSON document of a check says of findings and counts what the check said. */
function examineDocument(image: ByteStore, result: CheckResult, collector: FindingCollector): void {
    const text = jsonDocument(
        fsckDocument({
            image: "image",
            sizeBytes: image.sizeBytes,
            rules: "sound",
            isStrict: true,
            findings: collector.findings,
            omitted: collector.omitted,
            result,
            ignoresJournal: false,
            isSaved: false,
            exitStatus: 0,
        }),
    );
    const { findings } = JSON.parse(text) as { findings: unknown[] };
    expectEqual("findings of the document", findings.length, collector.findings.length);
}

/** Saves the replay of a check that has one into a copy, and checks that. */
function examineReplay(image: ByteStore, tools: Tools, rules: CheckRules, check: Check): void {
    const { superblock, journal } = check.result;
    if (superblock === undefined || journal?.plan === undefined) {
        return;
    }
    const { journal_bn, nblocks } = superblock;
    const targets = new Set(journal.plan.map(({ blockNo }) => blockNo));
    const copy = new OverlayStore(image);
    tools.saveReplay(copy, journal_bn, journal);
    for (const blockNo of copy.changedPages()) {
        if (!targets.has(blockNo) && (blockNo < journal_bn || blockNo >= nblocks)) {
            throw new Failure("write", `the replay wrote block ${blockNo}, which it did not plan`);
        }
    }
    // With the reference's rules a replay may destroy the superblock, as the reference's does.
    if (rules === soundCheckRules) {
        const after = checkOnce(copy, tools, { rules });
        expectEqual("findings before and after -s", check.treeFindings, after.treeFindings);
        expectEqual("replays left to do after -s", after.result.journal?.plan?.length ?? 0, 0);
        const journalBytes = new Uint8Array((nblocks - journal_bn) * blockSize);
        copy.read(journal_bn * blockSize, journalBytes);
        expectEqual(
            "bytes of the journal after -s",
            journalBytes.findIndex((byte) => byte !== 0),
            -1,
        );
    }
}

function expectEqual(what: string, one: number, other: number): void {
    if (one !== other) {
        throw new Failure("differs", `${what}: ${one} is not ${other}`);
    }
}
