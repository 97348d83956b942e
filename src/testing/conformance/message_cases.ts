import type { Backend, MsgSecretEntry, PendingInbound } from "../../backend/mod.ts";
import { equal } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { afterEachRestart } from "./restarts.ts";
import { sampleBytes, secondsOf } from "./samples.ts";

const CHAT = "120363000000000001@g.us";

const sentMessageCases: readonly ConformanceCase[] = [
  {
    name: "sent message: is taken once, by chat and id",
    async run(harness) {
      let backend = await harness.open();
      equal(await backend.takeSentMessage(CHAT, "3EB0"), undefined, "before");
      await backend.storeSentMessage(CHAT, "3EB0", sampleBytes(9, 10));
      await backend.storeSentMessage(CHAT, "3EB0", sampleBytes(1, 400));
      await backend.storeSentMessage("5511@s.whatsapp.net", "3EB0", new Uint8Array(0));
      backend = await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getSentMessage(CHAT, "3EB0"), sampleBytes(1, 400), "looking leaves it");
        equal(await open.getSentMessage(CHAT, "3EB"), undefined, "another id");
      });
      equal(await backend.takeSentMessage(CHAT, "3EB0"), sampleBytes(1, 400), "taken");
      equal(await backend.takeSentMessage(CHAT, "3EB0"), undefined, "taken again");
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getSentMessage(CHAT, "3EB0"), undefined, "taken");
        const empty = await open.getSentMessage("5511@s.whatsapp.net", "3EB0");
        equal(empty, new Uint8Array(0), "the other chat's, empty and not absent");
      });
    },
  },
  {
    name: "sent message: exactly one of concurrent takers gets it",
    async run(harness) {
      const backend = await harness.open();
      const other = await harness.open();
      for (let round = 0; round < 5; round += 1) {
        const id = `3EB${round}`;
        await backend.storeSentMessage(CHAT, id, sampleBytes(round, 50));
        const takers = [backend, other, backend, other, backend, other, backend, other];
        const taken = await Promise.all(takers.map((taker) => taker.takeSentMessage(CHAT, id)));
        equal(
          taken.filter((payload) => payload !== undefined),
          [sampleBytes(round, 50)],
          `what ${takers.length} takers got in round ${round}`,
        );
      }
    },
  },
  {
    name: "sent message: expiry removes and counts rows up to the cutoff",
    async run(harness) {
      const backend = await harness.open();
      const storedAt = secondsOf(harness.clock);
      await backend.storeSentMessage(CHAT, "first", sampleBytes(1, 8));
      await backend.storeSentMessage(CHAT, "again", sampleBytes(2, 8));
      harness.clock.advance(1_000);
      await backend.storeSentMessage(CHAT, "second", sampleBytes(3, 8));
      await backend.storeSentMessage(CHAT, "again", sampleBytes(4, 8));
      equal(await backend.deleteExpiredSentMessages(storedAt - 1), 0, "before any");
      equal(await backend.deleteExpiredSentMessages(storedAt), 1, "at the first");
      equal(await backend.getSentMessage(CHAT, "first"), undefined, "expired");
      equal(await backend.getSentMessage(CHAT, "again"), sampleBytes(4, 8), "stored again since");
      equal(await backend.deleteExpiredSentMessages(storedAt + 1), 2, "at the second");
    },
  },
];

function pending(chat: string, sender: string, id: string, receivedAt: number): PendingInbound {
  return { chat, sender, id, payload: new TextEncoder().encode(`${chat} ${sender} ${id}`), receivedAt };
}

function idsOf(rows: readonly PendingInbound[]): string[] {
  return rows.map((row) => row.id);
}

