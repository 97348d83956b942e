import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { Backend } from "../../backend/mod.ts";
import { createDevice } from "../../device/mod.ts";
import { BusyError, CorruptError } from "../../errors/mod.ts";
import { silentLogger } from "../../ports/mod.ts";
import { fakeHost } from "../../testing/mod.ts";
import { libsqlBackend } from "../libsql/mod.ts";
import { openLibsqlDriver } from "../libsql/open_driver.ts";
import { openSqliteBackend, type SqlDriver } from "../sqlite/mod.ts";
import { confirmAbsences } from "./confirm_absence.ts";

const PAGE_BYTES = 8_192;
const OWN = "5511999990000";
const folder = mkdtempSync(join(tmpdir(), "holdfast-absence-"));
let files = 0;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Users with a device list and a session of their first device. */
const USERS: readonly string[] = Array.from({ length: 20 }, (_, index) => String(551_100_000_100 + index));

const addressOf = (user: string, device = 0): string => `${user}${device > 0 ? `:${device}` : ""}@c.us.0`;

async function makeFile(): Promise<string> {
  files += 1;
  const path = join(folder, `${files}.db`);
  const backend = await libsqlBackend({ url: `file:${path}`, logger: silentLogger });
  await backend.save({ ...(await createDevice(fakeHost())), pn: `${OWN}:3@s.whatsapp.net` });
  for (const user of USERS) {
    await backend.updateDeviceList({ user, devices: [], timestamp: 1 });
    await backend.putSession(addressOf(user), new Uint8Array([1]));
  }
  await backend.close();
  return path;
}

/** Flips a bit of a session's address in the index. */
function hide(path: string, address: string): void {
  const database = new Database(path);
  const { rootpage } = database
    .prepare("SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_session_1'")
    .get() as { readonly rootpage: number };
  database.close();
  const raw = readFileSync(path);
  const at = raw.indexOf(address, (rootpage - 1) * PAGE_BYTES);
  expect(at).toBeLessThan(rootpage * PAGE_BYTES);
  raw[at + address.length - 1] = 0x38;
  writeFileSync(path, raw);
}

interface Opened {
  readonly backend: Backend;
  /** Tables that were read without their index. */
  readonly readings: string[];
  /** Errors of the next statements that match. */
  readonly failing: { sql: RegExp; error: Error }[];
}

const opened: Backend[] = [];

async function open(path: string): Promise<Opened> {
  const inner = await openLibsqlDriver({ url: `file:${path}`, logger: silentLogger });
  const readings: string[] = [];
  const failing: Opened["failing"] = [];
  const driver: SqlDriver = {
    limits: inner.limits,
    durable: inner.durable,
    query: async (sql, params) => {
      if (failing[0]?.sql.test(sql)) throw failing.shift()?.error;
      const [, table] = /FROM (\w+) t NOT INDEXED/.exec(sql) ?? [];
      if (table !== undefined) readings.push(table);
      return await inner.query(sql, params);
    },
    batch: (statements) => inner.batch(statements),
    close: () => inner.close(),
  };
  const backend = confirmAbsences(await openSqliteBackend(driver), driver, "default");
  opened.push(backend);
  return { backend, readings, failing };
}

describe("confirmAbsences", () => {
  beforeEach(async () => {
    for (const backend of opened.splice(0)) await backend.close();
  });

  test.each([["SELECT 1"], ["FROM scope"], ["NOT INDEXED"]])(
    "looks again after a failure of %s",
    async (sql) => {
      const { backend, failing } = await open(await makeFile());
      const error = new BusyError("query: busy");
      failing.push({ sql: new RegExp(sql === "SELECT 1" ? `^${sql}$` : sql), error });
      const [user = "", other = ""] = USERS;
      await expect(backend.getSession(addressOf(user, 1))).rejects.toBe(error);
      expect(failing).toEqual([]);
      expect(await backend.getSession(addressOf(user, 1))).toBe(undefined);
      expect(await backend.getSession(addressOf(other, 1))).toBe(undefined);
    },
  );

  test("reads each table once, whatever contacts come later", async () => {
    const { backend, readings } = await open(await makeFile());
    for (const user of USERS) {
      expect(await backend.getSession(addressOf(user, 1))).toBe(undefined);
      expect(await backend.loadSenderKeyRow(`1203@g.us:${user}:1@c.us.0`)).toBe(undefined);
    }
    await Promise.all(USERS.map((user) => backend.hasSession(addressOf(user, 2))));
    expect(readings).toEqual(["session", "sender_key"]);
  });

  test("reads no table for strangers, nor for members of a group with marks", async () => {
    const { backend, readings } = await open(await makeFile());
    await backend.commit([
      {
        kind: "senderKeyDevices.set",
        group: "1203@g.us",
        entries: [["5511000001000:0@s.whatsapp.net", true]],
      },
    ]);
    expect(await backend.getSession("5599000000000@c.us.0")).toBe(undefined);
    expect(await backend.loadSenderKeyRow("1203@g.us:5599000000000:0@c.us.0")).toBe(undefined);
    expect(readings).toEqual([]);
    expect(await backend.loadSenderKeyRow(`1203@g.us:${OWN}:3@c.us.0`)).toBe(undefined);
    expect(readings).toEqual(["sender_key"]);
  });

  test("reports each user of whom the index lacks a row, from one reading", async () => {
    const path = await makeFile();
    const [sound = "", ...damaged] = USERS.slice(0, 3);
    for (const user of damaged) hide(path, addressOf(user));
    const { backend, readings } = await open(path);
    const absent = USERS.slice(3).map((user) => addressOf(user, 1));
    expect(await backend.getSessions([addressOf(sound), ...absent])).toEqual([
      new Uint8Array([1]),
      ...absent.map(() => undefined),
    ]);
    for (const user of damaged) {
      const failed = backend.getSession(addressOf(user));
      await expect(failed).rejects.toBeInstanceOf(CorruptError);
      await expect(failed).rejects.toThrow(/^read session: it is stored, and the index lacks it/);
      await expect(backend.getSessions([absent[0] ?? "", addressOf(user)])).rejects.toThrow(/REINDEX/);
    }
    expect(await backend.getSession(addressOf(sound, 1))).toBe(undefined);
    expect(readings).toEqual(["session"]);
  });

  test("a damaged name of another user hides no one else", async () => {
    const path = await makeFile();
    const database = new Database(path);
    const [user = "", other = ""] = USERS;
    database.prepare("UPDATE session SET user = CAST(x'ff31' AS TEXT) WHERE user = ?").run(other);
    database.close();
    hide(path, addressOf(other));
    const { backend } = await open(path);
    expect(await backend.getSession(addressOf(user, 1))).toBe(undefined);
  });
});
