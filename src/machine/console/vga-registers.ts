/**
 * The registers of the VGA, at ports 0x3C0 to 0x3DF, as far as a text screen has use for them.
 *
 * They keep what is written and give it back; of all of them only the cursor is looked at. Modes
 * are not followed: the screen shows text mode 3, in which firmware leaves it. A guest that goes
 * on to graphics or moves the display's start is told of once, and shows text as before.
 *
 * Source: IBM PS/2 Hardware Interface Technical Reference, "Video Graphics Array", also in "VGA
 * Hardware" by J. D. Neal (FreeVGA, 1998), and that for the values of mode 3.
 */
import type { StateFields, StateRecord } from "../../base/state.ts";
import { bytePorts, type Ports } from "../byte-ports.ts";
import { columnCount, rowCount } from "./screen.ts";

/** Offsets of the ports from 0x3C0. */
const Port = {
    /** Index and data in turn. */
    attribute: 0x00,
    attributeRead: 0x01,
    /** Written: miscellaneous output. Read: input status 0. */
    miscellaneous: 0x02,
    paletteMask: 0x06,
    paletteReadIndex: 0x07,
    paletteWriteIndex: 0x08,
    palette: 0x09,
    featureRead: 0x0a,
    miscellaneousRead: 0x0c,
    /** Read: input status 1, and the next write to `attribute` is an index. Written: feature. */
    status: 0x1a,
} as const;

/** Registers behind a pair of ports: an index, and the register that it says. */
interface IndexedRegisters {
    readonly name: "sequencer" | "graphics" | "crtc";
    readonly indexPort: number;
    /** As in mode 3. */
    readonly initial: readonly number[];
}

const indexed: readonly IndexedRegisters[] = [
    { name: "sequencer", indexPort: 0x04, initial: [3, 0, 3, 0, 2] },
    { name: "graphics", indexPort: 0x0e, initial: [0, 0, 0, 0, 0, 0x10, 0x0e, 0, 0xff] },
    {
        name: "crtc",
        indexPort: 0x14,
        initial: [
            0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00, 0x00,
            0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
        ],
    },
];

/** Palette entries 0 to 15, mode, overscan, planes, panning, color select; as in mode 3. */
const initialAttributes: readonly number[] = [
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f,
    0x0c, 0x00, 0x0f, 0x08, 0x00,
];

/** Registers of the CRTC that are looked at. */
const Crtc = {
    cursorStart: 10,
    cursorEnd: 11,
    startHigh: 12,
    startLow: 13,
    cursorHigh: 14,
    cursorLow: 15,
} as const;

/** In `Crtc.cursorStart`: no cursor. */
const cursorOff = 0x20;
const scanLineMask = 0x1f;
/** In register 6 of the graphics controller. */
const graphicsMode = 0x01;
/** Display off and vertical retrace, in input status 1. */
const retraceBits = 0x09;
const initialMiscellaneous = 0x67;
/** Red, green and blue of 256 colors. */
const paletteBytes = 768;

/** Where the cursor is. */
export interface Cursor {
    readonly row: number;
    readonly column: number;
    /** Not hidden, and on the screen. */
    readonly isVisible: boolean;
}

