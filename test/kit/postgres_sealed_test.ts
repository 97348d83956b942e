/**
 * Encryption at rest over PostgreSQL: the kit, another key while the account is in use, and what is left in the
 * files of the server when an account that was not sealed is.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Pool } from "pg";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { type Account, openAccount } from "../../src/account/mod.ts";
import { postgresBackend } from "../../src/adapters/postgres/mod.ts";
import { SCOPED_TABLES } from "../../src/adapters/sqlite/mod.ts";
import { CorruptError, SealedError } from "../../src/errors/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { rotateKey, type SealingOptions, sealing } from "../../src/sealing/mod.ts";
import { fakeHost, SeededRandom } from "../../src/testing/mod.ts";
import { dose } from "../support/dose.ts";
import { startPostgresPool } from "../support/postgres/pool.ts";
import { startPostgresServer, whyNoPostgres } from "../support/postgres/server.ts";
import { pgClients, postgresTarget } from "./postgres.ts";
import { registerTargets } from "./register.ts";
import { testSealing, valueCases } from "./sealed.ts";

const why = whyNoPostgres();

const KEYS: SealingOptions = { keys: { one: new Uint8Array(32).fill(1) } };
const TURN_ON: SealingOptions = { ...KEYS, sealExisting: true };
const BOTH: SealingOptions = { keys: { ...KEYS.keys, two: new Uint8Array(32).fill(2) }, current: "two" };
const NEXT: SealingOptions = { keys: { two: new Uint8Array(32).fill(2) } };

if (why !== undefined) test(`postgres through pg, sealed: ${why}`, ({ skip }) => skip(why));
else {
  const { pool, close } = await startPostgresPool();
  afterAll(close);

  registerTargets(
    [postgresTarget("postgres through pg, sealed", () => pgClients(pool), testSealing())],
    test,
    {
      cases: dose({ short: valueCases, long: undefined }),
    },
  );

  const open = (schema: string, options: SealingOptions | undefined, on: Pool = pool): Promise<Account> =>
    openAccount({
      backend: () =>
        postgresBackend({ pg: on, schema, logger: silentLogger, sealing: options && sealing(options) }),
      host: fakeHost({ seed: 1 }),
    });

  /** Every value of a table of the schema, as PostgreSQL shows its rows. */
  const rowsOf = async (on: Pool, schema: string): Promise<string> => {
    let text = "";
    for (const { name } of SCOPED_TABLES) {
      const { rows } = await on.query(`SELECT t::text AS row FROM ${schema}.${name} t`);
      text += rows.map(({ row }) => row).join("\n");
    }
    return text;
  };

  /** The bytes of the files of the server: those of tables, or of the write-ahead log. */
  const filesOf = async (on: Pool, part: "base" | "pg_wal"): Promise<Buffer> => {
    const { rows } = await on.query("SHOW data_directory");
    const folder = join(rows[0].data_directory, part);
    const names = readdirSync(folder, { recursive: true, withFileTypes: true });
    const files = names.filter((entry) => entry.isFile());
    return Buffer.concat(files.map((entry) => readFileSync(join(entry.parentPath, entry.name))));
  };

  describe("a sealed account over PostgreSQL", () => {
    test("leaves secrets in dead rows and the log until these are removed", async () => {
      // Of its own: in the log of a server that is used, files were reused before.
      const own = await startPostgresServer({ autovacuum: "off" });
      const on = new Pool({ connectionString: own.url, max: 4 });
      on.on("error", () => {});
      onTestFinished(async () => {
        await on.end();
        await own.close();
      });
      const random = new SeededRandom(4);
      const secrets = Array.from({ length: 60 }, () => random.bytes(24));
      const plain = await open("turned_on", undefined, on);
      await plain.store.commit(
        secrets.map((record, index) => ({ kind: "session.put" as const, address: `${index}@lid.0`, record })),
      );
      const { privateKey } = plain.device.getDeviceSnapshot().identityKey;
      await plain.close();
      const all = [...secrets, privateKey];
      const foundIn = (bytes: Buffer): number =>
        all.filter((secret) => bytes.includes(Buffer.from(secret))).length;
      const shown = async (): Promise<number> => {
        const text = await rowsOf(on, "turned_on");
        return all.filter((secret) => text.includes(Buffer.from(secret).toString("hex"))).length;
      };
      expect(await shown()).toBe(all.length);
      // As docs/guide/encrypt.md says.
      await on.query("ALTER SYSTEM SET wal_recycle = off");
      await on.query("SELECT pg_reload_conf()");
      await expect
        .poll(async () => (await on.query("SHOW wal_recycle")).rows)
        .toEqual([{ wal_recycle: "off" }]);
      const account = await open("turned_on", TURN_ON, on);
      expect((await rotateKey(account)).isDone).toBe(true);
      // No query shows one any more.
      expect(await shown()).toBe(0);
      await on.query("CHECKPOINT");
      // The server uses the space of some rows again at once.
      expect(foundIn(await filesOf(on, "base"))).toBeGreaterThan(0);
      expect(foundIn(await filesOf(on, "pg_wal"))).toBe(all.length);
      // It marks the others as free, and does not overwrite them.
      await on.query("VACUUM");
      await on.query("CHECKPOINT");
      expect(foundIn(await filesOf(on, "base"))).toBeGreaterThan(0);
      for (const { name } of SCOPED_TABLES) await on.query(`VACUUM FULL turned_on.${name}`);
      await on.query("CHECKPOINT");
      expect(foundIn(await filesOf(on, "base"))).toBe(0);
      await on.query("SELECT pg_switch_wal()");
      await on.query("CHECKPOINT");
      expect(foundIn(await filesOf(on, "pg_wal"))).toBe(0);
      // The owner has gone on.
      await account.store.putSession("1@lid.0", Uint8Array.of(1));
      await account.close();
    });

    test("gets another key while it is in use, and opens with that one alone", async () => {
      const account = await open("rotated", KEYS);
      for (let index = 0; index < 30; index += 1)
        await account.store.putSession(`${index}@lid.0`, Uint8Array.of(index));
      await account.close();
      const rotating = await open("rotated", BOTH);
      let steps = 0;
      const done = rotateKey(rotating, {
        onStep: () => {
          steps += 1;
        },
      });
      const written = rotating.store.putSession("7@lid.0", Uint8Array.of(70));
      expect(await done).toMatchObject({ isDone: true, damaged: 0 });
      await written;
      expect(steps).toBeGreaterThan(0);
      await rotating.close();
      await expect(open("rotated", KEYS)).rejects.toThrow(SealedError);
      await expect(open("rotated", undefined)).rejects.toThrow(SealedError);
      const again = await open("rotated", NEXT);
      for (let index = 0; index < 30; index += 1)
        expect(await again.store.getSession(`${index}@lid.0`)).toEqual(
          Uint8Array.of(index === 7 ? 70 : index),
        );
      await again.close();
    });

    test("takes a value of another row for damage", async () => {
      const account = await open("moved", KEYS);
      for (const address of ["1@lid.0", "2@lid.0"])
        await account.store.putIdentity(address, new Uint8Array(32).fill(5));
      await account.close();
      await pool.query(
        "UPDATE moved.identity SET key = (SELECT key FROM moved.identity WHERE address = '1@lid.0') WHERE address = '2@lid.0'",
      );
      const again = await open("moved", KEYS);
      expect(await again.store.loadIdentity("1@lid.0")).toEqual(new Uint8Array(32).fill(5));
      await expect(again.store.loadIdentity("2@lid.0")).rejects.toThrow(CorruptError);
      await again.close();
    });
  });
}
