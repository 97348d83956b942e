/** Test programs that run in their own process, so that they can be killed. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "esbuild";

/** A program that can be started. */
export interface NodeProgram {
  /** @param under A program with its arguments that runs this one, such as a tracer. */
  start(args: readonly string[], under?: readonly string[]): ChildProcessWithoutNullStreams;
  /** Removes the bundle. */
  remove(): void;
}

/** Bundles a source file of the tests for plain Node. */
export async function buildProgram(source: string): Promise<NodeProgram> {
  const name = source.replace(/[^a-z_]/g, "-");
  // Inside node_modules, so that the bundle resolves packages as the source does.
  const folder = resolve("node_modules/.cache/holdfast-programs", `${process.pid}-${name}`);
  const outfile = resolve(folder, "program.mjs");
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
  });
  return {
    start: (args, under = []) => {
      const [command = process.execPath, ...rest] = [...under, process.execPath, outfile, ...args];
      return spawn(command, rest);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
