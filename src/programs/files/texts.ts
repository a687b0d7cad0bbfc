/** Files that the kernel boots with, beside the programs: something to read. */

/** 130 bytes, as the file of that name has in Chickadee's own tree. */
export const emersonText =
    "A crash is a question put to the disk.\n" +
    "Whoever wrote in order has an answer;\n" +
    "whoever wrote in haste has a wreck\n" +
    "and no witnesses.\n";

/** Something longer, to be counted and searched. */
export const thoreauText = `I went to the machine because I wished to crash deliberately,
to face only the essential facts of the disk, and see if I could not
learn what it had to teach, and not, when the power came back, discover
that I had not written.

I did not wish to sync what was not dirty, syncing is so dear; nor did I
wish to practise forgetting, unless it was quite necessary. I wanted to
write in order and wait for every barrier, to commit so sturdily as to put
to rout all that was not durable, to drive the cache into a corner, and
reduce it to its lowest terms; and if it proved to be volatile, why then
to get the whole and genuine volatility of it, and replay its journal to
the world; or if it were sound, to know it by experiment.
`;

export const readmeText = `This is the memory file system of the reference kernel. Try

    ls                      what there is
    wc thoreau.txt          characters, words and lines
    cat emerson.txt | wc    a pipe
    echo hello > x          a file of your own
    testpipe && echo well   one of the tests

Ctrl-D ends the shell, and the machine.
`;
