import type { Backend } from "../../backend/mod.ts";
import { SeededRandom } from "../seeded_random.ts";
import { check, differs, equal, fails } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { HOSTILE_TEXTS, sampleBytes, secondsOf } from "./samples.ts";
import { type Contents, readAll } from "./universe.ts";
import { drawWrite, PUTTING_KINDS, WRITE_KINDS } from "./write_samples.ts";

const ALICE = "5511999990000@c.us.0";

/** Fills an account with rows that depend on `seed`. */
async function fill(backend: Backend, seed: number, nowS: number): Promise<void> {
  const draw = { random: new SeededRandom(seed), nowS };
  await backend.commit([...PUTTING_KINDS, ...PUTTING_KINDS].map((kind) => drawWrite(kind, draw)));
}

/** Isolation between accounts of one database. */
export const isolationCases: readonly ConformanceCase[] = [
  {
    name: "accounts: each account has its own rows, whatever its name",
    async run(harness) {
      const backends: Backend[] = [];
      for (const [seed, name] of HOSTILE_TEXTS.entries()) {
        const backend = await harness.open(name);
        check(!(await backend.hasSession(ALICE)), `account ${seed} sees another's session`);
        await backend.putSession(ALICE, sampleBytes(seed, 20));
        backends.push(backend);
      }
      for (const [seed, backend] of backends.entries()) {
        equal(await backend.getSession(ALICE), sampleBytes(seed, 20), `session of account ${seed}`);
      }
      const accounts = await (await harness.reopen(HOSTILE_TEXTS[0])).listAccounts();
      equal(new Set(accounts.map(({ accountId }) => accountId)).size, HOSTILE_TEXTS.length, "account ids");
      const names = accounts.map(({ account }) => account);
      equal(names, HOSTILE_TEXTS, "accounts in the order in which they were registered");
    },
  },
  {
    name: "accounts: an invalid name is a TypeError and registers nothing",
    async run(harness) {
      const backend = await harness.open();
      await backend.create();
      for (const name of ["", "x".repeat(1_025), "user\0", "user\ud800", 5 as unknown as string]) {
        await fails(() => harness.open(name), "TypeError", `a name of ${String(name).length} characters`);
      }
      equal((await backend.listAccounts()).length, 1, "accounts");
    },
  },
  {
    name: "accounts: no kind of write changes another account",
    async run(harness) {
      const nowS = secondsOf(harness.clock);
      const accounts: { name: string; backend: Backend; contents: Contents }[] = [];
      for (const [seed, name] of ["user", "user:1", "user:10", "%", "us'er"].entries()) {
        const backend = await harness.open(name);
        await fill(backend, seed, nowS);
        accounts.push({ name, backend, contents: await readAll(backend) });
      }
      check(differs(accounts[0]?.contents, accounts[1]?.contents), "accounts filled differently are equal");
      for (const [seed, account] of accounts.entries()) {
        const { name, backend, contents } = account;
        equal(await readAll(backend), contents, `contents of ${name} after writing to those before it`);
        const draw = { random: new SeededRandom(100 + seed), nowS };
        for (let round = 0; round < 3; round += 1) {
          await backend.commit(WRITE_KINDS.map((kind) => drawWrite(kind, draw)));
        }
        account.contents = await readAll(backend);
      }
      for (const { name, backend, contents } of accounts) {
        equal(await readAll(backend), contents, `contents of ${name} after writing to those behind it`);
      }
    },
  },
  {
    name: "accounts: deleting one leaves accounts with similar names",
    async run(harness) {
      const nowS = secondsOf(harness.clock);
      const contents = new Map<string, Contents>();
      for (const [seed, name] of ["user", "user:1", "user:10", "user%", "USER", "user ", "1"].entries()) {
        const backend = await harness.open(name);
        await fill(backend, seed, nowS);
        contents.set(name, await readAll(backend));
      }
      for (const name of ["user", "user%", "1"]) {
        const backend = await harness.open(name);
        await backend.deleteAccount(await backend.create());
        contents.delete(name);
      }
      for (const [name, expected] of contents) {
        equal(await readAll(await harness.open(name)), expected, `contents of ${name}`);
      }
      const listed = (await (await harness.reopen("user:1")).listAccounts()).map(({ account }) => account);
      equal(listed, [...contents.keys()], "accounts left");
    },
  },
];
