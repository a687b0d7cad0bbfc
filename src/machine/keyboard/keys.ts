/**
 * The keys of a US keyboard with 102 keys, and the code that each has in scan code sets 1 and 2.
 *
 * A code of two bytes begins with the prefix 0xE0. Source: "Keyboard Scan Code Specification",
 * Microsoft 2000, appendix C. Print Screen and Pause, whose codes are sequences of their own, are
 * left out.
 */

/** A key. */
export interface Key<Name extends string = string> {
    readonly name: Name;
    /** Its make code in set 1; the break code has bit 7 set in addition. */
    readonly set1: number;
    /** Its make code in set 2; the break code is the same after a prefix 0xF0. */
    readonly set2: number;
    /** What it types, without and with Shift. Nothing for a key that types nothing. */
    readonly characters: string;
}

function key<const Name extends string>(
    name: Name,
    set1: number,
    set2: number,
    characters = "",
): Key<Name> {
    return { name, set1, set2, characters };
}

/** In the order of set 1; a key's place here is its number in saved states. */
export const keys = [
    key("escape", 0x01, 0x76, "\x1b\x1b"),
    key("1", 0x02, 0x16, "1!"),
    key("2", 0x03, 0x1e, "2@"),
    key("3", 0x04, 0x26, "3#"),
    key("4", 0x05, 0x25, "4$"),
    key("5", 0x06, 0x2e, "5%"),
    key("6", 0x07, 0x36, "6^"),
    key("7", 0x08, 0x3d, "7&"),
    key("8", 0x09, 0x3e, "8*"),
    key("9", 0x0a, 0x46, "9("),
    key("0", 0x0b, 0x45, "0)"),
    key("minus", 0x0c, 0x4e, "-_"),
    key("equal", 0x0d, 0x55, "=+"),
    key("backspace", 0x0e, 0x66, "\b\b"),
    key("tab", 0x0f, 0x0d, "\t\t"),
    key("q", 0x10, 0x15, "qQ"),
    key("w", 0x11, 0x1d, "wW"),
    key("e", 0x12, 0x24, "eE"),
    key("r", 0x13, 0x2d, "rR"),
    key("t", 0x14, 0x2c, "tT"),
    key("y", 0x15, 0x35, "yY"),
    key("u", 0x16, 0x3c, "uU"),
    key("i", 0x17, 0x43, "iI"),
    key("o", 0x18, 0x44, "oO"),
    key("p", 0x19, 0x4d, "pP"),
    key("left bracket", 0x1a, 0x54, "[{"),
    key("right bracket", 0x1b, 0x5b, "]}"),
    key("enter", 0x1c, 0x5a, "\n\n"),
    key("left ctrl", 0x1d, 0x14),
    key("a", 0x1e, 0x1c, "aA"),
    key("s", 0x1f, 0x1b, "sS"),
    key("d", 0x20, 0x23, "dD"),
    key("f", 0x21, 0x2b, "fF"),
    key("g", 0x22, 0x34, "gG"),
    key("h", 0x23, 0x33, "hH"),
    key("j", 0x24, 0x3b, "jJ"),
    key("k", 0x25, 0x42, "kK"),
    key("l", 0x26, 0x4b, "lL"),
    key("semicolon", 0x27, 0x4c, ";:"),
    key("apostrophe", 0x28, 0x52, "'\""),
    key("grave", 0x29, 0x0e, "`~"),
    key("left shift", 0x2a, 0x12),
    key("backslash", 0x2b, 0x5d, "\\|"),
    key("z", 0x2c, 0x1a, "zZ"),
    key("x", 0x2d, 0x22, "xX"),
    key("c", 0x2e, 0x21, "cC"),
    key("v", 0x2f, 0x2a, "vV"),
    key("b", 0x30, 0x32, "bB"),
    key("n", 0x31, 0x31, "nN"),
    key("m", 0x32, 0x3a, "mM"),
    key("comma", 0x33, 0x41, ",<"),
    key("period", 0x34, 0x49, ".>"),
    key("slash", 0x35, 0x4a, "/?"),
    key("right shift", 0x36, 0x59),
    key("keypad multiply", 0x37, 0x7c),
    key("left alt", 0x38, 0x11),
    key("space", 0x39, 0x29, "  "),
    key("caps lock", 0x3a, 0x58),
    key("f1", 0x3b, 0x05),
    key("f2", 0x3c, 0x06),
    key("f3", 0x3d, 0x04),
    key("f4", 0x3e, 0x0c),
    key("f5", 0x3f, 0x03),
    key("f6", 0x40, 0x0b),
    key("f7", 0x41, 0x83),
    key("f8", 0x42, 0x0a),
    key("f9", 0x43, 0x01),
    key("f10", 0x44, 0x09),
    key("num lock", 0x45, 0x77),
    key("scroll lock", 0x46, 0x7e),
    key("keypad 7", 0x47, 0x6c),
    key("keypad 8", 0x48, 0x75),
    key("keypad 9", 0x49, 0x7d),
    key("keypad minus", 0x4a, 0x7b),
    key("keypad 4", 0x4b, 0x6b),
    key("keypad 5", 0x4c, 0x73),
    key("keypad 6", 0x4d, 0x74),
    key("keypad plus", 0x4e, 0x79),
    key("keypad 1", 0x4f, 0x69),
    key("keypad 2", 0x50, 0x72),
    key("keypad 3", 0x51, 0x7a),
    key("keypad 0", 0x52, 0x70),
    key("keypad period", 0x53, 0x71),
    key("non-us backslash", 0x56, 0x61),
    key("f11", 0x57, 0x78),
    key("f12", 0x58, 0x07),
    key("keypad enter", 0xe01c, 0xe05a),
    key("right ctrl", 0xe01d, 0xe014),
    key("keypad divide", 0xe035, 0xe04a),
    key("right alt", 0xe038, 0xe011),
    key("home", 0xe047, 0xe06c),
    key("up", 0xe048, 0xe075),
    key("page up", 0xe049, 0xe07d),
    key("left", 0xe04b, 0xe06b),
    key("right", 0xe04d, 0xe074),
    key("end", 0xe04f, 0xe069),
    key("down", 0xe050, 0xe072),
    key("page down", 0xe051, 0xe07a),
    key("insert", 0xe052, 0xe070),
    key("delete", 0xe053, 0xe071),
    key("left meta", 0xe05b, 0xe01f),
    key("right meta", 0xe05c, 0xe027),
    key("menu", 0xe05d, 0xe02f),
] as const;

/** A key's name. */
export type KeyName = (typeof keys)[number]["name"];
