import { type Backend, listAllRows, type Write } from "../../backend/mod.ts";
import { SeededRandom } from "../seeded_random.ts";
import { check, equal, fails } from "./assert.ts";
import { collect } from "./collect.ts";
import { type ConformanceCase, type ConformanceHarness, DEFAULT_ACCOUNT } from "./harness.ts";
import { afterEachRestart } from "./restarts.ts";
import { freshDevice, fullDevice, sampleBytes, secondsOf } from "./samples.ts";
import { readAll, rowsOf } from "./universe.ts";
import { drawWrite, PUTTING_KINDS } from "./write_samples.ts";

const ID = "0123456789abcdef".repeat(2);
const OTHER_ID = "f".repeat(32);

/** Tables of which nothing is kept, and those of which something is. */
const PAYLOADS = [
  "quarantine",
  "baseKey",
  "groupMetadata",
  "sentMessage",
  "pendingInbound",
  "msgSecret",
  "messageSegment",
];
const IDENTITY = ["identity", "preKey", "signedPreKey", "syncKey", "lidMapping"];

const TAKE = { owner: undefined, minEpoch: 0, maxEpoch: 0, next: { owner: "owner", epoch: 1 } } as const;
const OWNED = { owner: "owner", minEpoch: 1, maxEpoch: 1 } as const;

function setAside(keeps: "state" | "identity", id = ID): Write {
  return { kind: "account.setAside", id, until: 5_000, keeps };
}

async function filled(harness: ConformanceHarness, account?: string): Promise<Backend> {
  const backend = await harness.open(account);
  const from = { random: new SeededRandom(1), nowS: secondsOf(harness.clock) };
  await backend.commit([...PUTTING_KINDS, ...PUTTING_KINDS].map((kind) => drawWrite(kind, from)));
  await backend.save(fullDevice(1));
  return backend;
}