const pendingInboundCases: readonly ConformanceCase[] = [
  {
    name: "pending inbound: is identified by chat, sender and id",
    async run(harness) {
      let backend = await harness.open();
      equal(await backend.getPendingInbound("c", "s", "1"), undefined, "before");
      const rows = [pending("c", "s", "1", 1), pending("c", "t", "1", 2), pending("d", "s", "1", 3)];
      await backend.storePendingInbound([
        ...rows,
        { ...pending("d", "t", "1", 4), payload: new Uint8Array(0) },
      ]);
      backend = await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getPendingInbound("c", "s", "1"), rows[0], "c s 1");
        equal(await open.getPendingInbound("c", "t", "1"), rows[1], "c t 1");
        equal(await open.getPendingInbound("d", "s", "1"), rows[2], "d s 1");
        equal((await open.getPendingInbound("d", "t", "1"))?.payload, new Uint8Array(0), "an empty payload");
        equal(await open.getPendingInbound("c", "s", "2"), undefined, "another id");
      });
      await backend.deletePendingInbound([
        { chat: "c", sender: "t", id: "1" },
        { chat: "c", sender: "s", id: "9" },
      ]);
      await backend.deletePendingInbound([]);
      await backend.storePendingInbound([]);
      equal((await backend.listPendingInbound(10)).length, 3, "how many are left");
      equal(await backend.getPendingInbound("c", "t", "1"), undefined, "deleted");
    },
  },
  {
    name: "pending inbound: lists the oldest first, up to the limit",
    async run(harness) {
      const backend = await harness.open();
      equal(await backend.listPendingInbound(10), [], "of nothing");
      await backend.storePendingInbound([
        pending("c", "s", "z", 20),
        pending("c", "s", "y", 10),
        pending("c", "s", "x", 20),
      ]);
      await backend.storePendingInbound([pending("a", "a", "w", 20), pending("c", "s", "v", 5)]);
      // Storing a row again, as a retry does, keeps its position.
      await backend.storePendingInbound([pending("c", "s", "z", 20)]);
      await afterEachRestart(harness, backend, async (open) => {
        equal(idsOf(await open.listPendingInbound(10)), ["v", "y", "z", "x", "w"], "all");
        equal(idsOf(await open.listPendingInbound(3)), ["v", "y", "z"], "three");
        equal(idsOf(await open.listPendingInbound(0)), [], "none");
      });
    },
  },
  {
    name: "pending inbound: storing a row again replaces its payload and time",
    async run(harness) {
      const backend = await harness.open();
      await backend.storePendingInbound([pending("c", "s", "1", 1), pending("c", "s", "2", 2)]);
      const replaced = { ...pending("c", "s", "1", 9), payload: sampleBytes(1, 12) };
      await backend.storePendingInbound([replaced]);
      equal(await backend.getPendingInbound("c", "s", "1"), replaced, "replaced");
      equal(idsOf(await backend.listPendingInbound(10)), ["2", "1"], "order");
    },
  },
  {
    name: "pending inbound: expiry removes and counts rows up to the cutoff",
    async run(harness) {
      const backend = await harness.open();
      await backend.storePendingInbound([10, 11, 11, 12].map((at, n) => pending("c", "s", `${n}`, at)));
      equal(await backend.deleteExpiredPendingInbound(9), 0, "before any");
      equal(await backend.deleteExpiredPendingInbound(11), 3, "at the third");
      equal(idsOf(await backend.listPendingInbound(10)), ["3"], "left");
    },
  },
];

function secret(seed: number, expiresAt: number, messageTs: number): MsgSecretEntry {
  return { chat: CHAT, sender: "1000@lid", id: "3EB0", secret: sampleBytes(seed, 32), expiresAt, messageTs };
}

