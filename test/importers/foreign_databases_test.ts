/**
 * Databases of whatsmeow, whatsapp-rust and zapo by their schemas, with records of real Signal code. Does not
 * cover the real programs.
 */
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { type Backend, listAllRows, type Write } from "../../src/backend/mod.ts";
import {
  diskFolder,
  exportWhatsappRust,
  exportWhatsmeow,
  type ForeignReport,
  type ForeignStatement,
  importBaileysFolder,
  importWhatsappRust,
  importWhatsmeow,
  importZapo,
  type SqliteFile,
  sqliteFile,
} from "../../src/exports/importers.ts";
import { openPeer } from "../baileys/holdfast_peer.ts";
import { ANNA_LID, annaOnFolder, ben, GROUP, Talk, temporaryFolder } from "./baileys_world.ts";
import { type Source, whatsappRustRows, whatsmeowRows, zapoRows } from "./foreign_rows.ts";
import { WHATSAPP_RUST, WHATSMEOW, ZAPO } from "./foreign_schemas.ts";
import { makeDatabase } from "./make_database.ts";

const home = temporaryFolder();
const knownBen = ben();
const origin = new MemoryDatabase();
let talk: Talk;
let files = 0;

beforeAll(async () => {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
  const anna = await annaOnFolder(join(home.path, "auth"));
  await new Talk(knownBen).begin(anna);
  await anna.socketKeys.set({
    "sender-key-memory": { [GROUP]: { "200000000000002:3@lid": true } },
    "lid-mapping": { "15550000002": "200000000000002", "200000000000002_reverse": "15550000002" },
    "device-list": { "200000000000002": ["0", "3"] },
    tctoken: { "200000000000002@lid": { token: Buffer.from([1, 2, 3]), timestamp: "1700000000" } },
    "app-state-sync-key": {
      "AAAA/w==": { keyData: new Uint8Array(32).fill(7), timestamp: 1_700_000_000 } as never,
    },
    "app-state-sync-version": {
      regular: {
        version: 300,
        hash: Buffer.alloc(128, 1),
        indexValueMap: Object.fromEntries(
          [1, 2].map((fill) => [
            Buffer.alloc(32, fill).toString("base64"),
            { valueMac: Buffer.alloc(32, 9) },
          ]),
        ),
      },
    },
  });
  const backend = memoryBackend({ database: origin });
  await importBaileysFolder(backend, diskFolder(join(home.path, "auth")), { chain: "originalIsStopped" });
});
afterAll(() => home[Symbol.dispose]());
beforeEach(() => {
  talk = new Talk(knownBen.copy());
});

/** The rows of the account that came from Baileys. */
async function source(): Promise<Source> {
  const backend = memoryBackend({ database: origin });
  const device = await backend.load();
  if (device === undefined) throw new Error("there is no device");
  return { device, rows: await rowsOf(backend) };
}

async function rowsOf(backend: Backend): Promise<Write[]> {
  const rows: Write[] = [];
  for await (const row of listAllRows(backend)) rows.push(row);
  return rows;
}

function database(schema: readonly string[], rows: readonly ForeignStatement[]): SqliteFile {
  files += 1;
  const path = join(home.path, `foreign-${files}.db`);
  makeDatabase(path, [...schema, ...rows]);
  return sqliteFile(path, { writable: true });
}

/** Rows that every client has, as text, without what another client cannot say. */
function shared(rows: readonly Write[]): string[] {
  const kinds = [
    "identity.put",
    "session.put",
    "senderKey.put",
    "preKey.put",
    "syncKey.put",
    "lidMapping.put",
    "tcToken.put",
  ];
  return rows
    .filter(({ kind }) => kinds.includes(kind))
    .map((row) =>
      JSON.stringify(row, (key, value) => {
        if (["lease", "createdAt", "updatedAt", "learningSource"].includes(key)) return undefined;
        return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
      }),
    )
    .sort();
}

