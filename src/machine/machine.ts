/**
 * The machine: the PC as it is put together, and what its owner does with it.
 *
 * Devices know each other only by what they are given here: a clock, memory, a line, a stream of
 * choices. The owner switches it on with a kernel, runs it up to a limit or an event, looks at its
 * screen and its disk's trace, and takes and restores states.
 */
import { assert } from "../base/assert.ts";
import type { ByteReader } from "../base/byte-store.ts";
import { type ChoiceStream, SeededChoices } from "../base/choices.ts";
import { sectorSize } from "../base/sector.ts";
import type { StateRecord } from "../base/state.ts";
import type { DestagePolicy } from "../disk/cache/destage-policy.ts";
import { OverlayStore } from "../disk/overlay-store.ts";
import type { DiskTrace } from "../disk/trace/disk-trace.ts";
import { TraceRecorder } from "../disk/trace/recorder.ts";
import { type MappedDevices, portRegions, registerRegions } from "./address-map.ts";
import { AhciController } from "./ahci/controller.ts";
import type { AhciObserver } from "./ahci/observer.ts";
import { AhciSanitizer } from "./ahci/sanitizer.ts";
import type { ProtocolFinding } from "./ahci/sanitizer-findings.ts";
import { AddressSpace } from "./bus.ts";
import { Clock } from "./clock.ts";
import { ParallelPort } from "./console/parallel-port.ts";
import { TextConsole } from "./console/text-console.ts";
import type { Context } from "./cpu/context.ts";
import { Cpu } from "./cpu/cpu.ts";
import type { EntryPoints } from "./cpu/entry-points.ts";
import { type CpuTiming, defaultCpuTiming } from "./cpu/timing.ts";
import type { MachineNotice, NoticeSink, Stateful } from "./device.ts";
import { handOverLocalApic, installFirmware } from "./firmware/firmware.ts";
import { defaultMemoryBytes, GuestMemory } from "./guest-memory.ts";
import { ApicBus } from "./interrupts/apic-bus.ts";
import { IoApic } from "./interrupts/io-apic.ts";
import { LocalApic } from "./interrupts/local-apic.ts";
import { KeyboardController } from "./keyboard/keyboard-controller.ts";
import { LegacyPorts } from "./legacy/legacy-ports.ts";
import { PciConfigPorts } from "./pci/config-ports.ts";
import { ahciLocation, q35Functions } from "./pci/q35-functions.ts";
import { Power } from "./power.ts";
import { Drive } from "./sata/drive.ts";
import type { FaultRule } from "./sata/fault-rules.ts";
import type { DriveTiming } from "./sata/timing.ts";
import { expectCpus } from "./schedule/expect-cpus.ts";
import { Interleaver, type RunLimits, type StopReason } from "./schedule/interleaver.ts";
import { type CpuRun, ScheduleRecorder } from "./schedule/recorded.ts";
import { RoundRobin } from "./schedule/round-robin.ts";
import { maxCpuCount, type Schedule } from "./schedule/schedule.ts";
import { type MachineState, MachineStates } from "./state/machine-state.ts";

/** Findings that are kept; a driver that is wrong in all it does makes no end of them. */
const maxFindings = 1000;

/** Pins of the I/O APIC. The disk's is where SeaBIOS routes INTA# of 00:1f.2. */
const keyboardPin = 1;
const diskPin = 10;

