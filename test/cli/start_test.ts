/** What a service refuses at its start, and what it says of its database afterwards. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { ServiceProcess } from "./service_process.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-start-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs statements on a database file. */
async function change(path: string, ...statements: readonly string[]): Promise<void> {
  const driver = await openLibsqlDriver({ url: `file:${path}`, logger: silentLogger });
  await driver.batch(statements.map((sql) => ({ sql, params: [] })));
  await driver.close();
}

describe("holdfast serve", () => {
  test("refuses a newer database and writes nothing into it", async () => {
    const path = join(folder, "newer.db");
    await (await libsqlBackend({ url: `file:${path}`, logger: silentLogger })).close();
    await change(path, "UPDATE holdfast_schema SET version = 99, floor = 99");
    // A connection stays open for a while after its last use.
    const before = readFileSync(path);
    await expect(ServiceProcess.start(path)).rejects.toThrow("schema 99 is newer than");
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(["newer.db"]);
  });

  test("refuses a database of another application", async () => {
    const path = join(folder, "other.db");
    await change(path, "CREATE TABLE account (id INTEGER)");
    await expect(ServiceProcess.start(path)).rejects.toThrow("ended with 6");
  });

  test("names the admin token that is too short", async () => {
    const env = { HOLDFAST_ADMIN_TOKEN: "short-secret" };
    const error = await ServiceProcess.start(join(folder, "token.db"), env).then(
      () => "started",
      ({ message }: Error) => message,
    );
    expect(error).toContain("HOLDFAST_ADMIN_TOKEN has 12 characters, expected 32 or more");
    expect(error).not.toContain("short-secret");
  });
});

describe("GET /v1/ready", () => {
  test("asks the database, unlike /v1/health", async () => {
    const path = join(folder, "ready.db");
    await using service = await ServiceProcess.start(path);
    const statusOf = async (route: string): Promise<number> => (await fetch(service.url + route)).status;
    expect(await statusOf("/v1/ready")).toBe(200);
    await change(path, "DROP TABLE service_token");
    expect(await statusOf("/v1/ready")).toBe(503);
    expect(await statusOf("/v1/health")).toBe(200);
  });
});
