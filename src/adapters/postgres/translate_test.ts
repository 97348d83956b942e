import { describe, expect, test } from "vitest";
import { Dialect } from "./dialect.ts";
import { repeatedKeys } from "./row_insert.ts";

function translated(sql: string, params: readonly (string | number | null | Uint8Array)[] = []): string {
  return new Dialect("hf").translate(sql, params).sql.replace(/\s+/g, " ");
}

describe("Dialect.translate", () => {
  test("numbers parameters as SQLite does", () => {
    expect(translated("SELECT ? FROM account WHERE name = ?1 AND epoch BETWEEN ? AND ?4 AND owner = ?")).toBe(
      "SELECT $1 FROM hf.account WHERE name = $1 AND epoch BETWEEN $2 AND $4 AND owner = $5",
    );
  });

  test("quotes the name of the role, and names tables by their schema", () => {
    expect(translated("SELECT 1 FROM session s WHERE s.user = ? AND user = ?")).toBe(
      'SELECT 1 FROM hf.session s WHERE s."user" = $1 AND "user" = $2',
    );
  });

  test("casts the result of a check, not the word", () => {
    expect(
      translated("SELECT CASE WHEN (SELECT owner IS ? FROM account) THEN 1 ELSE json('fenced') END"),
    ).toBe(
      "SELECT CAST( CASE WHEN (SELECT owner IS NOT DISTINCT FROM $1 FROM hf.account) THEN '1' ELSE 'fenced' END AS integer)",
    );
  });

  test("names the stored row in an upsert", () => {
    expect(
      translated(
        `INSERT INTO sync_version (device_id, name, started) VALUES (?, ?, ?) ON CONFLICT (device_id, name)
         DO UPDATE SET started = max(started, excluded.started), revision = revision + 1
         WHERE started < excluded.started`,
      ),
    ).toBe(
      "INSERT INTO hf.sync_version (device_id, name, started) VALUES ($1, $2, $3) ON CONFLICT (device_id, name) DO UPDATE SET started = greatest (sync_version.started, excluded.started), revision = sync_version.revision + 1 WHERE sync_version.started < excluded.started",
    );
  });

  test("keeps parameters that rows share", () => {
    expect(
      translated(
        "INSERT INTO pre_key (device_id, id, uploaded) VALUES (?1,?,?),(?1,?,?3) ON CONFLICT (device_id, id) DO NOTHING",
      ),
    ).toContain("VALUES ($1, $2, $3), ($1, $4, $3)");
  });

  test("replaces a mapping under a new number", () => {
    const sql = translated(
      "INSERT OR REPLACE INTO lid_mapping (device_id, lid, phone_number) VALUES (?1,?,?) ",
    );
    expect(sql).toBe(
      "INSERT INTO hf.lid_mapping (device_id, lid, phone_number) VALUES ($1, $2, $3) ON CONFLICT (device_id, lid) DO UPDATE SET phone_number = excluded.phone_number, seq = excluded.seq",
    );
  });

  test("gives keys of a list their types", () => {
    expect(
      translated(
        "DELETE FROM pre_key WHERE device_id = ? AND id IN (VALUES (?),(?)) RETURNING id",
        [1, 2, 3],
      ),
    ).toBe("DELETE FROM hf.pre_key WHERE device_id = $1 AND id IN (VALUES ($2::bigint), ($3)) RETURNING id");
  });

  test("reads lists of JSON", () => {
    expect(translated("SELECT name FROM account WHERE name IN (SELECT value FROM json_each(?))")).toBe(
      "SELECT name FROM hf.account WHERE name IN (SELECT value FROM json_array_elements_text ($1 ::json) AS each (value))",
    );
  });

  test("gives a condition that may be NULL a condition", () => {
    expect(translated("SELECT 1 FROM service_token WHERE ifnull(expires_at > ?, 1)")).toBe(
      "SELECT 1 FROM hf.service_token WHERE coalesce (expires_at > $1, true)",
    );
  });

  test("gives a parameter that is only compared with NULL a type", () => {
    expect(translated("SELECT 1 FROM service_token WHERE (? IS NULL OR account = ?1)")).toBe(
      "SELECT 1 FROM hf.service_token WHERE ($1::text IS NULL OR account = $1)",
    );
  });

  test("makes tables whose texts are compared by their bytes", () => {
    expect(
      translated(
        "CREATE TABLE pre_key ( id INTEGER NOT NULL, a TEXT, b BLOB, PRIMARY KEY (id) ) STRICT, WITHOUT ROWID",
      ),
    ).toBe('CREATE TABLE hf.pre_key (id bigint NOT NULL, a text COLLATE "C", b bytea, PRIMARY KEY (id))');
  });
});

describe("repeatedKeys", () => {
  test("splits where a key comes again", () => {
    const rows = [1, 3, 5, 7].map((first) => [first, first + 1]);
    const insert = { keyColumns: 1, rows };
    expect(repeatedKeys(insert, ["a", 1, "b", 2, "a", 3, "a", 4])).toEqual([2, 3]);
    expect(repeatedKeys(insert, ["a", 1, "b", 2, "c", 3, "d", 4])).toEqual([]);
  });
});
