/** The release before, as the history of this repository has it. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildProgram, type NodeProgram } from "../support/programs/node_program.ts";

/** The last commit with schema 3, before accounts could be held, sealed and set aside. */
const FORMER_RELEASE = "7be35612c9d3e8f237b9ca88259ef169940fe35f";

/** What the release before has, and the programs need. */
const PATHS = ["mod.ts", "src", "test/baileys", "test/support", "tsconfig.json", "package.json"];

/** Files of this release that are compiled with the sources of the one before. */
const PROGRAMS = ["test/upgrade/release_contender.ts", "test/process/contending.ts"];

/** Why there is no release before, `undefined` when there is one. */
export function whyNoFormerRelease(): string | undefined {
  try {
    execFileSync("git", ["cat-file", "-e", `${FORMER_RELEASE}^{commit}`], { stdio: "ignore" });
    return undefined;
  } catch {
    return "the history of the repository is not here: git fetch --unshallow";
  }
}

/** Builds the program of PROGRAMS that is started, with the sources of the release before. */
export async function buildWithFormerRelease(): Promise<NodeProgram> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-former-"));
  try {
    const tree = execFileSync("git", ["archive", FORMER_RELEASE, ...PATHS], {
      maxBuffer: 256 * 1_024 * 1_024,
    });
    execFileSync("tar", ["-x", "-C", folder], { input: tree });
    for (const path of PROGRAMS) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      copyFileSync(path, join(folder, path));
    }
    return await buildProgram(join(folder, PROGRAMS[0] ?? ""));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