export class VgaRegisters {
    /** From 0x3C0 on. */
    readonly ports: Ports = bytePorts(
        (offset) => this.#readByte(offset),
        (offset, value) => this.#writeByte(offset, value),
    );
    readonly #tell: (message: string) => void;
    /** By name of the indexed registers: the index, and what they hold. */
    readonly #indexes = { sequencer: 0, graphics: 0, crtc: 0 };
    readonly #values = {
        sequencer: new Uint8Array(5),
        graphics: new Uint8Array(9),
        crtc: new Uint8Array(25),
    };
    readonly #attributes = new Uint8Array(initialAttributes.length);
    readonly #palette = new Uint8Array(paletteBytes);
    #attributeIndex = 0;
    /** The next write to the attribute port is data. */
    #isAttributeData = false;
    #miscellaneous = 0;
    #feature = 0;
    #paletteMask = 0;
    /** The byte of the palette that is written or read next. */
    #paletteAt = 0;
    /** Input status 1 as read last: each read turns the retrace bits. */
    #retrace = 0;

    constructor(tell: (message: string) => void) {
        this.#tell = tell;
        this.reset();
    }

    get cursor(): Cursor {
        const { crtc } = this.#values;
        const cell = (crtc[Crtc.cursorHigh] << 8) | crtc[Crtc.cursorLow];
        const start = crtc[Crtc.cursorStart];
        const hasShape = (start & scanLineMask) <= (crtc[Crtc.cursorEnd] & scanLineMask);
        return {
            row: Math.floor(cell / columnCount),
            column: cell % columnCount,
            isVisible: (start & cursorOff) === 0 && hasShape && cell < columnCount * rowCount,
        };
    }

    reset(): void {
        for (const { name, initial } of indexed) {
            this.#indexes[name] = 0;
            this.#values[name].set(initial);
        }
        this.#attributes.set(initialAttributes);
        this.#palette.fill(0);
        this.#attributeIndex = 0;
        this.#isAttributeData = false;
        this.#miscellaneous = initialMiscellaneous;
        this.#feature = 0;
        this.#paletteMask = 0xff;
        this.#paletteAt = 0;
        this.#retrace = 0;
    }

    save(): StateRecord {
        return {
            version: 1,
            indexes: { ...this.#indexes },
            sequencer: this.#values.sequencer.slice(),
            graphics: this.#values.graphics.slice(),
            crtc: this.#values.crtc.slice(),
            attributes: this.#attributes.slice(),
            palette: this.#palette.slice(),
            attributeIndex: this.#attributeIndex,
            isAttributeData: this.#isAttributeData,
            miscellaneous: this.#miscellaneous,
            feature: this.#feature,
            paletteMask: this.#paletteMask,
            paletteAt: this.#paletteAt,
            retrace: this.#retrace,
        };
    }

    load(state: StateFields): void {
        state.expectVersion(1);
        const indexes = state.record("indexes");
        for (const { name, initial } of indexed) {
            this.#indexes[name] = indexes.integer(name, 0, 0xff);
            this.#values[name].set(state.bytes(name, initial.length));
        }
        this.#attributes.set(state.bytes("attributes", this.#attributes.length));
        this.#palette.set(state.bytes("palette", paletteBytes));
        this.#attributeIndex = state.integer("attributeIndex", 0, 0xff);
        this.#isAttributeData = state.boolean("isAttributeData");
        this.#miscellaneous = state.integer("miscellaneous", 0, 0xff);
        this.#feature = state.integer("feature", 0, 0xff);
        this.#paletteMask = state.integer("paletteMask", 0, 0xff);
        this.#paletteAt = state.integer("paletteAt", 0, paletteBytes - 1);
        this.#retrace = state.integer("retrace", 0, retraceBits);
    }

    #readByte(offset: number): number {
        const registers = indexedAt(offset);
        if (registers !== undefined) {
            const index = this.#indexes[registers.name];
            const isIndex = offset === registers.indexPort;
            return isIndex ? index : (this.#values[registers.name][index] ?? 0);
        }
        switch (offset) {
            case Port.attribute:
                return this.#attributeIndex;
            case Port.attributeRead:
                return this.#attributes[this.#attributeIndex & 0x1f] ?? 0;
            case Port.miscellaneous:
                return 0;
            case Port.paletteMask:
                return this.#paletteMask;
            case Port.paletteWriteIndex:
                return Math.floor(this.#paletteAt / 3);
            case Port.palette:
                return this.#palette[this.#nextPaletteByte()];
            case Port.featureRead:
                return this.#feature;
            case Port.miscellaneousRead:
                return this.#miscellaneous;
            case Port.status:
                this.#isAttributeData = false;
                this.#retrace ^= retraceBits;
                return this.#retrace;
            default:
                return 0;
        }
    }

    #writeByte(offset: number, value: number): void {
        const registers = indexedAt(offset);
        if (registers !== undefined) {
            this.#writeIndexed(registers, offset, value);
            return;
        }
        switch (offset) {
            case Port.attribute:
                this.#writeAttribute(value);
                break;
            case Port.miscellaneous:
                this.#miscellaneous = value;
                break;
            case Port.paletteMask:
                this.#paletteMask = value;
                break;
            case Port.paletteReadIndex:
            case Port.paletteWriteIndex:
                this.#paletteAt = value * 3;
                break;
            case Port.palette:
                // A color component has 6 bits.
                this.#palette[this.#nextPaletteByte()] = value & 0x3f;
                break;
            case Port.status:
                this.#feature = value;
                break;
            default:
                // What is left reads only, or is nothing.
                break;
        }
    }

    #writeIndexed({ name, indexPort }: IndexedRegisters, offset: number, value: number): void {
        if (offset === indexPort) {
            this.#indexes[name] = value;
            return;
        }
        // A store past the end of a typed array is none: such registers do not exist.
        const index = this.#indexes[name];
        this.#values[name][index] = value;
        if (name === "graphics" && index === 6 && (value & graphicsMode) !== 0) {
            this.#tell("the guest switched to a graphics mode, which is not shown");
        }
        const isStart = index === Crtc.startHigh || index === Crtc.startLow;
        if (name === "crtc" && isStart && value !== 0) {
            this.#tell("the guest moved the start of the display, which is not followed");
        }
    }

    #writeAttribute(value: number): void {
        if (this.#isAttributeData) {
            this.#attributes[this.#attributeIndex & 0x1f] = value;
        } else {
            this.#attributeIndex = value;
        }
        this.#isAttributeData = !this.#isAttributeData;
    }

    #nextPaletteByte(): number {
        const at = this.#paletteAt;
        this.#paletteAt = (at + 1) % paletteBytes;
        return at;
    }
}

/** The indexed registers that a port belongs to. */
function indexedAt(offset: number): IndexedRegisters | undefined {
    return indexed.find(({ indexPort }) => offset === indexPort || offset === indexPort + 1);
}