/** Imports, compares with the account from Baileys, and goes on with the conversation. */
async function moves(
  into: (backend: Backend) => Promise<ForeignReport>,
  skipped: readonly object[],
  transform: (rows: string[]) => string[] = (rows) => rows,
): Promise<Write[]> {
  const target = new MemoryDatabase();
  const report = await into(memoryBackend({ database: target }));
  expect(report.skipped).toEqual(skipped);
  const rows = await rowsOf(memoryBackend({ database: target }));
  expect(transform(shared(rows))).toEqual(transform(shared((await source()).rows)));
  const macs = rows.filter(({ kind }) => kind === "mutationMacs.put");
  expect(macs).toHaveLength(2);
  const patch = rows.find(({ kind }) => kind === "syncVersion.patch");
  expect(patch).toMatchObject({ name: "regular", patch: { state: { version: 300n } } });
  expect(patch?.kind === "syncVersion.patch" && [...patch.patch.values.values()]).toEqual(
    [1, 2].map(() => new Uint8Array(32).fill(9)),
  );
  const anna = await openPeer(ANNA_LID, memoryBackend({ database: target }));
  await talk.goOn(anna.peer, 1);
  await anna.account.close();
  return rows;
}

const IDLE = { chain: "originalIsStopped" } as const;

describe("importWhatsmeow", () => {
  test("takes a device with its conversations", async () => {
    using sql = database(WHATSMEOW, whatsmeowRows(await source()));
    await moves(
      (backend) => importWhatsmeow(backend, sql, IDLE),
      [{ kind: "whatsmeow_contacts", reason: "not-kept", count: 1, examples: ["whatsmeow_contacts"] }],
    );
  });

  test("asks which of several devices is meant, and knows another file", async () => {
    const rows = whatsmeowRows(await source());
    using sql = database(WHATSMEOW, rows);
    await expect(importWhatsmeow(memoryBackend(), sql, { ...IDLE, jid: "1@s.whatsapp.net" })).rejects.toThrow(
      /no such account/,
    );
    await sql.transaction(
      (async function* () {
        const [first] = rows as [ForeignStatement];
        yield { ...first, params: ["15550000009:1@s.whatsapp.net", ...first.params.slice(1)] };
      })(),
    );
    await expect(importWhatsmeow(memoryBackend(), sql, IDLE)).rejects.toThrow(/several accounts.*jid/);
    await expect(importZapo(memoryBackend(), sql, IDLE)).rejects.toThrow(/no table auth_credentials/);
  });

  test("a damaged row is an error that names it, or is left out", async () => {
    using sql = database(WHATSMEOW, [
      ...whatsmeowRows(await source()),
      { sql: "UPDATE whatsmeow_sessions SET session = x'0a05'", params: [] },
    ]);
    await expect(importWhatsmeow(memoryBackend(), sql, IDLE)).rejects.toMatchObject({
      name: "CorruptError",
      message: expect.stringMatching(/row 200000000000002_1:3 of whatsmeow_sessions is damaged.*skipDamaged/),
    });
    const report = await importWhatsmeow(memoryBackend(), sql, { ...IDLE, skipDamaged: true });
    expect(report.skipped).toContainEqual(
      expect.objectContaining({ kind: "whatsmeow_sessions", reason: "damaged", count: 1 }),
    );
  });
});

