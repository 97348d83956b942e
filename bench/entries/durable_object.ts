/**
 * The cost of an account in its Durable Object, as the platform bills it, and of the clients of the service.
 */

import { openAccount } from "../../src/account/mod.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { remoteBackend } from "../../src/adapters/remote/mod.ts";
import { bundleWorker, startLocalWorker } from "../../src/cli/local_worker.ts";
import { createApp } from "../../src/http/mod.ts";
import { silentLogger, systemClock, systemRandom } from "../../src/ports/mod.ts";
import { LocalAccounts, makeToken, SqlRegistry } from "../../src/service/mod.ts";
import { signalCache } from "../../src/signal/mod.ts";
import type { Comparison, Side } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";
import type { FlushCosts, SendCosts } from "../object/measurements.ts";
import { childrenCpuClock } from "../support/child_cpu.ts";
import { advance, freshRecord } from "../support/sample_records.ts";

interface Asked {
  ask(path: string): Promise<Response>;
  close(): Promise<void>;
}

async function openObject(): Promise<Asked> {
  const miniflare = startLocalWorker({
    script: await bundleWorker("bench/object/worker.ts"),
    durableObjects: { BENCH: "BenchObject" },
  });
  return {
    ask: async (path) => {
      const response = await miniflare.dispatchFetch(`http://bench${path}`);
      if (!response.ok) throw new Error(`bench object: ${await response.text()}`);
      return response as unknown as Response;
    },
    close: () => miniflare.dispose(),
  };
}

/** Answers of the object, each requested once. */
const answers = new Map<string, Promise<unknown>>();

function answerOf<T>(path: string): Promise<T> {
  const answer = answers.get(path) ?? askOnce(path);
  answers.set(path, answer);
  return answer as Promise<T>;
}

async function askOnce(path: string): Promise<unknown> {
  const { ask, close } = await openObject();
  try {
    return await (await ask(path)).json();
  } finally {
    await close();
  }
}

/** Both sides are requests to one object, and the CPU time is that of its process. */
async function flushing(): Promise<Comparison> {
  const { ask, close } = await openObject();
  await ask("/timed/prepare");
  const sideOf = (path: string): Side => ({ prepare: () => ask("/timed/prepare"), run: () => ask(path) });
  return {
    ours: sideOf("/timed/flush"),
    theirs: sideOf("/timed/bare"),
    minCpuMs: 1_500,
    warmUpCpuMs: 500,
    cpuUs: childrenCpuClock(),
    close,
  };
}

/** Requests of a client elsewhere while it flushes a hundred sessions and its device. */
async function requestsPerFlush(): Promise<number> {
  const driver = await openLibsqlDriver({ url: ":memory:", logger: silentLogger });
  const database = new MemoryDatabase();
  await using accounts = new LocalAccounts({
    registry: await SqlRegistry.open(driver, systemClock),
    clock: systemClock,
    openBackend: async (account) => memoryBackend({ account, database }),
    openAccount: (account, backend) => openAccount({ taskLabel: account, backend }),
  });
  const app = createApp({ accounts });
  await accounts.registry.addAccount("bench");
  const { token, id, hash } = await makeToken(systemRandom);
  await accounts.registry.addToken({
    ...{ id, hash, account: "bench", permissions: ["account"], label: "", createdAtMs: 0 },
  });
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
    kind: "count",
    unit: "rows",
    limit: { max: 1 },
    against:
      "sessions that are there already, flushed by the object's timer; rows as the platform counts them",
    run: async () => (await answerOf<FlushCosts>("/flush-costs")).perRecord,
  },
  {
    name: "do.rows_written.fixed_per_flush",
    kind: "count",
    unit: "rows",
    limit: { max: 1 },
    against: "what a flush costs besides its records: the guard, and the alarm that was set for it",
    run: async () => (await answerOf<FlushCosts>("/flush-costs")).fixed,
  },
  {
    name: "do.rows_per_1000_sends.at_1_per_s",
    kind: "count",
    unit: "rows",
    limit: { max: 50 },
    against:
      "a thousand messages on one session, strict, in simulated time; alarms and the last pause included",
    run: async () => (await answerOf<SendCosts>("/sends-at-1-per-s")).billed,
  },
  {
    name: "do.alarms_per_1000_sends.at_1_per_s",
    kind: "count",
    unit: "alarms",
    against: "of these rows, those that are alarms",
    run: async () => (await answerOf<SendCosts>("/sends-at-1-per-s")).alarms,
  },
  {
    name: "do.rows_per_1000_sends.at_1_per_min",
    kind: "count",
    unit: "rows",
    against: "the same, with the memory lost between any two messages, so that each opens the account again",
    run: async () => (await answerOf<SendCosts>("/sends-at-1-per-min")).billed,
  },
  {
    name: "do.keys_burned.at_1_per_min",
    kind: "count",
    unit: "keys",
    limit: { max: 0 },
    against: "counters that never left",
    run: async () => (await answerOf<SendCosts>("/sends-at-1-per-min")).burned,
  },
  {
    name: "do.flush_1000.ratio_vs_bare_multirow",
    kind: "ratio",
    unit: "ratio",
    limit: { max: 1.3 },
    against:
      "encoding the same sessions, and bare statements of many rows that write the same rows in one transaction, in the same object; both are requests to it",
    open: flushing,
  },
  {
    name: "remote.requests_per_flush",
    kind: "count",
    unit: "requests",
    limit: { max: 1 },
    against: "a hundred sessions and a device",
    run: requestsPerFlush,
  },
];
