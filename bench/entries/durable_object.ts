/** What an account costs in its Durable Object, counted as the platform bills it, and the clients of the service. */

import { openAccount } from "../../src/account/mod.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { remoteBackend } from "../../src/adapters/remote/mod.ts";
import { bundleWorker, startLocalWorker } from "../../src/cli/local_worker.ts";
import { createApp } from "../../src/http/mod.ts";
import { silentLogger, systemClock } from "../../src/ports/mod.ts";
import { LocalAccounts, SqlRegistry } from "../../src/service/mod.ts";
import { signalCache } from "../../src/signal/mod.ts";
import type { BenchEntry } from "../bench.ts";
import { interleaved } from "../interleaved.ts";
import type { FlushCosts, SendCosts } from "../object/measurements.ts";
import { advance, freshRecord } from "../sample_records.ts";

async function withObject<T>(work: (ask: (path: string) => Promise<Response>) => Promise<T>): Promise<T> {
  const miniflare = startLocalWorker({
    script: await bundleWorker("bench/object/worker.ts"),
    durableObjects: { BENCH: "BenchObject" },
  });
  try {
    return await work(async (path) => {
      const response = await miniflare.dispatchFetch(`http://bench${path}`);
      if (!response.ok) throw new Error(`bench object: ${await response.text()}`);
      return response as unknown as Response;
    });
  } finally {
    await miniflare.dispose();
  }
}

/** Answers of the object, each asked for once. */
const answers = new Map<string, Promise<unknown>>();

function answerOf<T>(path: string): Promise<T> {
  const answer = answers.get(path) ?? withObject(async (ask) => await (await ask(path)).json());
  answers.set(path, answer);
  return answer as Promise<T>;
}

async function flushRatio(): Promise<number> {
  return await withObject(async (ask) => {
    const timed = (path: string) => async (): Promise<number> => {
      await ask("/timed/prepare");
      const startedAt = performance.now();
      await ask(path);
      return performance.now() - startedAt;
    };
    const [flush = 0, bare = 1] = await interleaved([timed("/timed/flush"), timed("/timed/bare")], {
      rounds: 61,
      warmUp: 10,
    });
    return flush / bare;
  });
}

/** Requests of a client elsewhere while it flushes a hundred sessions and its device. */
async function requestsPerFlush(): Promise<number> {
  const token = "bench-admin-token-0123456789abcdef";
  const driver = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
  const database = new MemoryDatabase();
  await using accounts = new LocalAccounts({
    registry: await SqlRegistry.open(driver, systemClock),
    clock: systemClock,
    openBackend: async (account) => memoryBackend({ account, database }),
    openAccount: (account, backend) => openAccount({ taskLabel: account, backend }),
  });
  const app = createApp({ accounts, adminToken: token });
  await accounts.registry.addAccount("bench");
  let requests = 0;
  const backend = remoteBackend({
    url: "https://holdfast.example",
    token,
    account: "bench",
    fetch: async (...request) => {
      requests += 1;
      return await app.fetch(new Request(...request));
    },
  });
  await using account = await openAccount({ backend, saverIntervalMs: "manual", housekeeping: false });
  const cache = signalCache(account);
  for (let index = 0; index < 100; index += 1) {
    const record = freshRecord();
    advance(record);
    await cache.sessions.put(`${index}@lid.0`, record);
  }
  account.device.processCommand({ kind: "setPushName", pushName: "Bench" });
  requests = 0;
  await account.flush();
  return requests;
}

export const entries: readonly BenchEntry[] = [
  {
    name: "do.rows_written.per_dirty_record",
    unit: "rows",
    limit: { max: 1 },
    against:
      "sessions that are there already, flushed by the object's timer; rows as the platform counts them",
    run: async () => (await answerOf<FlushCosts>("/flush-costs")).perRecord,
  },
  {
    name: "do.rows_written.fixed_per_flush",
    unit: "rows",
    limit: { max: 1 },
    against: "what a flush costs besides its records: the guard, and the alarm that was set for it",
    run: async () => (await answerOf<FlushCosts>("/flush-costs")).fixed,
  },
  {
    name: "do.rows_per_1000_sends.at_1_per_s",
    unit: "rows",
    limit: { max: 50 },
    against:
      "a thousand messages on one session, strict, in simulated time; alarms and the last pause included",
    run: async () => (await answerOf<SendCosts>("/sends-at-1-per-s")).billed,
  },
  {
    name: "do.alarms_per_1000_sends.at_1_per_s",
    unit: "alarms",
    against: "of these rows, those that are alarms",
    run: async () => (await answerOf<SendCosts>("/sends-at-1-per-s")).alarms,
  },
  {
    name: "do.rows_per_1000_sends.at_1_per_min",
    unit: "rows",
    against: "the same, with the memory lost between any two messages: each opens the account anew",
    run: async () => (await answerOf<SendCosts>("/sends-at-1-per-min")).billed,
  },
  {
    name: "do.keys_burned.at_1_per_min",
    unit: "keys",
    limit: { max: 0 },
    against: "counters that never left",
    run: async () => (await answerOf<SendCosts>("/sends-at-1-per-min")).burned,
  },
  {
    name: "do.flush_1000.ratio_vs_bare_multirow",
    unit: "ratio",
    limit: { max: 1.3 },
    against:
      "encoding the same sessions, and bare statements of many rows that write the same rows in one transaction, in the same object; both are requests to it",
    run: flushRatio,
  },
  {
    name: "remote.requests_per_flush",
    unit: "requests",
    limit: { max: 1 },
    against: "a hundred sessions and a device",
    run: requestsPerFlush,
  },
];
