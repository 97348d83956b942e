import { equal } from "./assert.ts";
import type { ConformanceCase } from "./harness.ts";
import { afterEachRestart } from "./restarts.ts";
import { sampleBytes } from "./samples.ts";

const NONE = new Uint8Array(0);

/** Trusted-contact tokens. */
export const tcTokenCases: readonly ConformanceCase[] = [
  {
    name: "trusted-contact token: put replaces the whole entry",
    async run(harness) {
      let backend = await harness.open();
      equal(await backend.getTcToken("1000@lid"), undefined, "before");
      await backend.putTcToken("1000@lid", {
        token: sampleBytes(1, 40),
        tokenTimestamp: 50,
        senderTimestamp: 60,
      });
      await backend.putTcToken("1001@lid", {
        token: sampleBytes(2, 40),
        tokenTimestamp: 50,
        senderTimestamp: 60,
      });
      await backend.putTcToken("1000@lid", { token: sampleBytes(3, 1), tokenTimestamp: 4_102_444_800 });
      backend = await afterEachRestart(harness, backend, async (open) => {
        const replaced = { token: sampleBytes(3, 1), tokenTimestamp: 4_102_444_800 };
        equal(await open.getTcToken("1000@lid"), replaced, "replaced, by an older one too");
        const other = { token: sampleBytes(2, 40), tokenTimestamp: 50, senderTimestamp: 60 };
        equal(await open.getTcToken("1001@lid"), other, "other");
      });
      await backend.deleteTcToken("1000@lid");
      await backend.deleteTcToken("1000@lid");
      equal(await backend.getTcToken("1000@lid"), undefined, "deleted");
      equal(await backend.getAllTcTokenJids(), ["1001@lid"], "JIDs");
    },
  },
  {
    name: "trusted-contact token: a received token replaces an older one",
    async run(harness) {
      const backend = await harness.open();
      const jid = "1000@lid";
      await backend.storeReceivedTcToken(jid, sampleBytes(1, 30), 100);
      equal(await backend.getTcToken(jid), { token: sampleBytes(1, 30), tokenTimestamp: 100 }, "first");
      await backend.touchTcTokenSender(jid, 77);
      await backend.storeReceivedTcToken(jid, sampleBytes(2, 30), 99);
      const kept = { token: sampleBytes(1, 30), tokenTimestamp: 100, senderTimestamp: 77 };
      equal(await backend.getTcToken(jid), kept, "after an older one");
      await backend.storeReceivedTcToken(jid, sampleBytes(3, 30), 100);
      equal(
        await backend.getTcToken(jid),
        { ...kept, token: sampleBytes(3, 30) },
        "after one of the same time",
      );
      await backend.storeReceivedTcToken(jid, sampleBytes(4, 30), 101);
      const newer = { token: sampleBytes(4, 30), tokenTimestamp: 101, senderTimestamp: 77 };
      await afterEachRestart(harness, backend, async (open) => {
        equal(await open.getTcToken(jid), newer, "after a newer one");
      });
    },
  },
  {
    name: "trusted-contact token: the sender time only moves forward",
    async run(harness) {
      const backend = await harness.open();
      await backend.touchTcTokenSender("1000@lid", 50);
      const placeholder = { token: NONE, tokenTimestamp: 0, senderTimestamp: 50 };
      equal(await backend.getTcToken("1000@lid"), placeholder, "placeholder");
      await backend.touchTcTokenSender("1000@lid", 49);
      equal(await backend.getTcToken("1000@lid"), placeholder, "after an earlier time");
      await backend.touchTcTokenSender("1000@lid", 51);
      equal(
        await backend.getTcToken("1000@lid"),
        { ...placeholder, senderTimestamp: 51 },
        "after a later time",
      );
      await backend.storeReceivedTcToken("1000@lid", sampleBytes(1, 30), 1);
      await afterEachRestart(harness, backend, async (open) => {
        const token = { token: sampleBytes(1, 30), tokenTimestamp: 1, senderTimestamp: 51 };
        equal(await open.getTcToken("1000@lid"), token, "a token takes the placeholder's place");
      });
    },
  },
  {
    name: "trusted-contact token: lists JIDs ascending, with placeholders",
    async run(harness) {
      const backend = await harness.open();
      equal(await backend.getAllTcTokenJids(), [], "of nothing");
      const jids = ["\uffff@lid", "🙂@lid", "b@lid", "B@lid", "1000@lid", "1000:1@lid", "é@lid"];
      for (const jid of jids) await backend.touchTcTokenSender(jid, 1);
      const ascending = ["1000:1@lid", "1000@lid", "B@lid", "b@lid", "é@lid", "\uffff@lid", "🙂@lid"];
      equal(await backend.getAllTcTokenJids(), ascending, "JIDs");
    },
  },
  {
    name: "trusted-contact token: expiry removes rows with two stale halves",
    async run(harness) {
      const backend = await harness.open();
      const put = (jid: string, tokenTimestamp: number, senderTimestamp?: number) =>
        backend.putTcToken(jid, { token: sampleBytes(1, 8), tokenTimestamp, senderTimestamp });
      await put("both at the cutoff", 100, 200);
      await put("token only, at the cutoff", 100);
      await put("token fresh", 101, 200);
      await put("sender fresh", 100, 201);
      await put("token only, fresh", 101);
      await backend.touchTcTokenSender("placeholder, stale", 200);
      await backend.touchTcTokenSender("placeholder, fresh", 201);
      equal(await backend.deleteExpiredTcTokens(99, 200), 1, "with the token cutoff before all tokens");
      equal(await backend.deleteExpiredTcTokens(100, 200), 2, "with both cutoffs at the edge");
      await afterEachRestart(harness, backend, async (open) => {
        const left = ["placeholder, fresh", "sender fresh", "token fresh", "token only, fresh"];
        equal(await open.getAllTcTokenJids(), left, "JIDs left");
        equal(await open.deleteExpiredTcTokens(100, 200), 0, "again");
      });
    },
  },
];