/** Accounts that are set aside and brought back. */
export const setAsideCases: readonly ConformanceCase[] = [
  {
    name: "set aside: an account comes back as it was, without its payloads",
    async run(harness) {
      for (const [keeps, id] of [
        ["state", ID],
        ["identity", OTHER_ID],
      ] as const) {
        const backend = await filled(harness, keeps);
        const before = await rowsOf(backend);
        const accountId = await backend.create();
        await backend.commit([setAside(keeps, id)]);
        await afterEachRestart(
          harness,
          backend,
          async (open) => {
            equal(await open.load(), undefined, "device under the name");
            equal(await collect(listAllRows(open)), [], "rows under the name");
            equal(
              (await open.listAccounts()).filter(({ account }) => account === keeps),
              [],
              "listed accounts",
            );
            const [kept] = await open.listSetAside();
            equal(kept, { id, account: keeps, isOwn: true, accountId, until: 5_000 }, "set aside");
          },
          keeps,
        );
        const again = await harness.open(keeps);
        const [changed = 0] = await again.commit([{ kind: "account.bringBack", id }]);
        check(changed > 0, "an account came back and no row changed");
        equal(await again.load(), fullDevice(1), "the device");
        equal(await again.create(), accountId, "account id");
        equal(await again.listSetAside(), [], "set aside afterwards");
        const after = await rowsOf(again);
        for (const [table, rows] of Object.entries(before)) {
          const stays = keeps === "state" ? !PAYLOADS.includes(table) : IDENTITY.includes(table);
          equal(after[table], stays ? rows : [], `${table} of ${keeps}`);
        }
      }
    },
  },
  {
    name: "set aside: the name is free, and other accounts stay",
    async run(harness) {
      const backend = await filled(harness);
      const bob = await filled(harness, "bob");
      const contents = await readAll(bob);
      await backend.commit([setAside("state")]);
      await backend.save(freshDevice(2));
      await backend.putSession("1000@lid.0", sampleBytes(1, 9));
      equal(await backend.load(), freshDevice(2), "the next account's device");
      equal(
        (await bob.listSetAside()).map(({ account, isOwn }) => [account, isOwn]),
        [[DEFAULT_ACCOUNT, false]],
        "set aside, as the other account sees it",
      );
      await bob.commit([{ kind: "account.bringBack", id: ID }]).catch(() => {});
      equal(await readAll(bob), contents, "the other account");
      const guard = { owner: undefined, minEpoch: 0, maxEpoch: 0, withoutDevice: true };
      const carol = await harness.open("carol");
      const changed = await carol.commit([{ kind: "account.bringBack", id: ID }]);
      // Stores that are joined do not count the rows of a setter.
      if (backend.capabilities.atomicCommit) equal(changed, [0], "rows changed under another name");
      equal(await carol.exists(), false, "whether another name gets the account");
      if (backend.capabilities.fencing) {
        const bringBack: Write = { kind: "account.bringBack", id: ID };
        await fails(() => backend.commit([bringBack]), "fenced", "the name is taken");
        await fails(() => backend.commit([bringBack], { guard }), "fenced", "the name is taken, guarded");
        equal(await backend.load(), freshDevice(2), "the device after both");
      }
      equal((await backend.listSetAside()).length, 1, "accounts that are still set aside");
    },
  },
  {
    name: "set aside: an owner of the account is fenced, before and after it comes back",
    requires: ["fencing"],
    async run(harness) {
      const backend = await filled(harness);
      const owner = await harness.open();
      await owner.commit([], { guard: TAKE });
      const write: Write = { kind: "session.put", address: "1000@lid.0", record: sampleBytes(7, 9) };
      await owner.commit([write], { guard: OWNED });
      await backend.commit([setAside("state")], { guard: OWNED });
      await fails(() => owner.commit([write], { guard: OWNED }), "fenced", "while it is set aside");
      await fails(() => backend.commit([setAside("state")], { guard: OWNED }), "fenced", "a second time");
      equal(await backend.readOwner(), undefined, "owner under the name");
      const again = await harness.open();
      const free = { owner: undefined, minEpoch: 0, maxEpoch: 0, withoutDevice: true };
      await again.commit([{ kind: "account.bringBack", id: ID }], { guard: free });
      await fails(() => owner.commit([write], { guard: OWNED }), "fenced", "after it came back");
      const state = await again.readOwner();
      equal(state?.owner, "owner", "the stored owner");
      const guard = { owner: "owner", minEpoch: state?.epoch ?? 0, maxEpoch: state?.epoch ?? 0 };
      await again.commit([write], {
        guard: { ...guard, next: { owner: "next", epoch: guard.maxEpoch + 1 } },
      });
    },
  },
  {
    name: "set aside: another owner takes the name in the same commit",
    requires: ["fencing"],
    async run(harness) {
      const backend = await filled(harness);
      const accountId = await backend.create();
      const before = (await rowsOf(backend)).session;
      const heldBy = `importing:${OTHER_ID}`;
      await backend.commit([{ kind: "account.setAside", id: ID, until: 5_000, keeps: "state", heldBy }]);
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.readOwner(), { owner: heldBy, epoch: 1 }, "owner under the name");
        equal(await open.exists(), false, "device under the name");
        equal((await open.create()) === accountId, false, "whether the account id is used twice");
        equal((await open.listSetAside()).length, 1, "set aside");
        await fails(
          () => open.commit([{ kind: "account.bringBack", id: ID }]),
          "fenced",
          "the name is taken",
        );
      });
      const again = await harness.open();
      const write: Write = { kind: "session.put", address: "1000@lid.0", record: sampleBytes(7, 9) };
      const held = { owner: heldBy, minEpoch: 1, maxEpoch: 1 };
      await again.commit([write], { guard: { ...held, next: { owner: heldBy, epoch: 2 } } });
      const end: Write[] = [
        { kind: "account.delete", accountId: await again.create() },
        { kind: "account.bringBack", id: ID },
      ];
      await fails(() => again.commit(end, { guard: held }), "fenced", "of an earlier commit of the owner");
      await again.commit(end, { guard: { ...held, minEpoch: 2, maxEpoch: 2 } });
      equal(await again.create(), accountId, "account id");
      equal(await again.load(), fullDevice(1), "the device");
      equal((await rowsOf(again)).session, before, "sessions");
      equal(await again.listSetAside(), [], "set aside afterwards");
    },
  },
  {
    name: "set aside: an opening that knew the account writes to the next one",
    async run(harness) {
      const backend = await filled(harness);
      const stale = await harness.open();
      await stale.putSession("1000@lid.0", sampleBytes(1, 9));
      await backend.commit([setAside("state")]);
      await stale.putSession("1001@lid.0", sampleBytes(2, 9));
      equal(await backend.getSession("1001@lid.0"), sampleBytes(2, 9), "the session under the name");
      equal(await backend.getSession("1000@lid.0"), undefined, "a session of the former account");
    },
  },
  {
    name: "set aside: a commit that fails half way changes nothing",
    requires: ["atomicCommit", "failCommitAt"],
    async run(harness) {
      const backend = await filled(harness);
      const before = await readAll(backend);
      for (const at of [0, 1, 4, 8]) {
        harness.failCommitAt?.(at);
        await fails(() => backend.commit([setAside("identity")]), "failed", `failed at ${at}`);
        equal(await readAll(backend), before, `contents after a failure at ${at}`);
        equal(await backend.listSetAside(), [], `set aside after a failure at ${at}`);
      }
      await backend.commit([setAside("state")]);
      await backend.create();
      const [kept] = await backend.listSetAside();
      for (const at of [1, 8]) {
        harness.failCommitAt?.(at);
        await backend.commit([{ kind: "account.bringBack", id: ID }]).catch(() => {});
        harness.failCommitAt?.(Number.MAX_SAFE_INTEGER);
        const isBack = await backend.exists();
        equal(await backend.listSetAside(), isBack ? [] : [kept], `set aside after a failure at ${at}`);
      }
    },
  },
  {
    name: "set aside: what has expired is deleted, of every account",
    async run(harness) {
      const backend = await filled(harness);
      await backend.commit([setAside("state")]);
      const bob = await filled(harness, "bob");
      await bob.setAside(OTHER_ID, 6_000, "identity");
      const carol = await filled(harness, "carol");
      const contents = await readAll(carol);
      equal(await carol.deleteExpiredSetAside(4_999), 0, "before any");
      await carol.deleteExpiredSetAside(5_000);
      equal(
        (await carol.listSetAside()).map(({ id }) => id),
        [OTHER_ID],
        "left",
      );
      await backend.bringBack(ID);
      equal(await backend.exists(), false, "whether what was deleted comes back");
      await carol.deleteExpiredSetAside(6_000);
      equal(await carol.listSetAside(), [], "left in the end");
      equal(await readAll(carol), contents, "an account that is not set aside");
    },
  },
  {
    name: "set aside: writes behind it and names of that kind are mistakes",
    async run(harness) {
      const backend = await filled(harness);
      const before = await readAll(backend);
      const write: Write = { kind: "session.delete", address: "1000@lid.0" };
      await fails(() => backend.commit([setAside("state"), write]), "TypeError", "a write behind it");
      await fails(() => backend.commit([setAside("state", "0F")]), "RangeError", "a short id");
      await fails(() => backend.commit([setAside("all" as never)]), "TypeError", "what it keeps");
      await fails(() => harness.open(`aside:${ID}`), "TypeError", "the name of one that is set aside");
      equal(await readAll(backend), before, "contents");
    },
  },
];
