/** Statistics of the Signal cache of a client inside its account's object. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { AccountStats } from "../../src/service/mod.ts";
import { ADMIN_TOKEN, registerAccount } from "../kit/service.ts";
import { SenderClient } from "./sender_client.ts";
import { type RunningWorker, startWorker } from "./worker_process.ts";

const PEERS = 3;

let worker: RunningWorker;

beforeAll(async () => {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
  worker = await startWorker({ entryPoint: "test/worker/sender_worker.ts" });
});

afterAll(() => worker.stop());

async function statsOf({ name }: SenderClient): Promise<AccountStats> {
  const response = await worker.fetch(`/v1/accounts/${name}/stats`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  });
  expect(response.status).toBe(200);
  return (await response.json()) as AccountStats;
}

async function newClient(name: string): Promise<SenderClient> {
  await registerAccount(fetch, worker.url, name);
  return new SenderClient(name, 1);
}

describe("statistics of an object's client", () => {
  test("counts hits and misses per incarnation of the object", async () => {
    const client = await newClient("reader");
    await client.meet(worker, PEERS);
    // Each session was read once from the storage and was absent.
    expect((await statsOf(client)).account?.cache).toEqual({ hits: 0, misses: PEERS, hitRatio: 0, gated: 0 });

    const ratios: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      for (let index = 0; index < PEERS; index += 1) await client.send(worker, { index });
      const cache = (await statsOf(client)).account?.cache;
      // Every send reads its session at least once, from memory.
      expect(cache?.misses).toBe(PEERS);
      expect(cache?.hits).toBeGreaterThanOrEqual((round + 1) * PEERS);
      const { hits = 0, misses = 0, hitRatio = 0 } = cache ?? {};
      expect(hitRatio).toBeCloseTo(hits / (hits + misses), 12);
      ratios.push(hitRatio);
    }
    expect(ratios).toEqual([...new Set(ratios)].sort((a, b) => a - b));
    expect(ratios.at(-1)).toBeGreaterThan(0.75);

    // A new incarnation does not count the reads of the previous one.
    await expect(client.ask(worker, "abort")).rejects.toThrow();
    await client.send(worker, { index: 0 });
    const { hits = 0, misses = 0, hitRatio } = (await statsOf(client)).account?.cache ?? {};
    expect(misses).toBe(1);
    expect(hitRatio).toBeCloseTo(hits / (hits + misses), 12);
    expect(hitRatio).toBeLessThan(0.75);
  });

  test("omits the Signal cache if the client has not opened one", async () => {
    const client = await newClient("device-only");
    await client.login(worker);
    for (let time = 0; time < 2; time += 1) {
      const { account } = await statsOf(client);
      expect(account).toMatchObject({ flush: { count: 1 } });
      expect(account).not.toHaveProperty("cache");
    }
  });
});
