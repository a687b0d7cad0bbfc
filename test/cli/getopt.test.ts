import { describe, expect, it } from "vitest";
import {
    type OptionSpec,
    optionHelp,
    type ScannedItem,
    scanOptions,
} from "../../src/cli/getopt.ts";

type Key = "blocks" | "bootsector" | "boost" | "help" | "save" | "color" | "noColor" | "verbose";

const table: readonly OptionSpec<Key>[] = [
    { key: "blocks", long: ["blocks"], short: "b", argument: "N", help: "allocate N blocks" },
    { key: "bootsector", long: ["bootsector"], short: "s", argument: "FILE", help: "boot code" },
    { key: "boost", long: ["boost", "vroom"], help: "go faster", extension: true },
    { key: "save", long: ["save", "save-journal"], short: "S", help: "save it" },
    { key: "color", long: ["color"], help: "use color" },
    { key: "noColor", long: ["no-color"] },
    { key: "verbose", long: ["verbose"], short: "V", label: "-V", help: "say more" },
    { key: "help", long: ["help"], help: "print this" },
];

/** What a scan says, a string an item. */
function scan(...args: string[]): string[] {
    return [...scanOptions("prog", table, args)].map(itemText);
}

function itemText(item: ScannedItem<Key>): string {
    switch (item.kind) {
        case "option":
            return item.argument === undefined ? item.key : `${item.key}=${item.argument}`;
        case "operand":
            return `[${item.value}]`;
        case "error":
            return item.message;
    }
}

describe("scanOptions", () => {
    it("takes an argument attached to a letter, after it, after = and after a long name", () => {
        expect(scan("-b64", "-b", "65", "--blocks=66", "--blocks", "67", "--blocks=")).toEqual([
            "blocks=64",
            "blocks=65",
            "blocks=66",
            "blocks=67",
            "blocks=",
        ]);
    });

    it("reads a cluster up to the letter that takes an argument", () => {
        expect(scan("-VSb7", "-VSb", "8")).toEqual([
            ...["verbose", "save", "blocks=7"],
            ...["verbose", "save", "blocks=8"],
        ]);
    });

    it("gives operands after all options, wherever they stand", () => {
        expect(scan("one", "-V", "-", "--color", "two")).toEqual([
            ...["verbose", "color", "[one]", "[-]", "[two]"],
        ]);
    });

    it("takes all after -- as operands, and -- itself as an argument where one is due", () => {
        expect(scan("a", "--", "-V", "--", "--color")).toEqual([
            "[a]",
            "[-V]",
            "[--]",
            "[--color]",
        ]);
        expect(scan("-b", "--", "-V")).toEqual(["blocks=--", "verbose"]);
    });

    it("takes a long name cut short while it is unambiguous", () => {
        expect(scan("--bl", "1", "--no", "--h")).toEqual(["blocks=1", "noColor", "help"]);
    });

    it("lets a whole name win and never lets two names of one option compete", () => {
        expect(scan("--save", "--save-j", "--sav")).toEqual(["save", "save", "save"]);
    });

    it("shortens to an extension only where nothing else begins so", () => {
        expect(scan("--bo", "x", "--boos", "--vr")).toEqual(["bootsector=x", "boost", "boost"]);
    });

    it("says which options an ambiguous name may mean, in the table's order", () => {
        expect(scan("--b", "--b=5")).toEqual([
            "prog: option '--b' is ambiguous; possibilities: '--blocks' '--bootsector'",
            "prog: option '--b=5' is ambiguous; possibilities: '--blocks' '--bootsector'",
        ]);
    });

    it("reports unknown options whole and goes on behind them", () => {
        expect(scan("--nope=1", "-zV", "--color")).toEqual([
            "prog: unrecognized option '--nope=1'",
            "prog: invalid option -- 'z'",
            "verbose",
            "color",
        ]);
    });

    it("reports an argument that is missing or not wanted under the option's whole name", () => {
        expect(scan("--hel=1", "-b")).toEqual([
            "prog: option '--help' doesn't allow an argument",
            "prog: option requires an argument -- 'b'",
        ]);
        expect(scan("--bl")).toEqual(["prog: option '--blocks' requires an argument"]);
    });

    it("is lazy: a caller that stops never meets what follows", () => {
        const items = scanOptions("prog", table, ["-V", "--nope"]);
        expect(items.next().value).toEqual({
            kind: "option",
            key: "verbose",
            argument: undefined,
        });
    });
});

describe("optionHelp", () => {
    it("aligns one line for every row that has help", () => {
        expect(optionHelp(table)).toBe(
            [
                "  --blocks, -b N              allocate N blocks\n",
                "  --bootsector, -s FILE       boot code\n",
                "  --boost, --vroom            go faster\n",
                "  --save, --save-journal, -S  save it\n",
                "  --color                     use color\n",
                "  -V                          say more\n",
                "  --help                      print this\n",
            ].join(""),
        );
    });
});
