#!/usr/bin/env node
/** The executable `chickadeefsck`. */
import { nodeHost } from "../host/host.ts";
import { chickadeefsck } from "./fsck-command.ts";
import { run } from "./run.ts";

process.exitCode = run(chickadeefsck, process.argv.slice(2), nodeHost());
