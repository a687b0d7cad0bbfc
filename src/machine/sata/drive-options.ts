/** What a drive is made of, and how it behaves where the standards leave it free. */
import type { ByteStore } from "../../base/byte-store.ts";
import type { ChoiceStream } from "../../base/choices.ts";
import type { DestagePolicy } from "../../disk/cache/destage-policy.ts";
import type { TraceRecorder } from "../../disk/trace/recorder.ts";
import type { Clock } from "../clock.ts";
import type { NoticeSink } from "../device.ts";
import type { Issuer } from "./command-trace.ts";
import type { FaultRule } from "./fault-rules.ts";
import type { DriveIdentity } from "./identify-device.ts";
import type { DriveTiming } from "./timing.ts";

export interface DriveOptions {
    /** Its name in saved states and notices, and that of its alarm. */
    readonly name?: string;
    /** What keeps its bytes when the power is off; whole sectors. */
    readonly medium: ByteStore;
    readonly clock: Clock;
    readonly choices: ChoiceStream;
    readonly notices: NoticeSink;
    readonly timing?: DriveTiming;
    /** What its cache does beside what it must. */
    readonly destage?: DestagePolicy;
    readonly faults?: readonly FaultRule[];
    readonly identity?: DriveIdentity;
    /** Whether IDENTIFY offers WRITE DMA FUA EXT, which QEMU's drive does not. */
    readonly advertisesFua?: boolean;
    /** Writes down what the host asks. */
    readonly recorder?: TraceRecorder;
    /** Who has the command issued that arrives now; the trace keeps it. */
    readonly issuer?: () => Issuer;
}