/** What a machine is made of. Everything has a default but chance, which must be given. */
export interface MachineOptions {
    /** From 1, the default, to 16. */
    readonly cpuCount?: number;
    /** A multiple of 64 KiB. */
    readonly memoryBytes?: number;
    /** What the disk holds at first; it is not written. Without it no disk is there. */
    readonly disk?: ByteReader;
    /** A seed, or a stream. */
    readonly choices: number | ChoiceStream;
    /** Makes the schedule, which may draw from the machine's choices. */
    readonly schedule?: (choices: ChoiceStream) => Schedule;
    /** Writes down which CPU ran when, for a replay. */
    readonly recordsSchedule?: boolean;
    readonly cpuTiming?: CpuTiming;
    /** By how much, at most, ticks of a CPU's periodic timer come late, by choice; 0 by default. */
    readonly timerJitterNs?: number;
    readonly driveTiming?: DriveTiming;
    readonly destage?: DestagePolicy;
    readonly diskFaults?: readonly FaultRule[];
    readonly advertisesFua?: boolean;
    /** Watches what the driver does with the disk controller, in place of the sanitiser. */
    readonly observer?: AhciObserver;
    /** What the kernel finds at physical address 0xff8, as Chickadee's loader puts it there. */
    readonly firmwareSeed?: number;
    readonly onNotice?: NoticeSink;
    /** Makes the contexts in which CPUs start, for who watches what programs ask. */
    readonly makeContext?: (name: string) => Context;
}

export class Machine {
    readonly clock = new Clock();
    readonly memory: GuestMemory;
    readonly choices: ChoiceStream;
    readonly cpus: readonly Cpu[];
    /** Ports, as all CPUs see them; for whoever pokes devices without a program. */
    readonly ports: AddressSpace;
    /** By CPU: memory-mapped registers, with its own local APIC. */
    readonly registers: readonly AddressSpace[];
    readonly console: TextConsole;
    readonly parallelPort = new ParallelPort();
    readonly keyboard: KeyboardController;
    readonly power: Power;
    /** What the guest did that has no meaning here, each once. */
    readonly notices: MachineNotice[] = [];
    readonly #options: MachineOptions;
    readonly #localApics: readonly LocalApic[];
    readonly #interleaver: Interleaver;
    readonly #scheduleRecorder: ScheduleRecorder | undefined;
    readonly #disk: OverlayStore | undefined;
    readonly #drive: Drive | undefined;
    readonly #traceRecorder: TraceRecorder | undefined;
    readonly #sanitizer: AhciSanitizer;
    readonly #devices: readonly Stateful[];
    readonly #states: MachineStates;
    #findings: ProtocolFinding[] = [];
    #findingCount = 0;
    #kernel: EntryPoints | undefined;
    #wasOn = false;

