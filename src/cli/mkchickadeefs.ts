#!/usr/bin/env node
/** The `mkchickadeefs` program. */
import { nodeHost } from "../host/host.ts";
import { mkchickadeefs } from "./mkfs-command.ts";
import { run } from "./run.ts";

process.exitCode = run(mkchickadeefs, process.argv.slice(2), nodeHost());