const msgSecretCases: readonly ConformanceCase[] = [
  {
    name: "message secret: is read by chat, sender and id",
    async run(harness) {
      const backend = await harness.open();
      const read = { ...secret(1, 0, 1_700_000_000), id: "known" };
      await backend.putMsgSecrets([read, { ...secret(2, 50, 0), id: "unknown" }]);
      await backend.putMsgSecrets([]);
      await afterEachRestart(harness, backend, async (open) => {
        const known = await open.getMsgSecret(CHAT, "1000@lid", "known");
        equal(known, { secret: sampleBytes(1, 32), messageTs: 1_700_000_000 }, "known");
        const unknown = await open.getMsgSecret(CHAT, "1000@lid", "unknown");
        equal(unknown, { secret: sampleBytes(2, 32) }, "unknown");
        equal(await open.getMsgSecret(CHAT, "1001@lid", "known"), undefined, "another sender");
        equal(await open.getMsgSecret("x", "1000@lid", "known"), undefined, "another chat");
      });
    },
  },
  {
    name: "message secret: keeps the last secret and the greater message time",
    async run(harness) {
      const backend = await harness.open();
      const get = () => backend.getMsgSecret(CHAT, "1000@lid", "3EB0");
      await backend.putMsgSecrets([secret(1, 50, 100)]);
      await backend.putMsgSecrets([secret(2, 50, 90)]);
      equal(await get(), { secret: sampleBytes(2, 32), messageTs: 100 }, "after a lower time");
      await backend.putMsgSecrets([secret(2, 50, 0)]);
      equal(await get(), { secret: sampleBytes(2, 32), messageTs: 100 }, "after an unknown time");
      await backend.putMsgSecrets([secret(3, 50, 300), secret(4, 50, 200)]);
      equal(await get(), { secret: sampleBytes(4, 32), messageTs: 300 }, "after both in one list");
    },
  },
  {
    name: "message secret: keeps the later expiry time, and 0 for never",
    async run(harness) {
      const backend = await harness.open();
      const put = (id: string, ...times: readonly number[]) =>
        backend.putMsgSecrets(times.map((expiresAt) => ({ ...secret(1, expiresAt, 0), id })));
      await put("later", 10, 30);
      await put("later", 20);
      await put("never first", 0);
      await put("never first", 20);
      await put("never last", 20);
      await put("never last", 0);
      equal(await backend.deleteExpiredMsgSecrets(29), 0, "before the later time");
      equal(await backend.deleteExpiredMsgSecrets(30), 1, "at the later time");
      equal(await backend.deleteExpiredMsgSecrets(Number.MAX_SAFE_INTEGER), 0, "those that never expire");
    },
  },
  {
    name: "expiry: a limit bounds the removed rows of every kind",
    async run(harness) {
      const backend = await harness.open();
      for (let n = 0; n < 5; n += 1) {
        harness.clock.advance(1_000);
        await backend.storeSentMessage(CHAT, `${n}`, sampleBytes(n, 3));
        await backend.saveBaseKey("1000@lid.0", `${n}`, sampleBytes(n, 33));
        await backend.putTcToken(`${n}@lid`, { token: sampleBytes(n, 3), tokenTimestamp: n + 1 });
      }
      const ids = [0, 1, 2, 3, 4].map(String);
      const receivedAt = 1;
      const inbound = ids.map((id) => ({
        chat: CHAT,
        sender: "1000@lid",
        id,
        payload: sampleBytes(1, 3),
        receivedAt,
      }));
      await backend.storePendingInbound(inbound);
      await backend.putMsgSecrets(ids.map((id) => ({ ...secret(1, 1, 0), id })));
      const expiries: ((open: Backend) => Promise<number>)[] = [
        (open) => open.deleteExpiredSentMessages(Number.MAX_SAFE_INTEGER, 2),
        (open) => open.deleteExpiredBaseKeys(Number.MAX_SAFE_INTEGER, 2),
        (open) => open.deleteExpiredTcTokens(99, 99, 2),
        (open) => open.deleteExpiredPendingInbound(99, 2),
        (open) => open.deleteExpiredMsgSecrets(99, 2),
      ];
      for (const expire of expiries) {
        const taken = [
          await expire(backend),
          await expire(backend),
          await expire(backend),
          await expire(backend),
        ];
        equal(taken, [2, 2, 1, 0], "rows taken");
      }
    },
  },
  {
    name: "message secret: expiry removes and counts 0 < expiresAt ≤ cutoff",
    async run(harness) {
      const backend = await harness.open();
      const times = [0, 1, 9, 10, 11];
      await backend.putMsgSecrets(times.map((at) => ({ ...secret(at, at, 0), id: `${at}` })));
      equal(await backend.deleteExpiredMsgSecrets(0), 0, "with a cutoff of 0");
      equal(await backend.deleteExpiredMsgSecrets(10), 3, "with a cutoff of 10");
      await afterEachRestart(harness, backend, async (open) => {
        const left = await Promise.all(times.map((at) => open.getMsgSecret(CHAT, "1000@lid", `${at}`)));
        equal(
          left.map((entry) => entry !== undefined),
          [true, false, false, false, true],
          "left",
        );
      });
    },
  },
];

/** Sent messages, pending inbound messages and message secrets. */
export const messageCases: readonly ConformanceCase[] = [
  ...sentMessageCases,
  ...pendingInboundCases,
  ...msgSecretCases,
];
