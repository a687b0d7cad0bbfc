/**
 * Code page 437, the character set of the PC's text screen, in Unicode.
 *
 * Every byte is a character, control codes included. 0 and 255 look like a space.
 */
import { assert } from "../../base/assert.ts";

const characters =
    " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼" +
    " !\"#$%&'()*+,-./0123456789:;<=>?" +
    "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_" +
    "`abcdefghijklmnopqrstuvwxyz{|}~⌂" +
    "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ" +
    "áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐" +
    "└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀" +
    "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ";

/** The text of cells, each a character in its low byte. Spaces at the end stay. */
export function cellText(cells: Readonly<Uint16Array>): string {
    let text = "";
    for (const cell of cells) {
        text += characters[cell & 0xff];
    }
    return text;
}

assert(characters.length === 256, "code page 437 has 256 characters");
