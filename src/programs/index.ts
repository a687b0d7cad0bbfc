/** All programs, and the files that the kernel boots with. */
import type { ProgramImage } from "../kernel/interface/program-image.ts";
import { emersonText, readmeText, thoreauText } from "./files/texts.ts";
import { sh } from "./shell/sh.ts";
import { allocexit } from "./tests/allocexit.ts";
import { ktestwait } from "./tests/ktestwait.ts";
import { nastyalloc } from "./tests/nastyalloc.ts";
import { testeintr } from "./tests/testeintr.ts";
import { testforksimple } from "./tests/testforksimple.ts";
import { testfutex } from "./tests/testfutex.ts";
import { testfutexshm } from "./tests/testfutexshm.ts";
import { testgetusage } from "./tests/testgetusage.ts";
import { testhalt } from "./tests/testhalt.ts";
import { testkalloc } from "./tests/testkalloc.ts";
import { testmemfs } from "./tests/testmemfs.ts";
import { testmsleep } from "./tests/testmsleep.ts";
import { testmutex } from "./tests/testmutex.ts";
import { testpipe } from "./tests/testpipe.ts";
import { testppid } from "./tests/testppid.ts";
import { testrwaddr } from "./tests/testrwaddr.ts";
import { testshm } from "./tests/testshm.ts";
import { testthread } from "./tests/testthread.ts";
import { testvfs } from "./tests/testvfs.ts";
import { testwaitpid } from "./tests/testwaitpid.ts";
import { testzombie } from "./tests/testzombie.ts";
import { cat } from "./utilities/cat.ts";
import { echo } from "./utilities/echo.ts";
import { ls } from "./utilities/ls.ts";
import { sleep } from "./utilities/sleep.ts";
import { falseProgram, trueProgram } from "./utilities/true-and-false.ts";
import { wc } from "./utilities/wc.ts";

/** By name. */
export const allPrograms: readonly ProgramImage[] = [
    allocexit,
    cat,
    echo,
    falseProgram,
    ktestwait,
    ls,
    nastyalloc,
    sh,
    sleep,
    testeintr,
    testforksimple,
    testfutex,
    testfutexshm,
    testgetusage,
    testhalt,
    testkalloc,
    testmemfs,
    testmsleep,
    testmutex,
    testpipe,
    testppid,
    testrwaddr,
    testshm,
    testthread,
    testvfs,
    testwaitpid,
    testzombie,
    trueProgram,
    wc,
];

/** Texts, and for each program a file that says which it is. */
export const bootFiles: ReadonlyMap<string, Uint8Array> = new Map([
    ["README", bytesOf(readmeText)],
    ["emerson.txt", bytesOf(emersonText)],
    ["thoreau.txt", bytesOf(thoreauText)],
    ...programFiles(allPrograms),
]);

/** For each program the file that says which it is, under its name. */
export function programFiles(
    programs: readonly ProgramImage[],
): readonly (readonly [name: string, bytes: Uint8Array])[] {
    return programs.map(({ name }) => [name, bytesOf(`#!program ${name}\n`)]);
}

/** Of text that is ASCII. */
function bytesOf(text: string): Uint8Array {
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
