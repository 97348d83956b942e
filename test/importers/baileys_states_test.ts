/** The same state of stock Baileys in each form in which it is met. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BufferJSON } from "baileys";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";
import { importBaileysFolder, sqliteFile } from "../../src/exports/importers.ts";
import { baileysFolder } from "../../src/importers/baileys/baileys_folder.ts";
import { keyValueState } from "../../src/importers/baileys/key_value_state.ts";
import { linesState } from "../../src/importers/baileys/lines_state.ts";
import { liveState } from "../../src/importers/baileys/live_state.ts";
import { nextSqliteState } from "../../src/importers/baileys/next_sqlite_state.ts";
import { foreignBaileys } from "../../src/importers/baileys/read_baileys.ts";
import type { BaileysState } from "../../src/importers/baileys/state_entry.ts";
import { stateKeyOf } from "../../src/importers/baileys/state_key.ts";
import { diskFolder } from "../../src/importers/disk_folder.ts";
import { Tally } from "../../src/importers/report.ts";
import { annaOnFolder, ben, GROUP, Talk, temporaryFolder } from "./baileys_world.ts";
import { makeDatabase } from "./make_database.ts";

const folder = temporaryFolder();
const files = join(folder.path, "auth");
afterAll(() => folder[Symbol.dispose]());
beforeAll(async () => {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
  const anna = await annaOnFolder(files);
  await new Talk(ben()).begin(anna);
  await anna.socketKeys.set({
    "sender-key-memory": { [GROUP]: { "200000000000002:3@lid": true } },
    "lid-mapping": { "15550000002": "200000000000002", "200000000000002_reverse": "15550000002" },
    "app-state-sync-key": {
      "AAAA/w==": { keyData: new Uint8Array(32).fill(7), timestamp: 1_700_000_000 } as never,
    },
  });
});

/** Names and texts of the files. */
function texts(): [name: string, text: string][] {
  return readdirSync(files).map((name) => [
    name.slice(0, -".json".length),
    readFileSync(join(files, name), "utf8"),
  ]);
}

/** Type and id of a file, and its text. */
function keys(): { type: string; id: string; text: string }[] {
  return texts().flatMap(([name, text]) => {
    const key = stateKeyOf(name);
    return key.kind === "key" ? [{ type: key.type, id: key.id, text }] : [];
  });
}

const creds = (): string => readFileSync(join(files, "creds.json"), "utf8");

async function* chunksOf(text: string, size: number): AsyncIterable<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

const FORMS: Record<string, () => BaileysState> = {
  "keys and values as text": () => {
    const values = new Map(keys().map(({ type, id, text }) => [`bot:${type}-${id}`, text]));
    values.set("bot:creds", creds());
    values.set("other:creds", "{");
    return keyValueState(
      {
        async *keys() {
          yield* values.keys();
        },
        get: async (key) => values.get(key),
      },
      { prefix: "bot:" },
    );
  },
  "keys and values as parsed JSON": () => {
    const values = new Map(texts().map(([name, text]) => [`${name}.json`, JSON.parse(text) as unknown]));
    return keyValueState({
      async *keys() {
        yield* values.keys();
      },
      get: async (key) => values.get(key),
    });
  },
  "a dump of rows with values as text": () => {
    const lines = texts().map(([id, value]) => JSON.stringify({ id, value }));
    return linesState(() => chunksOf(`${lines.join("\r\n")}\n\n`, 100));
  },
  "a dump of documents": () => {
    // A document has the members of an object; other values need a member of their own.
    const lines = texts().map(([_id, text]) => {
      const value = JSON.parse(text) as object;
      return JSON.stringify(
        typeof value === "object" && !Array.isArray(value) ? { _id, ...value } : { _id, value },
      );
    });
    return linesState(() => chunksOf(lines.join("\n"), 1_000));
  },
  "the SQLite state": () => {
    const path = join(folder.path, "next.db");
    const rows = keys().map(({ type, id, text }) => ({
      sql: "INSERT INTO signal_keys VALUES (?, ?, ?)",
      params: [type, id, text],
    }));
    makeDatabase(path, [
      "CREATE TABLE creds (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
      "CREATE TABLE signal_keys (type TEXT, id TEXT, value TEXT NOT NULL, PRIMARY KEY (type, id))",
      { sql: "INSERT INTO creds VALUES ('__creds__', ?)", params: [creds()] },
      ...rows,
    ]);
    return nextSqliteState(sqliteFile(path));
  },
  "the list of a live state": () =>
    liveState({
      creds: JSON.parse(creds(), BufferJSON.reviver) as object,
      keys: {
        async *list(type) {
          for (const key of keys())
            if (key.type === type) yield [key.id, JSON.parse(key.text, BufferJSON.reviver)] as const;
        },
      },
    }),
};

/** The device and the rows, in one order. */
async function read(state: BaileysState): Promise<unknown> {
  const tally = new Tally();
  const { device, rows } = await foreignBaileys(state).open(tally, {});
  const writes: string[] = [];
  const shown = (_key: string, value: unknown) =>
    value instanceof Uint8Array
      ? Buffer.from(value).toString("hex")
      : value instanceof Map
        ? [...value]
        : typeof value === "bigint"
          ? String(value)
          : value;
  for await (const { write } of rows()) writes.push(JSON.stringify(write, shown));
  expect(tally.skipped).toEqual([]);
  return { device, writes: writes.sort() };
}

describe("a Baileys state", () => {
  test.each(Object.keys(FORMS))("reads %s as the folder", async (name) => {
    const folderState = (await read(baileysFolder(diskFolder(files)))) as { writes: string[] };
    expect(folderState.writes.length).toBeGreaterThan(10);
    expect(await read((FORMS[name] as () => BaileysState)())).toEqual(folderState);
  });

  test("a dry run stores nothing and counts everything", async () => {
    const backend = memoryBackend();
    const report = await importBaileysFolder(backend, diskFolder(files), { chain: "burn", dryRun: true });
    expect(await backend.exists()).toBe(false);
    expect(report).toMatchObject({ isDryRun: true, pn: "15550000001:1@s.whatsapp.net", skipped: [] });
    expect(
      Object.fromEntries(report.kinds.map(({ kind, found, converted }) => [kind, [found, converted]])),
    ).toEqual({
      creds: [1, 1],
      "app-state-sync-key": [1, 1],
      "identity-key": [1, 1],
      // A mapping has two files; ours is known from the credentials.
      "lid-mapping": [2, 2],
      "pre-key": [4, 4],
      "sender-key": [2, 2],
      "sender-key-memory": [1, 1],
      session: [1, 1],
    });
  });
});
