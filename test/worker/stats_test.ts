/** What the service says of the Signal cache of a client that runs inside its account's object. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
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

test("the hit ratio of an object's cache is that of its reads, and begins anew with each incarnation of the object", async () => {
  const client = await newClient("reader");
  await client.meet(worker, PEERS);
  // Each session was asked for once in the storage, where it was not.
  expect((await statsOf(client)).account?.cache).toEqual({ hits: 0, misses: PEERS, hitRatio: 0, gated: 0 });

  const ratios: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    for (let index = 0; index < PEERS; index += 1) await client.send(worker, { index });
    const cache = (await statsOf(client)).account?.cache;
    // Every send reads its session at least once, and has it in memory.
    expect(cache?.misses).toBe(PEERS);
    expect(cache?.hits).toBeGreaterThanOrEqual((round + 1) * PEERS);
    const { hits = 0, misses = 0, hitRatio = 0 } = cache ?? {};
    expect(hitRatio).toBeCloseTo(hits / (hits + misses), 12);
    ratios.push(hitRatio);
  }
  expect(ratios).toEqual([...new Set(ratios)].sort((a, b) => a - b));
  expect(ratios.at(-1)).toBeGreaterThan(0.75);

  // What the storage was asked for in the incarnation before is no part of what it is asked for in this one.
  await expect(client.ask(worker, "abort")).rejects.toThrow();
  await client.send(worker, { index: 0 });
  const { hits = 0, misses = 0, hitRatio } = (await statsOf(client)).account?.cache ?? {};
  expect(misses).toBe(1);
  expect(hitRatio).toBeCloseTo(hits / (hits + misses), 12);
  expect(hitRatio).toBeLessThan(0.75);
});

test("an object whose client has opened no Signal cache says nothing of one, and asking opens none", async () => {
  const client = await newClient("device-only");
  await client.login(worker);
  for (let time = 0; time < 2; time += 1) {
    const { account } = await statsOf(client);
    expect(account).toMatchObject({ flush: { count: 1 } });
    expect(account).not.toHaveProperty("cache");
  }
});
