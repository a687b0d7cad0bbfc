#!/usr/bin/env node
/** The `chickadee` program. */
import { nodeHost } from "../host/host.ts";
import { chickadee } from "./chickadee-command.ts";
import { run } from "./run.ts";

process.exitCode = run(chickadee, process.argv.slice(2), nodeHost());
