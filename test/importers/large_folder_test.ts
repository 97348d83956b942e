/** A folder with many sessions, imported by a process of its own. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { beforeAll, expect, test, vi } from "vitest";
import type { KindCounts } from "../../src/exports/importers.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { buildProgram } from "../support/programs/node_program.ts";
import { annaOnFolder, ben, Talk, temporaryFolder } from "./baileys_world.ts";

const SESSIONS = dose({ short: 300, long: 10_000 });
const MAX_MB = 150;

interface Measured {
  readonly bytes: number;
  readonly readMs: number;
  readonly importMs: number;
  readonly startMb: number;
  readonly maxMb: number;
  readonly kinds: readonly KindCounts[];
}

beforeAll(() => {
  // libsignal prints whole sessions.
  for (const method of ["info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});

test(`${SESSIONS} sessions are imported in ${MAX_MB} MB`, { timeout: DOSED_TIMEOUT_MS }, async () => {
  using folder = temporaryFolder();
  const auth = join(folder.path, "auth");
  const anna = await annaOnFolder(auth);
  const talk = new Talk(ben());
  await talk.begin(anna);
  await talk.goOn(anna, 1);
  const [name = ""] = readdirSync(auth).filter((file) => file.startsWith("session-"));
  const session = readFileSync(join(auth, name), "utf8");
  for (let number = 1; number < SESSIONS; number++)
    writeFileSync(join(auth, `session-${300_000_000_000_000 + number}_1.0.json`), session);

  const program = await buildProgram("test/importers/folder_importer.ts");
  try {
    const child = program.start([auth, join(folder.path, "bot.db")]);
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(errors).toBe("");
    const { bytes, readMs, importMs, startMb, maxMb, kinds } = JSON.parse(output) as Measured;
    console.log(
      `${SESSIONS} sessions, ${(bytes / 2 ** 20).toFixed(1)} MiB: read in ${readMs.toFixed(0)} ms, imported in ` +
        `${importMs.toFixed(0)} ms (${(importMs / readMs).toFixed(1)} times), ${startMb.toFixed(0)} MB before, ` +
        `${maxMb.toFixed(0)} MB at most`,
    );
    expect(kinds).toContainEqual({ kind: "session", found: SESSIONS, converted: SESSIONS });
    expect(maxMb).toBeLessThan(MAX_MB);
  } finally {
    program.remove();
  }
});
