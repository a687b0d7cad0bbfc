/**
 * The tables by which firmware describes processors and interrupts: the MP floating pointer and
 * the MP configuration table (Intel MultiProcessor Specification 1.4, chapter 4).
 *
 * They are, byte for byte, those that SeaBIOS 1.16 leaves on QEMU's q35. A Chickadee kernel takes
 * one thing from them: that pin A of device 31 on the PCI bus is pin 10 of the I/O APIC. What is
 * listed of processors it ignores; SeaBIOS lists the first one only, however many there are.
 */
import { bytesOf } from "../../base/byte-string.ts";
import { defineStruct } from "../../base/struct.ts";
import { ioApicAddress } from "../interrupts/io-apic.ts";
import { localApicAddress } from "../interrupts/local-apic-registers.ts";

/** "_MP_": where the configuration table is (4.1). */
const floatingPointerLayout = defineStruct("MP floating pointer", 16, {
    signature: { offset: 0, type: "bytes", count: 4, doc: "_MP_" },
    tableAddress: { offset: 4, type: "u32", doc: "physical address of the configuration table" },
    length: { offset: 8, type: "u8", doc: "1: sixteen bytes" },
    revision: { offset: 9, type: "u8", doc: "4: version 1.4" },
    checksum: { offset: 10, type: "u8", doc: "makes the sum of all bytes 0" },
    features: { offset: 11, type: "bytes", count: 5, doc: "0: there is a table" },
});

/** "PCMP": the head of the configuration table (4.2). */
const tableHeaderLayout = defineStruct("MP configuration table header", 44, {
    signature: { offset: 0, type: "bytes", count: 4, doc: "PCMP" },
    length: { offset: 4, type: "u16", doc: "bytes of header and entries" },
    revision: { offset: 6, type: "u8", doc: "4: version 1.4" },
    checksum: { offset: 7, type: "u8", doc: "makes the sum of all bytes 0" },
    oemId: { offset: 8, type: "bytes", count: 8, doc: "who made the machine" },
    productId: { offset: 16, type: "bytes", count: 12, doc: "and how it is called" },
    oemTableAddress: { offset: 28, type: "u32", doc: "0: none" },
    oemTableSize: { offset: 32, type: "u16", doc: "0: none" },
    entryCount: { offset: 34, type: "u16", doc: "entries that follow" },
    localApicAddress: { offset: 36, type: "u32", doc: "where processors see their local APIC" },
    extendedLength: { offset: 40, type: "u16", doc: "0: none" },
    extendedChecksum: { offset: 42, type: "u8", doc: "0: none" },
});

/** Entry types (4.3). */
const EntryType = {
    processor: 0,
    bus: 1,
    ioApic: 2,
    ioInterrupt: 3,
    localInterrupt: 4,
} as const;

const processorLayout = defineStruct("MP processor entry", 20, {
    type: { offset: 0, type: "u8", doc: "0" },
    apicId: { offset: 1, type: "u8", doc: "its local APIC's ID" },
    apicVersion: { offset: 2, type: "u8", doc: "its local APIC's version" },
    flags: { offset: 3, type: "u8", doc: "bit 0: usable; bit 1: the boot processor" },
    signature: { offset: 4, type: "u32", doc: "EAX of CPUID leaf 1" },
    features: { offset: 8, type: "u32", doc: "EDX of CPUID leaf 1" },
});

const busLayout = defineStruct("MP bus entry", 8, {
    type: { offset: 0, type: "u8", doc: "1" },
    id: { offset: 1, type: "u8", doc: "how interrupt entries call the bus" },
    kind: { offset: 2, type: "bytes", count: 6, doc: "name, padded with spaces" },
});

const ioApicLayout = defineStruct("MP I/O APIC entry", 8, {
    type: { offset: 0, type: "u8", doc: "2" },
    id: { offset: 1, type: "u8", doc: "how interrupt entries call it" },
    version: { offset: 2, type: "u8", doc: "its version" },
    flags: { offset: 3, type: "u8", doc: "bit 0: usable" },
    address: { offset: 4, type: "u32", doc: "where its registers are" },
});

/** I/O interrupts and local interrupts have one layout. */
const interruptLayout = defineStruct("MP interrupt entry", 8, {
    type: { offset: 0, type: "u8", doc: "3: to an I/O APIC; 4: to local APICs" },
    kind: { offset: 1, type: "u8", doc: "0: by vector; 1: NMI; 3: by the 8259" },
    flags: { offset: 2, type: "u16", doc: "polarity and trigger mode; 0 as the bus has them" },
    sourceBus: { offset: 4, type: "u8", doc: "a bus entry's id" },
    sourceIrq: { offset: 5, type: "u8", doc: "on PCI: device in bits 6:2, pin in bits 1:0" },
    destinationApic: { offset: 6, type: "u8", doc: "an APIC's id; 255 is all local APICs" },
    destinationPin: { offset: 7, type: "u8", doc: "the pin of that APIC" },
});

/** Flags of a processor entry. */
const ProcessorFlags = { usable: 1, boot: 2 } as const;

/** Interrupt types (table 4-11). */
const InterruptKind = { vectored: 0, nonMaskable: 1, external: 3 } as const;

/** Buses, by id. */
const pciBus = 0;
const isaBus = 1;

