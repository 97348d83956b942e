import type { Backend } from "../../backend/mod.ts";
import { SeededRandom } from "../seeded_random.ts";
import { check, differs, equal } from "./assert.ts";
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

/** Accounts of one database never see each other. */
export const isolationCases: readonly ConformanceCase[] = [
  {
    name: "accounts: each has its own rows, whatever its name looks like",
    async run(harness) {
      const ids = new Set<number>();
      for (const [seed, name] of HOSTILE_TEXTS.entries()) {
        const backend = await harness.open(name);
        check(!(await backend.hasSession(ALICE)), `account ${seed} sees another's session`);
        await backend.putSession(ALICE, sampleBytes(seed, 20));
        ids.add(await backend.create());
      }
      equal(ids.size, HOSTILE_TEXTS.length, "device ids");
      for (const [seed, name] of HOSTILE_TEXTS.entries()) {
        const backend = await harness.open(name);
        equal(await backend.getSession(ALICE), sampleBytes(seed, 20), `session of account ${seed}`);
      }
      const listed = (await (await harness.reopen(HOSTILE_TEXTS[0])).listDevices()).map(
        ({ account }) => account,
      );
      equal(listed, HOSTILE_TEXTS, "accounts in the order in which they were registered");
    },
  },
  {
    name: "accounts: no kind of write in one changes anything in another",
    async run(harness) {
      const names = ["user", "user:1", "user:10", "%", "_", "us'er"];
      const nowS = secondsOf(harness.clock);
      const before: Contents[] = [];
      for (const [seed, name] of names.entries()) {
        const backend = await harness.open(name);
        await fill(backend, seed, nowS);
        before.push(await readAll(backend));
      }
      check(differs(before[0], before[1]), "two accounts that were filled differently are equal");
      for (const [seed, name] of names.entries()) {
        const backend = await harness.open(name);
        const draw = { random: new SeededRandom(100 + seed), nowS };
        for (let round = 0; round < 3; round += 1) {
          await backend.commit(WRITE_KINDS.map((kind) => drawWrite(kind, draw)));
        }
        before[seed] = await readAll(backend);
        for (const [other, otherName] of names.entries()) {
          const contents = await readAll(await harness.open(otherName));
          equal(contents, before[other], `contents of ${otherName} after writing to ${name}`);
        }
      }
    },
  },
  {
    name: "accounts: deleting one leaves those whose names begin, contain or resemble its own",
    async run(harness) {
      const names = ["user", "user:1", "user:10", "user%", "USER", "user ", "1"];
      const nowS = secondsOf(harness.clock);
      const contents = new Map<string, Contents>();
      for (const [seed, name] of names.entries()) {
        const backend = await harness.open(name);
        await fill(backend, seed, nowS);
        contents.set(name, await readAll(backend));
      }
      for (const name of ["user", "user%", "1"]) {
        const backend = await harness.open(name);
        await backend.deleteDevice(await backend.create());
        contents.delete(name);
        for (const [left, expected] of contents) {
          equal(
            await readAll(await harness.open(left)),
            expected,
            `contents of ${left} after deleting ${name}`,
          );
        }
      }
      const listed = (await (await harness.reopen("user:1")).listDevices()).map(({ account }) => account);
      equal(listed, ["user:1", "user:10", "USER", "user "], "accounts left");
    },
  },
];
