/** A service under many large calls at once: its memory stays within its limit, and everybody is answered. */
import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, test } from "vitest";
import type { Write } from "../../src/backend/mod.ts";
import { BusyError, LimitError } from "../../src/errors/mod.ts";
import { CALL_TYPE, CALLER_WIRE } from "../../src/protocol/mod.ts";
import { DOSED_TIMEOUT_MS, dose } from "../support/dose.ts";
import { callHead, ServiceProcess } from "./service_process.ts";

/** Large calls at once, and the accounts that they are for. */
const CALLS = dose({ short: 8, long: 60 });
const ACCOUNTS = 10;

const CALL_BYTES = 9_000_000;
const SMALL_CALL_BYTES = 900_000;
const RECORD_BYTES = 3_000;

/** How long a large call may take on a machine that does other work, too. */
const DEADLINE_MS = 240_000;

const MAX_RESIDENT_MB = 512;

const folder = mkdtempSync(join(tmpdir(), "holdfast-load-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Sessions of this many bytes in all. */
function sessions(bytes: number): Write[] {
  return Array.from({ length: bytes / RECORD_BYTES }, (_, index) => ({
    kind: "session.put",
    address: `${5_511_999_990_000 + index}@c.us.0`,
    record: new Uint8Array(RECORD_BYTES).fill(index % 251),
  }));
}

/** What the probe has seen: how long each answer took, in milliseconds, in order of length. */
type Probed = { readonly times: readonly number[] } | { readonly error: string };

/** Asks for the health of a service, on a thread of its own. Its one message is what it has seen. */
const PROBE = `
  const { parentPort, workerData } = require("node:worker_threads");
  let isOver = false;
  parentPort.on("message", () => { isOver = true; });
  (async () => {
    const times = [];
    while (!isOver) {
      const startedAt = performance.now();
      await (await fetch(workerData + "/v1/health")).arrayBuffer();
      times.push(performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return times.sort((a, b) => a - b);
  })().then(
    (times) => parentPort.postMessage({ times }),
    (error) => parentPort.postMessage({ error: String(error) }),
  ).finally(() => parentPort.close());
`;

describe("a service under large calls", { timeout: DOSED_TIMEOUT_MS }, () => {
  test(`carries out ${CALLS} calls of 9 MB within ${MAX_RESIDENT_MB} MB`, async () => {
    await using service = await ServiceProcess.start(join(folder, "load.db"));
    const names = Array.from({ length: ACCOUNTS }, (_, index) => `account-${index}`);
    for (const name of names) await service.request("POST", "/v1/accounts", { body: { name } });
    const probe = new Worker(PROBE, { eval: true, workerData: service.url });
    const health = new Promise<Probed>((resolve) => probe.once("message", resolve));
    let residentMb = 0;
    const watch = setInterval(() => {
      residentMb = Math.max(residentMb, service.residentMb);
    }, 20);
    const writes = sessions(CALL_BYTES);
    const calls = Array.from({ length: CALLS }, async (_, index) => {
      const backend = await service.backend(names[index % ACCOUNTS] ?? "", DEADLINE_MS);
      for (;;) {
        try {
          return await backend.commit(writes);
        } catch (error) {
          // Nothing was applied: on a slow machine the service has too much to do for more than a minute.
          if (!(error instanceof BusyError || error instanceof LimitError)) throw error;
        }
      }
    });
    const counts = await Promise.all(calls).finally(() => {
      clearInterval(watch);
      probe.postMessage("stop");
    });
    const probed = await health;
    if ("error" in probed) throw new Error(`the service does not tell its health: ${probed.error}`);
    const { times } = probed;
    const p99 = times[Math.floor(times.length * 0.99)] ?? 0;
    console.log(
      `${CALLS} calls of 9 MB: ${residentMb.toFixed(0)} MB resident, /v1/health p99 ${p99.toFixed(0)} ms, ` +
        `worst ${(times.at(-1) ?? 0).toFixed(0)} ms of ${times.length}`,
    );
    for (const count of counts) expect(count).toHaveLength(writes.length);
    expect(residentMb).toBeLessThan(MAX_RESIDENT_MB);
  });

  test("answers 429 with retry-after to a client that does not wait", async () => {
    await using service = await ServiceProcess.start(join(folder, "impatient.db"));
    await service.request("POST", "/v1/accounts", { body: { name: "x" } });
    const token = await service.clientToken();
    // The requests of an account may have 32 MiB at once. A declared length counts from the head on.
    const held: Socket[] = [];
    for (const bytes of [9_000_000, 9_000_000, 9_000_000, 6_500_000])
      held.push(await service.send(callHead("x", { token, bytes }), new Uint8Array(1)));
    // Small enough to be read to its end when it is refused: the answer then reaches every client.
    const body = CALLER_WIRE.encodeCommit(sessions(SMALL_CALL_BYTES), undefined) as Uint8Array<ArrayBuffer>;
    const send = async (): Promise<Response> =>
      await fetch(`${service.url}/v1/accounts/x/backend`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": CALL_TYPE },
        body,
      });
    await expect.poll(async () => (await send()).status, { timeout: 60_000 }).toBe(429);
    const answer = await send();
    expect(answer.status).toBe(429);
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(await answer.json()).toMatchObject({ code: "limit" });
    for (const socket of held) socket.destroy();
    await expect.poll(async () => (await send()).status, { timeout: 60_000 }).toBe(200);
  });
});
