import type { Backend, Write } from "../../backend/mod.ts";
import { check, equal, fails } from "./assert.ts";
import { collect } from "./collect.ts";
import type { ConformanceCase, ConformanceHarness, Requirement } from "./harness.ts";
import { fullDevice, sampleBytes } from "./samples.ts";

const ALICE = "5511999990000@c.us.0";

const CALLS: readonly (readonly [string, (backend: Backend) => Promise<unknown>])[] = [
  ["getSession", (backend) => backend.getSession(ALICE)],
  ["getSessions", (backend) => backend.getSessions([ALICE])],
  ["loadPreKeys", (backend) => backend.loadPreKeys([1])],
  ["getVersion", (backend) => backend.getVersion("regular")],
  ["getAllLidMappings", (backend) => collect(backend.getAllLidMappings())],
  ["takeSentMessage", (backend) => backend.takeSentMessage("c", "i")],
  ["load", (backend) => backend.load()],
  ["exists", (backend) => backend.exists()],
  ["listAccounts", (backend) => backend.listAccounts()],
  ["commit", (backend) => backend.commit([])],
  ["putSession", (backend) => backend.putSession(ALICE, sampleBytes(1, 9))],
  ["save", (backend) => backend.save(fullDevice(1))],
];

async function expectProvided(
  harness: ConformanceHarness,
  backend: Backend,
  provides: readonly Requirement[],
): Promise<void> {
  const { capabilities } = backend;
  const offered: Readonly<Partial<Record<Requirement, boolean>>> = {
    atomicCommit: capabilities.atomicCommit,
    fencing: capabilities.fencing,
    durableOnResolve: capabilities.durableOnResolve,
    failCommitAt: harness.failCommitAt !== undefined,
    damage: harness.damage !== undefined,
    oracle: harness.oracle !== undefined,
  };
  for (const [requirement, offers] of Object.entries(offered) as [Requirement, boolean][]) {
    equal(provides.includes(requirement), offers, `whether the target provides ${requirement}`);
  }
}

/** Returns a case that compares the declared requirements of a target with its actual ones. */
export function providesCase(provides: readonly Requirement[]): ConformanceCase {
  return {
    name: "target: declares exactly the requirements that it provides",
    async run(harness) {
      const backend = await harness.open();
      await expectProvided(harness, backend, provides);
      const { maxValueBytes, maxParameters } = backend.capabilities;
      check(Number.isInteger(maxValueBytes) && maxValueBytes >= 100_000, `maxValueBytes is ${maxValueBytes}`);
      check(
        maxParameters === undefined || (Number.isInteger(maxParameters) && maxParameters >= 10),
        `maxParameters is ${maxParameters}`,
      );
    },
  };
}

/** Opening, closing, crashing and sharing backends. */
export const lifecycleCases: readonly ConformanceCase[] = [
  {
    name: "lifecycle: a closed backend rejects every call but close",
    async run(harness) {
      const backend = await harness.open();
      await backend.putSession(ALICE, sampleBytes(1, 30));
      await backend.close();
      await backend.close();
      for (const [name, call] of CALLS) await fails(() => call(backend), "closed", name);
      equal(await (await harness.open()).getSession(ALICE), sampleBytes(1, 30), "what was committed");
    },
  },
  {
    name: "lifecycle: closing one backend leaves another one open",
    async run(harness) {
      const backend = await harness.open();
      const [same, bob] = [await harness.open(), await harness.open("bob")];
      await backend.close();
      await same.putSession(ALICE, sampleBytes(1, 30));
      await bob.putSession(ALICE, sampleBytes(2, 30));
      equal(await same.getSession(ALICE), sampleBytes(1, 30), "same account");
      equal(await bob.getSession(ALICE), sampleBytes(2, 30), "other account");
    },
  },
  {
    name: "lifecycle: two backends on one account see each other's commits",
    async run(harness) {
      const [one, two] = [await harness.open(), await harness.open()];
      for (let seed = 0; seed < 6; seed += 1) {
        const [writer, reader] = seed % 2 === 0 ? [one, two] : [two, one];
        await writer.putSession(ALICE, sampleBytes(seed, 30));
        equal(await reader.getSession(ALICE), sampleBytes(seed, 30), `session ${seed}`);
        await writer.storePreKey(seed + 1, sampleBytes(seed, 9), false);
        equal(await reader.getMaxPreKeyId(), seed + 1, `greatest pre-key id ${seed}`);
      }
    },
  },
  {
    name: "lifecycle: resolved commits survive repeated crashes",
    requires: ["durableOnResolve"],
    async run(harness) {
      let backend = await harness.open();
      for (let opening = 1; opening <= 5; opening += 1) {
        const writes: Write[] = [
          { kind: "session.put", address: ALICE, record: sampleBytes(opening, 30) },
          { kind: "preKey.put", id: opening, record: sampleBytes(opening, 20), uploaded: false },
        ];
        await backend.commit(writes);
        backend = await harness.crash();
        equal(await backend.getSession(ALICE), sampleBytes(opening, 30), `session of opening ${opening}`);
        equal(await backend.getMaxPreKeyId(), opening, `pre-keys of opening ${opening}`);
      }
    },
  },
  {
    name: "lifecycle: concurrent commits are all present after a reopen",
    async run(harness) {
      const backend = await harness.open();
      const puts = Array.from({ length: 50 }, (_, seed) =>
        backend.putSession(`${seed}@lid.0`, sampleBytes(seed, 30)),
      );
      await Promise.all(puts);
      const reopened = await harness.reopen();
      const sessions = await reopened.getSessions(puts.map((_, seed) => `${seed}@lid.0`));
      equal(
        sessions,
        puts.map((_, seed) => sampleBytes(seed, 30)),
        "sessions",
      );
    },
  },
];