describe("importWhatsappRust", () => {
  test.each([true, false])("takes a device with its conversations (positional: %s)", async (isPositional) => {
    using sql = database(WHATSAPP_RUST, whatsappRustRows(await source(), { isPositional }));
    const rows = await moves(
      (backend) => importWhatsappRust(backend, sql, IDLE),
      isPositional ? [] : [{ kind: "device", reason: "not-kept", count: 1, examples: ["server_cert_chain"] }],
    );
    expect(rows).toContainEqual(expect.objectContaining({ kind: "senderKeyDevices.set", group: GROUP }));
    expect(rows.find(({ kind }) => kind === "deviceList.put")).toMatchObject({
      records: [{ rawId: 2 ** 32 - 2 }],
    });
  });

  test("continues behind the reserved counters, and burns the chain of a copy", async () => {
    using sql = database(
      WHATSAPP_RUST,
      whatsappRustRows(await source(), { isPositional: false, reservation: 40n }),
    );
    const target = new MemoryDatabase();
    await importWhatsappRust(memoryBackend({ database: target }), sql, IDLE);
    const session = (await rowsOf(memoryBackend({ database: target }))).find(
      ({ kind }) => kind === "session.put",
    );
    expect(session).toMatchObject({ lease: { reservedUntil: 41 } });
    const anna = await openPeer(ANNA_LID, memoryBackend({ database: target }));
    await talk.fromAnna(anna.peer);
    expect([...talk.used].at(-1)).toMatch(/#41$/);
    await anna.account.close();

    const copy = new MemoryDatabase();
    await importWhatsappRust(memoryBackend({ database: copy }), sql, { chain: "burn" });
    const burned = await openPeer(ANNA_LID, memoryBackend({ database: copy }));
    await expect(talk.fromAnna(burned.peer)).rejects.toThrow();
    await burned.account.close();
  });
});

describe("importZapo", () => {
  test("takes a session with its conversations, from tables with other names", async () => {
    using sql = database(ZAPO, zapoRows(await source()));
    const tables = { sender_keys: "bot_sender_keys" };
    await moves(
      (backend) => importZapo(backend, sql, { ...IDLE, tables }),
      [{ kind: "device_list_cache", reason: "not-kept", count: 1, examples: ["device_list_cache"] }],
    );
  });
});

describe("exportWhatsmeow and exportWhatsappRust", () => {
  test.each([
    ["whatsmeow", WHATSMEOW, exportWhatsmeow, importWhatsmeow],
    ["whatsapp-rust", WHATSAPP_RUST, exportWhatsappRust, importWhatsappRust],
  ] as const)("write what the importer of %s reads", async (_name, schema, writeTo, readFrom) => {
    using sql = database(schema, []);
    await expect(writeTo(memoryBackend(), sql)).rejects.toThrow(/no account/);
    const report = await writeTo(memoryBackend({ database: origin }), sql);
    expect(report.skipped.filter(({ reason }) => reason !== "not-kept")).toEqual([]);
    await expect(writeTo(memoryBackend({ database: origin }), sql)).rejects.toThrow(/already|paired/);
    // Records have keys burned, and are compared by the conversation.
    await moves(
      (backend) => readFrom(backend, sql, IDLE),
      [],
      (rows) => rows.filter((row) => !/"(?:session|senderKey)\.put"/.test(row)),
    );
  });

  test.each(["positional", "protobuf"] as const)(
    "ask for the encoding of older tables, and write %s",
    async (encoding) => {
      const migrated = (version: string): string[] => [
        "CREATE TABLE __diesel_schema_migrations (version TEXT PRIMARY KEY)",
        `INSERT INTO __diesel_schema_migrations VALUES ('20250814035031'), ('${version}')`,
      ];
      const account = memoryBackend({ database: origin });
      using old = database([...WHATSAPP_RUST, ...migrated("20260426000000")], []);
      await expect(exportWhatsappRust(account, old)).rejects.toThrow(/name the encoding/);
      await exportWhatsappRust(account, old, { encoding });
      const rows = await old.all("SELECT key_data, state_data FROM app_state_keys, app_state_versions", []);
      const written = whatsappRustRows(await source(), { isPositional: encoding === "positional" });
      const keyData = written.find(({ sql }) => sql.includes("app_state_keys"))?.params[1];
      expect(rows.map(({ key_data }) => new Uint8Array(key_data as Uint8Array))).toEqual([
        new Uint8Array(keyData as Uint8Array),
      ]);
      const home = memoryBackend();
      await importWhatsappRust(home, old, IDLE);
      expect(await home.getVersion("regular")).toMatchObject({ version: 300n });
      using later = database([...WHATSAPP_RUST, ...migrated("20260701000000")], []);
      await exportWhatsappRust(account, later);
    },
  );

  test("need the tables that the program makes, and do nothing halfway", async () => {
    using empty = database([], [{ sql: "CREATE TABLE other (id INTEGER)", params: [] }]);
    await expect(exportWhatsmeow(memoryBackend({ database: origin }), empty)).rejects.toThrow(
      /no table whatsmeow_device; start the program once/,
    );
  });

  test("a row that is refused leaves nothing behind", async () => {
    using sql = database(
      [
        ...WHATSMEOW.filter((table) => !table.includes("sessions")),
        "CREATE TABLE whatsmeow_sessions (our_jid TEXT, their_id TEXT, session BLOB, later TEXT NOT NULL)",
      ],
      [],
    );
    await expect(exportWhatsmeow(memoryBackend({ database: origin }), sql)).rejects.toThrow(
      /unknown version/,
    );
    expect(await sql.all("SELECT * FROM whatsmeow_device", [])).toEqual([]);
  });
});
