#!/usr/bin/env node
/** The `chickadee` program. */
import { nodeHost } from "../host/host.ts";
import { chickadee } from "./chickadee-command.ts";
import { runToEnd } from "./run.ts";

// Not awaited here: what a command imports later may need this module, which must then be done.
void runToEnd(chickadee, process.argv.slice(2), nodeHost()).then((status) => {
    process.exitCode = status;
});