    /** Throws `UserError` for a fault rule that makes no sense, or a schedule for more CPUs. */
    constructor(options: MachineOptions) {
        const { cpuCount = 1, timerJitterNs = 0, disk } = options;
        assert(cpuCount >= 1 && cpuCount <= maxCpuCount, "a machine has 1 to 16 CPUs");
        this.#options = options;
        const notice: NoticeSink = (one) => {
            this.notices.push(one);
            options.onNotice?.(one);
        };
        const { clock } = this;
        this.memory = new GuestMemory(options.memoryBytes ?? defaultMemoryBytes);
        this.choices =
            typeof options.choices === "number"
                ? new SeededChoices(options.choices)
                : options.choices;

        const apicBus = new ApicBus(
            {
                init: (cpuIndex) => this.cpus[cpuIndex].init(),
                startUp: (cpuIndex, vector) =>
                    this.cpus[cpuIndex].startUp(vector, this.#runningKernel()),
            },
            notice,
        );
        const jitter = { maxNs: timerJitterNs, choices: this.choices };
        this.#localApics = Array.from(
            { length: cpuCount },
            (_, index) =>
                new LocalApic(
                    index,
                    clock,
                    apicBus,
                    notice,
                    timerJitterNs > 0 ? jitter : undefined,
                ),
        );
        const ioApic = new IoApic(apicBus, notice);
        this.power = new Power(notice, {
            onPowerOff: () => this.#interleaver.end("powered off"),
            onReset: () => this.#interleaver.end("reset"),
        });
        this.keyboard = new KeyboardController(clock, ioApic.line(keyboardPin), this.power, notice);
        this.console = new TextConsole(this.memory, notice);
        const pci = new PciConfigPorts(q35Functions, this.power.resetPort, notice);

        if (disk !== undefined) {
            this.#disk = new OverlayStore(disk);
            this.#traceRecorder = new TraceRecorder({
                diskSizeBytes: disk.sizeBytes,
                sectorSizeBytes: sectorSize,
                startsWithCache: true,
            });
            this.#drive = this.#makeDrive(this.#disk, this.#traceRecorder, notice);
        }
        this.#sanitizer = new AhciSanitizer({
            memory: this.memory,
            clock,
            report: (finding) => {
                this.#findingCount++;
                if (this.#findings.length < maxFindings) {
                    this.#findings.push(finding);
                }
            },
        });
        const ahci = new AhciController({
            memory: this.memory,
            drives: new Map(this.#drive === undefined ? [] : [[0, this.#drive]]),
            interruptLine: ioApic.line(diskPin),
            notice,
            isBusMaster: () => pci.functionAt(ahciLocation).busMaster,
            observer: options.observer ?? this.#sanitizer,
        });

        const legacy = new LegacyPorts(clock);
        const { console, keyboard, parallelPort, power } = this;
        const mapped: MappedDevices = {
            ahci,
            console,
            ioApic,
            keyboard,
            legacy,
            parallelPort,
            pci,
            power,
        };
        this.ports = new AddressSpace("port", portRegions(mapped), notice);
        this.registers = this.#localApics.map(
            (localApic) =>
                new AddressSpace("physical address", registerRegions(mapped, localApic), notice),
        );
        this.cpus = this.#localApics.map(
            (localApic, index) =>
                new Cpu({
                    index,
                    memory: this.memory,
                    registers: this.registers[index],
                    ports: this.ports,
                    clock,
                    interrupts: localApic,
                    timing: options.cpuTiming ?? defaultCpuTiming,
                    onTripleFault: () => this.#interleaver.end("triple fault"),
                    onPause: () => this.#interleaver.paused(),
                    makeContext: options.makeContext,
                }),
        );
        this.#scheduleRecorder = options.recordsSchedule ? new ScheduleRecorder() : undefined;
        const schedule = options.schedule?.(this.choices) ?? new RoundRobin();
        expectCpus(schedule.name, cpuCount);
        this.#interleaver = new Interleaver(this.cpus, clock, schedule, this.#scheduleRecorder);
        this.#devices = [
            clock,
            this.#interleaver,
            ...this.cpus,
            ...this.#localApics,
            ioApic,
            pci,
            // The drive first: the controller's reset listens to what it says.
            ...(this.#drive === undefined ? [] : [this.#drive]),
            ahci,
            this.#sanitizer,
            keyboard,
            console,
            parallelPort,
            power,
            legacy,
        ];
        this.#states = new MachineStates(
            this.memory,
            this.#disk,
            this.#devices,
            this.choices,
            this.#traceRecorder,
            () => {
                const drive = this.#drive;
                const unknownSlots = (drive?.unansweredSlots ?? 0) & ~ahci.outstandingSlots(0);
                return unknownSlots === 0 && (drive?.fitsTrace ?? true);
            },
        );
    }

    /**
     * Switches the machine on with a kernel: memory is zeros and what the firmware leaves,
     * devices are as at power-on, the disk holds what it held. The first CPU starts.
     */
    powerOn(kernel: EntryPoints): void {
        const { memory } = this;
        // At first it is zeros already, and clean, which a snapshot is the quicker for.
        if (this.#wasOn) {
            memory.bytes.fill(0);
            memory.wrote(0, memory.sizeBytes);
        }
        this.#wasOn = true;
        for (const device of this.#devices) {
            device.reset();
        }
        this.#traceRecorder?.reset();
        this.#findings = [];
        this.#findingCount = 0;
        installFirmware(memory, this.#options.firmwareSeed);
        handOverLocalApic(this.#localApics[0]);
        this.#kernel = kernel;
        this.cpus[0].startUp(-1, kernel);
    }

    /** Runs until a limit, or until something happens that ends a run; says which. */
    run(limits: RunLimits = {}): StopReason {
        this.#runningKernel();
        const reason = this.#interleaver.run(limits);
        if (reason === "powered off") {
            // What the driver has not read by now it never will.
            this.#sanitizer.finish();
        }
        return reason;
    }

    /** Ends `run` after the operation at hand; for devices' listeners and kernels' hosts. */
    stop(): void {
        this.#interleaver.stop();
    }

    /**
     * Sets the mark from which a schedule of `fromMark` decides: what comes after the operation at
     * hand is what is searched. A program says this with an operation that is neither a step nor
     * an access to memory.
     */
    beginSchedule(): void {
        this.#interleaver.beginSchedule();
    }

    /** Operations of all CPUs since the mark, or since power-on when there is none. */
    get operationsSinceMark(): number {
        return this.#interleaver.operationsSinceMark;
    }

    /**
     * Power fails: outstanding commands and what only the disk's cache held are gone, but for what
     * the cache's fault model lets land. `powerOn` goes on from there.
     */
    losePower(): void {
        this.#drive?.losePower();
        this.#kernel = undefined;
    }

    /** What was asked of the disk since power-on. */
    diskTrace(): DiskTrace {
        return this.#theRecorder().trace();
    }

    /** Writes a label into the disk's trace, as when a system call has acknowledged something. */
    markDisk(label: string): void {
        const recorder = this.#theRecorder();
        const { nowNs } = this.clock;
        const mark = { kind: "mark", fua: false, byteOffset: 0, byteLength: 0, label } as const;
        recorder.complete(recorder.issue(mark, nowNs), true, nowNs);
    }

    /** The disk's medium, without what only the cache holds. */
    get medium(): ByteReader {
        assert(this.#disk !== undefined, "the machine has a disk");
        return this.#disk;
    }

    /** What its driver does wrong with the disk controller, since power-on: the first 1,000. */
    get protocolFindings(): readonly ProtocolFinding[] {
        return this.#findings;
    }

    /** How many findings there were, with those that are not kept. */
    get protocolFindingCount(): number {
        return this.#findingCount;
    }

    /** Which CPU ran when since power-on, where that is recorded. */
    get scheduleRuns(): readonly CpuRun[] {
        assert(this.#scheduleRecorder !== undefined, "the machine records its schedule");
        return this.#scheduleRecorder.runs;
    }

    /** All of the machine but its programs, at the cost of what changed since the last time. */
    save(): MachineState {
        return {
            ...this.#states.save(),
            scheduleRuns: this.#scheduleRecorder?.mark(),
            findings: [...this.#findings],
        };
    }

    /**
     * Becomes what was saved of this machine, or of one with the same options. Throws `UserError`,
     * and is what it was, for a state that it cannot have.
     */
    load(state: MachineState): void {
        this.#states.load(state);
        this.#scheduleRecorder?.rewind(state.scheduleRuns ?? []);
        this.#findings = [...(state.findings ?? [])];
        this.#findingCount = this.#findings.length;
    }

    /**
     * 64 hexadecimal digits, equal for two machines exactly when their states are. The machines
     * have the same options; what their disks held at first is an option too.
     */
    stateHash(): string {
        return this.#states.hash();
    }

    /** The devices' states by name, for whoever wants to look. */
    inspect(): StateRecord {
        return this.#states.inspect();
    }

    #makeDrive(medium: OverlayStore, recorder: TraceRecorder, notices: NoticeSink): Drive {
        const { driveTiming, destage, diskFaults, advertisesFua } = this.#options;
        return new Drive({
            medium,
            clock: this.clock,
            choices: this.choices,
            notices,
            recorder,
            issuer: () => {
                const { index, context } = this.#interleaver.runningCpu;
                return { cpu: index, origin: context?.origin };
            },
            ...(driveTiming === undefined ? {} : { timing: driveTiming }),
            ...(destage === undefined ? {} : { destage }),
            ...(diskFaults === undefined ? {} : { faults: diskFaults }),
            ...(advertisesFua === undefined ? {} : { advertisesFua }),
        });
    }

    #theRecorder(): TraceRecorder {
        assert(this.#traceRecorder !== undefined, "the machine has a disk");
        return this.#traceRecorder;
    }

    #runningKernel(): EntryPoints {
        assert(this.#kernel !== undefined, "the machine was switched on with a kernel");
        return this.#kernel;
    }
}
