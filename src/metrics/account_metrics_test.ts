import { describe, expect, test } from "vitest";
import { parsePrometheus } from "../../test/support/parse_prometheus.ts";
import { sessionRecordBytes } from "../../test/support/signal/sample_signal_records.ts";
import { type Account, openAccount } from "../account/mod.ts";
import { MemoryDatabase, memoryBackend } from "../adapters/memory/mod.ts";
import { parseJid } from "../addresses/mod.ts";
import { directory } from "../directory/mod.ts";
import { BackendError } from "../errors/mod.ts";
import { signalCache } from "../signal/mod.ts";
import { type FakeHost, FaultPlan, fakeHost, faultyCommitter } from "../testing/mod.ts";
import { AccountMetrics } from "./account_metrics.ts";

/** Series of a process. More would not be cheap for those who keep them. */
const MAX_SERIES = 60;

const GROUP = "120363000000000001@g.us";

interface Opened {
  readonly account: Account;
  readonly host: FakeHost;
  readonly plan: FaultPlan;
}

async function open(database: MemoryDatabase, name: string, seed = 1): Promise<Opened> {
  const host = fakeHost({ seed });
  const plan = new FaultPlan();
  const backend = faultyCommitter(memoryBackend({ database, account: name, clock: host.clock }), plan);
  const account = await openAccount({ backend, host, saverIntervalMs: "manual", housekeeping: false });
  return { account, host, plan };
}

/** Uses every cache of an account. */
async function use({ account }: Opened, user: string): Promise<void> {
  const address = `${user}@c.us.0`;
  await account.store.putSession(`9${address}`, sessionRecordBytes(1));
  const cache = signalCache(account);
  for (const place of [address, `9${address}`]) {
    await cache.withAddress(place, async (found) => {
      await cache.sendable(found);
      const record = await cache.sessions.load(found);
      if (record !== undefined) await cache.sessions.put(found, record);
    });
  }
  await cache.identities.load(address);
  await cache.senderKeys.load(`1@g.us:${address}`);
  const { devices, groups, senderKeyDevices } = directory(account);
  await devices.getDevicesFor([parseJid(`${user}@s.whatsapp.net`)]);
  await groups.getWith(GROUP, async () => ({ participants: [] }) as never);
  await senderKeyDevices.marks(GROUP);
  await account.lid.getPn(user);
}

describe("AccountMetrics", () => {
  test("are valid text, with as many series for a hundred accounts as for one", async () => {
    const [database, metrics] = [new MemoryDatabase(), new AccountMetrics()];
    const counts = new Set<number>();
    for (const total of [1, 100]) {
      while (metrics.accounts < total) {
        const opened = await open(database, `account-${metrics.accounts}`, metrics.accounts + 1);
        await use(opened, `55119999${10_000 + metrics.accounts}`);
        metrics.add(opened.account);
        metrics.add(opened.account);
      }
      const { samples, families } = parsePrometheus(metrics.text());
      counts.add(samples.length);
      expect(samples.length).toBeLessThanOrEqual(MAX_SERIES);
      expect(families.get("holdfast_accounts")?.type).toBe("gauge");
      const idle = samples.find(
        ({ name, labels }) => name === "holdfast_accounts" && labels.state === "idle",
      );
      expect(idle?.value).toBe(total);
      const caches = samples.filter(({ name }) => name === "holdfast_cache_entries");
      expect(caches.map(({ labels }) => labels.cache).sort()).toEqual([
        ...[
          "device",
          "group",
          "identities",
          "lidByLid",
          "lidByPn",
          "senderKeyDevices",
          "senderKeys",
          "sessions",
        ],
      ]);
      for (const { labels, value } of caches) expect(value, labels.cache).toBeGreaterThan(0);
    }
    expect(counts.size).toBe(1);
  });

  test("count events and keep counts of accounts that are closed", async () => {
    const [database, metrics] = [new MemoryDatabase(), new AccountMetrics()];
    const { account, plan } = await open(database, "alice");
    metrics.add(account);
    const metricOf = (name: string): number =>
      parsePrometheus(metrics.text()).samples.find((sample) => sample.name === `holdfast_${name}`)?.value ??
      -1;
    const before = metricOf("commits_total");
    account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
    expect(metricOf("dirty_items")).toBe(1);
    expect(metricOf("dirty_bytes")).toBeGreaterThan(0);
    plan.next(new BackendError("no room"));
    await expect(account.flush()).rejects.toBeInstanceOf(BackendError);
    expect(metricOf("save_failures_total")).toBe(1);
    await account.flush();
    expect(metricOf("commits_total")).toBe(before + 1);
    expect(metricOf("flush_duration_seconds_count")).toBe(1);
    expect(metricOf("flushed_items_total")).toBe(1);
    await (await open(database, "alice", 2)).account.close();
    account.device.processCommand({ kind: "setPushName", pushName: "Eve" });
    await account.flush().catch(() => {});
    expect(metricOf("fences_total")).toBe(1);
    await account.close().catch(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    expect(metrics.accounts).toBe(0);
    expect(metricOf("commits_total")).toBe(before + 1);
  });
});
