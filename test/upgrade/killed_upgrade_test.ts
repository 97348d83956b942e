/** Upgrades that are killed, and upgrades under the load of processes of the release before. */
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { openAccount } from "../../mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { buildProgram } from "../support/programs/node_program.ts";
import { COLLECTION } from "./changing_collection.ts";
import { killUpgrades } from "./killed_upgrades.ts";
import { release1Statements } from "./release_1.ts";

const KILLS = dose({ short: 12, long: 210 });
const SEED = Number(process.env.HOLDFAST_SEED ?? 20_261_130);

/** Versions that each process of the release before stores after the upgrade. */
const LATER = dose({ short: 20, long: 200 });

const folder = mkdtempSync(join(tmpdir(), "holdfast-upgrade-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test(`${KILLS} kills lose nothing that was acknowledged (seed ${SEED})`, {
  timeout: DOSED_TIMEOUT_MS,
}, async () => {
  const { lost, ...stages } = await killUpgrades(KILLS, SEED);
  expect(lost).toEqual([]);
  expect(stages.before + stages.upgraded).toBeGreaterThan(0);
  expect(stages.converted).toBeGreaterThan(0);
  process.stderr.write(
    `killed ${KILLS} times: ${stages.before} before the upgrade, ${stages.upgraded} before the conversion, ` +
      `${stages.converted} after it, nothing lost\n`,
  );
});

test("older processes go on until the upgrade opens their account", {
  timeout: DOSED_TIMEOUT_MS,
}, async () => {
  const url = `file:${join(folder, "shared.db")}`;
  const driver = await openLibsqlDriver({ url, logger: silentLogger });
  await driver.batch(release1Statements());
  await driver.close();
  const program = await buildProgram("test/upgrade/release_1_writer.ts");
  const children: ChildProcess[] = [];
  try {
    const writers = ["bob", "carol's"].map((name) => {
      const child = program.start([url, name]);
      children.push(child);
      const said: string[] = [];
      let errors = "";
      child.stdout.on("data", (chunk: Buffer) => said.push(...String(chunk).split("\n").filter(Boolean)));
      child.stderr.on("data", (chunk: Buffer) => {
        errors += String(chunk);
      });
      const over = new Promise<void>((done) => child.on("close", () => done()));
      return { name, said, over, errors: () => errors };
    });
    const stored = (count: number): Promise<void> =>
      vi.waitFor(
        () => {
          for (const { said, errors } of writers) expect(said.length, errors()).toBeGreaterThan(count);
        },
        { timeout: 60_000, interval: 5 },
      );
    await stored(3);
    const alice = await openAccount({ backend: libsqlBackend({ url, account: "alice" }) });
    expect((await alice.store.getVersion("regular_low")).version).toBe(41n);
    await stored(Math.max(...writers.map(({ said }) => said.length)) + LATER);
    await alice.close();
    for (const { name, said, over, errors } of writers) {
      // Opening the account ends the process of the release before.
      const account = await openAccount({ backend: libsqlBackend({ url, account: name }) });
      const { version, indexValueMap } = await account.store.getVersion(COLLECTION);
      await over;
      expect(said.at(-1), errors()).toBe("fenced");
      const acknowledged = Number(said.at(-2));
      expect([acknowledged, acknowledged + 1]).toContain(Number(version));
      expect(indexValueMap.size).toBe(100);
      await account.close();
    }
  } finally {
    for (const child of children) child.kill("SIGKILL");
    program.remove();
  }
});
