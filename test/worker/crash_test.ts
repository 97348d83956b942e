/**
 * A client inside its account's object over one folder, while workerd is killed with SIGKILL or the object is
 * aborted at random moments. No key is used twice, real peers read every sent message, and no acknowledged
 * change is lost. Does not cover the loss of power, or differences between Cloudflare's storage and the local
 * one.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openAccount } from "../../src/account/mod.ts";
import { remoteBackend } from "../../src/adapters/remote/mod.ts";
import { issueKitToken, registerAccount } from "../kit/service.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { Refused, SenderClient } from "./sender_client.ts";
import { type RunningWorker, startWorker } from "./worker_process.ts";

const SEED = Number(process.env.HOLDFAST_SEED ?? 20_261_127);
const KILLS = dose({ short: 5, long: 50 });
const ABORTS = dose({ short: 10, long: 80 });
const ORIGIN_MS = Date.now();

const folder = mkdtempSync(join(tmpdir(), "holdfast-"));

beforeAll(() => {
  // libsignal prints whole sessions.
  for (const method of ["log", "info", "warn", "error"] as const)
    vi.spyOn(console, method).mockImplementation(() => {});
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts an incarnation with saving intervals of a twentieth. */
function start(): Promise<RunningWorker> {
  return startWorker({
    folder,
    entryPoint: "test/worker/sender_worker.ts",
    bindings: { TIME_FACTOR: "20", TIME_ORIGIN_MS: String(ORIGIN_MS) },
  });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Runs load until `end` is called, which throws its errors. */
function load(client: SenderClient, worker: RunningWorker): { first: Promise<void>; end(): Promise<void> } {
  let isOver = false;
  let answered = (): void => {};
  const first = new Promise<void>((resolve) => {
    answered = resolve;
  });
  const acting = client.actUntil(
    worker,
    () => isOver,
    () => answered(),
  );
  acting.catch(() => answered());
  return {
    first,
    async end() {
      isOver = true;
      await acting;
    },
  };
}

describe("a client inside an object", () => {
  test(`survives ${KILLS} kills of workerd under load (seed ${SEED})`, {
    timeout: DOSED_TIMEOUT_MS,
  }, async () => {
    const client = new SenderClient("killed / \u{1f480}", SEED);
    let worker = await start();
    await client.meet(worker, 4);
    for (let opening = 0; opening < KILLS; opening += 1) {
      // Every fifth process is killed while it opens its account, or just after.
      const isEarly = opening % 5 === 4;
      if (!isEarly) await client.checkAcknowledged(worker);
      const { first, end } = load(client, worker);
      if (!isEarly) await first;
      await sleep(client.random.below(isEarly ? 60 : 250));
      await worker.kill();
      await end();
      await worker.stop();
      await client.readAll();
      worker = await start();
    }
    await client.checkAcknowledged(worker, Number.POSITIVE_INFINITY);
    await worker.stop();
    expect(client.counts.sent).toBeGreaterThan(4 * KILLS);
    expect(client.counts.read).toBe(client.counts.sent);
    process.stderr.write(`killed ${KILLS} times: ${JSON.stringify(client.counts)}, no key twice\n`);
  });

  test(`survives ${ABORTS} aborts of an object under load (seed ${SEED})`, {
    timeout: DOSED_TIMEOUT_MS,
  }, async () => {
    const client = new SenderClient("aborted", SEED);
    await using worker = await start();
    await client.meet(worker, 4);
    const { first, end } = load(client, worker);
    await first;
    for (let abort = 0; abort < ABORTS; abort += 1) {
      await sleep(client.random.below(60));
      await expect(client.ask(worker, "abort")).rejects.toThrow();
    }
    await end();
    await client.readAll();
    await client.checkAcknowledged(worker, Number.POSITIVE_INFINITY);
    expect(client.counts.sent).toBeGreaterThan(ABORTS);
    process.stderr.write(`aborted ${ABORTS} times: ${JSON.stringify(client.counts)}, no key twice\n`);
  });

  test("does not send a frame after another owner took the account", async () => {
    const client = new SenderClient("taken", SEED);
    await using worker = await start();
    await registerAccount(fetch, worker.url, client.name);
    await client.meet(worker, 1);
    // The next message is the first beyond its lease.
    const held = client.send(worker, { hold: true });
    const outcome = held.then(
      () => "left",
      (error: unknown) => error,
    );
    await sleep(200);
    const { url } = worker;
    const remote = await openAccount({
      backend: remoteBackend({ url, token: await issueKitToken(fetch, url), account: client.name }),
    });
    // The object opens its account again, with a cache that does not know the frame.
    await client.login(worker);
    await client.ask(worker, "release");
    expect(await outcome).toBeInstanceOf(Refused);
    for (let message = 0; message < 5; message += 1) await client.send(worker);
    await client.readAll();
    await remote.close().catch(() => {});
  });
});
