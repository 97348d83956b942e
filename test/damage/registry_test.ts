import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { silentLogger, systemClock } from "../../src/ports/mod.ts";
import { SqlRegistry } from "../../src/service/mod.ts";
import { buildProgram, type NodeProgram } from "../support/programs/node_program.ts";

let folder: string;
let program: NodeProgram;
let raw: Buffer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "holdfast-registry-"));
  const path = join(folder, "registry.db");
  const driver = await openLibsqlDriver({ url: `file:${path}`, logger: silentLogger });
  const registry = await SqlRegistry.open(driver, systemClock);
  await registry.addAccount("damaged-name");
  await registry.addToken({
    id: "token",
    hash: new Uint8Array(32).fill(1),
    account: "damaged-name",
    permissions: ["unredacted"],
    label: "damaged-label",
    createdAtMs: 1,
  });
  await driver.close();
  raw = readFileSync(path);
  program = await buildProgram("test/damage/registry_reader.ts");
});

afterAll(() => {
  program.remove();
  rmSync(folder, { recursive: true, force: true });
});

async function wordsOf(bytes: Uint8Array): Promise<string[]> {
  const path = join(folder, "copy.db");
  for (const end of ["", "-wal", "-shm", "-witness"]) rmSync(`${path}${end}`, { force: true });
  writeFileSync(path, bytes);
  const child = program.start([path, "damaged-name"]);
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += String(chunk);
  });
  child.stderr.resume();
  const code = await new Promise((done) => child.on("close", done));
  expect(code, "the process ended by itself").toBe(0);
  return text.trim().split("\n");
}

test("a registry whose texts are no UTF-8 is an error, and ends no process", async () => {
  expect(await wordsOf(raw)).toEqual(["read", "read", "read"]);
  for (const text of ["damaged-name", "damaged-label", "unredacted"]) {
    const damaged = Buffer.from(raw);
    let places = 0;
    for (let at = raw.indexOf(text); at >= 0; at = raw.indexOf(text, at + 1), places += 1) {
      damaged[at + 1] = (damaged[at + 1] ?? 0) ^ 0x80;
    }
    expect(places, text).toBeGreaterThan(0);
    expect(await wordsOf(damaged), text).toContain("CorruptError");
  }
});
