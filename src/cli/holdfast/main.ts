#!/usr/bin/env node
/** The program `holdfast`, the `bin` of the package. tools/build.mjs bundles it into one file. */

import process from "node:process";
import { runHoldfast } from "./program.ts";
import { processTerminal } from "./terminal.ts";

// The reader has closed the pipe, as `head` does.
process.stdout.on("error", () => process.exit(1));

process.exitCode = await runHoldfast(process.argv.slice(2), processTerminal());
// Connections that hang, and timers of libraries, do not keep a program that is done.
process.stdout.write("", () => process.exit());
