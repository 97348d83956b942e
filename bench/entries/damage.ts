import { join } from "node:path";
import Database from "libsql";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { openSqliteBackend, type SqlDriver } from "../../src/adapters/sqlite/mod.ts";
import { FileConnection } from "../../src/adapters/sqlite_file/file_connection.ts";
import {
  NativeClient,
  type NativeLibrary,
  type NativeStatement,
  openNativeFile,
  SQLITE_LIMITS,
} from "../../src/adapters/sqlite_file/mod.ts";
import type { Backend, Write } from "../../src/backend/mod.ts";
import { createDevice } from "../../src/device/mod.ts";
import { silentLogger, systemHost } from "../../src/ports/mod.ts";
import type { Comparison } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";
import { makeFolder } from "../support/folder.ts";

const SESSIONS = 1_000;
const RECORD_BYTES = 1_500;

const addresses: readonly string[] = Array.from({ length: SESSIONS }, (_, index) => {
  return `${5_511_900_000_000 + index * 7_919}@c.us.0`;
});

async function fill(backend: Backend): Promise<void> {
  await backend.save(await createDevice(systemHost()));
  await backend.commit(
    addresses.map((address, index): Write => {
      const lease = { reservedUntil: 64, incarnation: "0123456789abcdef".repeat(2), burned: 0 };
      return { kind: "session.put", address, record: new Uint8Array(RECORD_BYTES).fill(index), lease };
    }),
  );
}

/** A driver over the file that returns text as the library does. */
function uncheckedDriver(path: string): SqlDriver {
  const library = Database as unknown as NativeLibrary;
  const connection = new FileConnection(new NativeClient(library, path, 50), "memory", {
    logger: silentLogger,
  });
  return {
    limits: SQLITE_LIMITS,
    durable: false,
    query: (sql, params) => connection.query(sql, params),
    batch: (statements) => connection.batch(statements),
    close: () => connection.close(),
  };
}

/** The same reads of one file, with its texts checked and as the library returns them. */
async function reads(read: (backend: Backend) => Promise<unknown>): Promise<Comparison> {
  const folder = makeFolder();
  const path = join(folder.path, "backend.db");
  const library = Database as unknown as NativeLibrary;
  // Without what a backend of a file does beside it: see `openFileBackend`.
  const checked = await openSqliteBackend(await openNativeFile(library, { path, logger: silentLogger }));
  await fill(checked);
  const unchecked = await openSqliteBackend(uncheckedDriver(path));
  return {
    ours: { run: () => read(checked) },
    theirs: { run: () => read(unchecked) },
    close: async () => {
      await unchecked.close();
      await checked.close();
      folder.remove();
    },
  };
}

/** The library, with the rows of tables that are read without their index counted. */
function countingLibrary(count: (rows: number) => void): NativeLibrary {
  const library = Database as unknown as NativeLibrary;
  return class extends library {
    override prepare(sql: string): NativeStatement {
      const statement = super.prepare(sql);
      const [, table] = /FROM (\w+)(?: t)? NOT INDEXED/.exec(sql) ?? [];
      if (table === undefined) return statement;
      const all = statement.all.bind(statement);
      statement.all = (...params: unknown[]): unknown[] => {
        const [row] = super.prepare(`SELECT count(*) AS n FROM ${table}`).all([]) as { readonly n: number }[];
        count(row?.n ?? 0);
        return all(...params);
      };
      return statement;
    }
  };
}

/**
 * Rows read to confirm that contacts have no session: a hundred at once that are known, the same ones again,
 * strangers, and, in an account of its own in the same file, new contacts one after another.
 */
async function confirmedRows(): Promise<Record<string, number>> {
  const folder = makeFolder();
  let rows = 0;
  const native = countingLibrary((more) => {
    rows += more;
  });
  const url = `file:${join(folder.path, "backend.db")}`;
  const taken = (): number => {
    const before = rows;
    rows = 0;
    return before;
  };
  const backend = await libsqlBackend({ url, native });
  await fill(backend);
  taken();
  await backend.loadSessionRows(["5500000000000@c.us.0", "5500000000001@c.us.0"]);
  const strangers = taken();
  const others = addresses.slice(0, 100).map((address) => address.replace("@", ":9@"));
  await Promise.all(others.map((address) => backend.loadSessionRow(address)));
  const together = taken();
  await backend.loadSessionRows(others.map((address) => address.replace(":9@", ":8@")));
  const again = taken();
  const beside = await libsqlBackend({ url, native, account: "beside" });
  await beside.save(await createDevice(systemHost()));
  taken();
  for (const address of others) {
    const user = address.slice(0, address.indexOf(":"));
    await beside.updateDeviceList({ user, devices: [], timestamp: 1 });
    await beside.loadSessionRow(address);
  }
  const newContacts = taken();
  await beside.close();
  await backend.close();
  folder.remove();
  return { together, again, strangers, newContacts };
}

const UNCHECKED = "the same statements and decoding over the same library, with text as it returns it";

export const entries: readonly BenchEntry[] = [
  {
    name: "libsql.read_1000_sessions.vs_unchecked",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 1.1 },
    against: UNCHECKED,
    open: () => reads((backend) => backend.loadSessionRows(addresses)),
  },
  {
    name: "libsql.read_device.vs_unchecked",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 1.5 },
    against: UNCHECKED,
    open: () =>
      reads(async (backend) => {
        for (let read = 0; read < 100; read += 1) await backend.load();
      }),
  },
  {
    name: "file.confirm_rows_read",
    kind: "count",
    unit: "rows",
    limit: { max: SESSIONS },
    against:
      "rows of a table of 1,000 sessions: for 100 absences at once, again, for strangers, and for 100 new contacts",
    run: confirmedRows,
  },
];