/** What an interrupt entry says; what is left out is 0. */
interface Interrupt {
    readonly kind?: number;
    readonly flags?: number;
    readonly sourceBus: number;
    readonly sourceIrq: number;
    readonly destinationApic?: number;
    readonly destinationPin: number;
}

/** The ISA interrupts whose pins of the I/O APIC have their numbers. */
const isaInterrupts = [1, 3, 4, 6, 7, 8, 12, 13, 14, 15] as const;

/** Interrupts on their way to the I/O APIC. */
const ioInterrupts: readonly Interrupt[] = [
    // Device 31, pin A, active high: the disk.
    { flags: 1, sourceBus: pciBus, sourceIrq: 31 << 2, destinationPin: 10 },
    { sourceBus: isaBus, sourceIrq: 0, destinationPin: 2 },
    ...isaInterrupts.map((irq) => ({ sourceBus: isaBus, sourceIrq: irq, destinationPin: irq })),
];

/** Interrupts on their way to LINT0 and LINT1 of local APICs. */
const localInterrupts: readonly Interrupt[] = [
    { kind: InterruptKind.external, sourceBus: isaBus, sourceIrq: 0, destinationPin: 0 },
    {
        kind: InterruptKind.nonMaskable,
        sourceBus: isaBus,
        sourceIrq: 0,
        destinationApic: 255,
        destinationPin: 1,
    },
];

/** Versions of the local APICs and of the I/O APIC as SeaBIOS has them; the registers differ. */
const localApicVersion = 0x14;
const ioApicVersion = 0x11;

/** What CPUID leaf 1 says of QEMU's default processor. */
const processorSignature = 0x0006_0fb1;
const processorFeatures = 0x178b_fbfd;

/** The floating pointer, 16 bytes, for a table at `tableAddress`. */
export function mpFloatingPointer(tableAddress: number): Uint8Array {
    const bytes = new Uint8Array(floatingPointerLayout.sizeBytes);
    const pointer = floatingPointerLayout.at(bytes);
    pointer.signature = bytesOf("_MP_");
    pointer.tableAddress = tableAddress;
    pointer.length = 1;
    pointer.revision = 4;
    pointer.checksum = checksumOf(bytes);
    return bytes;
}

/** The configuration table. */
export function mpConfigurationTable(): Uint8Array {
    const entries = [
        bootProcessorEntry(),
        busEntry(pciBus, "PCI   "),
        busEntry(isaBus, "ISA   "),
        ioApicEntry(),
        ...ioInterrupts.map((one) => interruptEntry(EntryType.ioInterrupt, one)),
        ...localInterrupts.map((one) => interruptEntry(EntryType.localInterrupt, one)),
    ];
    const entriesLength = entries.reduce((sum, entry) => sum + entry.length, 0);
    const bytes = new Uint8Array(tableHeaderLayout.sizeBytes + entriesLength);
    const header = tableHeaderLayout.at(bytes);
    header.signature = bytesOf("PCMP");
    header.length = bytes.length;
    header.revision = 4;
    header.oemId = bytesOf("BOCHSCPU");
    header.productId = bytesOf("0.1         ");
    header.entryCount = entries.length;
    header.localApicAddress = localApicAddress;
    let offset = tableHeaderLayout.sizeBytes;
    for (const entry of entries) {
        bytes.set(entry, offset);
        offset += entry.length;
    }
    header.checksum = checksumOf(bytes);
    return bytes;
}

function bootProcessorEntry(): Uint8Array {
    const bytes = new Uint8Array(processorLayout.sizeBytes);
    const entry = processorLayout.at(bytes);
    entry.type = EntryType.processor;
    entry.apicVersion = localApicVersion;
    entry.flags = ProcessorFlags.usable | ProcessorFlags.boot;
    entry.signature = processorSignature;
    entry.features = processorFeatures;
    return bytes;
}

function busEntry(id: number, kind: string): Uint8Array {
    const bytes = new Uint8Array(busLayout.sizeBytes);
    const entry = busLayout.at(bytes);
    entry.type = EntryType.bus;
    entry.id = id;
    entry.kind = bytesOf(kind);
    return bytes;
}

function ioApicEntry(): Uint8Array {
    const bytes = new Uint8Array(ioApicLayout.sizeBytes);
    const entry = ioApicLayout.at(bytes);
    entry.type = EntryType.ioApic;
    entry.version = ioApicVersion;
    entry.flags = 1;
    entry.address = ioApicAddress;
    return bytes;
}

function interruptEntry(type: number, interrupt: Interrupt): Uint8Array {
    const bytes = new Uint8Array(interruptLayout.sizeBytes);
    const entry = interruptLayout.at(bytes);
    entry.type = type;
    entry.kind = interrupt.kind ?? InterruptKind.vectored;
    entry.flags = interrupt.flags ?? 0;
    entry.sourceBus = interrupt.sourceBus;
    entry.sourceIrq = interrupt.sourceIrq;
    entry.destinationApic = interrupt.destinationApic ?? 0;
    entry.destinationPin = interrupt.destinationPin;
    return bytes;
}

/** The byte that makes the sum of `bytes`, in which its place is still 0, a multiple of 256. */
function checksumOf(bytes: Uint8Array): number {
    return -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
}
