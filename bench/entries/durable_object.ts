/**
 * The cost of an account in its Durable Object, as the platform bills it, and of the clients of the service.
 */

import { openAccount } from "../../src/account/mod.ts";
import { openLibsqlDriver } from "../../src/adapters/libsql/open_driver.ts";
import { MemoryDatabase, memoryBackend } from "../../src/adapters/memory/mod.ts";
import { remoteBackend } from "../../src/adapters/remote/mod.ts";
import { createApp } from "../../src/http/mod.ts";
import { silentLogger, systemClock, systemRandom } from "../../src/ports/mod.ts";
import { LocalAccounts, makeToken, SqlRegistry } from "../../src/service/mod.ts";
import { signalCache } from "../../src/signal/mod.ts";
import type { Comparison, Side } from "../harness/compare.ts";
import type { BenchEntry } from "../harness/entry.ts";
import type { FlushCosts, SendCosts, WakeCosts } from "../object/measurements.ts";
import { SEND_PATTERNS, type SendPattern, type SendPatternName } from "../object/send_patterns.ts";
import { openObject } from "../support/bench_object.ts";
import { childrenCpuClock } from "../support/child_cpu.ts";
import { advance, freshRecord } from "../support/sample_records.ts";

const NAMES = Object.keys(SEND_PATTERNS) as SendPatternName[];

/** What the object answers to one path after the other, each by an object of its own. */
async function answersOf(paths: readonly string[]): Promise<ReadonlyMap<string, unknown>> {
  const { ask, close } = await openObject();
  try {
    const answers = new Map<string, unknown>();
    for (const path of paths) answers.set(path, await (await ask(path)).json());
    return answers;
  } finally {
    await close();
  }
}

let measured: Promise<ReadonlyMap<string, unknown>> | undefined;

/** An answer. All are measured once. */
async function answerOf<T>(path: string): Promise<T> {
  measured ??= answersOf([
    "/flush-costs",
    "/wake-costs",
    "/registry-wake-costs",
    ...NAMES.map((name) => `/${name}`),
  ]);
  return (await measured).get(path) as T;
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

/** A figure of each of some patterns. */
async function ofEach(
  names: readonly SendPatternName[],
  figure: (costs: SendCosts) => number,
): Promise<Record<string, number>> {
  const values = names.map(async (name) => [name, figure(await answerOf<SendCosts>(`/${name}`))] as const);
  return Object.fromEntries(await Promise.all(values));
}

function rowsOf(name: SendPatternName): BenchEntry {
  const { what, maxRows }: SendPattern = SEND_PATTERNS[name];
  return {
    name: `do.rows_per_1000_sends.${name}`,
    kind: "count",
    unit: "rows",
    ...(maxRows === undefined ? {} : { limit: { max: maxRows } }),
    against: `a thousand messages on one session, ${what}; in simulated time, alarms and the last pause included`,
    run: async () => (await answerOf<SendCosts>(`/${name}`)).billed,
  };
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
    against: "what a flush costs besides its records: the guard, and an alarm if one was set for it",
    run: async () => (await answerOf<FlushCosts>("/flush-costs")).fixed,
  },
  ...NAMES.map(rowsOf),
  {
    name: "do.alarms_per_1000_sends",
    kind: "count",
    unit: "alarms",
    against: "of these rows, those that are alarms",
    run: () => ofEach(NAMES, ({ alarms }) => alarms),
  },
  {
    name: "do.keys_burned",
    kind: "count",
    unit: "keys",
    limit: { max: 0 },
    against: "counters that never left, of the same messages",
    run: () => ofEach(NAMES, ({ burned }) => burned),
  },
  {
    name: "do.timer_pending_ms_per_send.at_1_per_min",
    kind: "count",
    unit: "ms",
    limit: { max: 0 },
    against: "time for which a timer would keep the object in memory",
    run: () =>
      ofEach(["at_1_per_min_kept", "at_1_per_min_evicted"], ({ timerPendingMs }) => timerPendingMs / 1_000),
  },
  {
    name: "do.timer_pending_ms_per_send",
    kind: "count",
    unit: "ms",
    against: "the same at other rates",
    run: () => ofEach(NAMES, ({ timerPendingMs }) => timerPendingMs / 1_000),
  },
  {
    name: "do.rows_read_per_wake",
    kind: "count",
    unit: "rows",
    limit: { max: 18 },
    against: "an object that has lost its memory: until its paired account is open and a session is loaded",
    run: async () => (await answerOf<WakeCosts>("/wake-costs")).loaded,
  },
  {
    name: "do.rows_read_per_wake.with_a_message",
    kind: "count",
    unit: "rows",
    against: "the same, until a message on the session may leave",
    run: async () => (await answerOf<WakeCosts>("/wake-costs")).sent,
  },
  {
    name: "do.registry_rows_read_per_wake",
    kind: "count",
    unit: "rows",
    limit: { max: 5 },
    against: "the registry of a thousand accounts that has lost its memory, until one call is admitted",
    run: () => answerOf<number>("/registry-wake-costs"),
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
