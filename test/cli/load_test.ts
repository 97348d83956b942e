/** A service under many large calls at once: its memory stays within its limit, and everybody is answered. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, describe, expect, test } from "vitest";
import type { Write } from "../../src/backend/mod.ts";
import { CALLER_WIRE } from "../../src/protocol/mod.ts";
import { dose } from "../support/dose.ts";
import { ServiceProcess } from "./service_process.ts";

/** Large calls at once, and the accounts that they are for. */
const CALLS = dose({ short: 20, long: 60 });
const ACCOUNTS = 10;

const CALL_BYTES = 9_000_000;
const RECORD_BYTES = 3_000;

const MAX_RESIDENT_MB = 512;

const folder = mkdtempSync(join(tmpdir(), "holdfast-load-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Sessions of 9 MB. */
function sessions(): Write[] {
  return Array.from({ length: CALL_BYTES / RECORD_BYTES }, (_, index) => ({
    kind: "session.put",
    address: `${5_511_999_990_000 + index}@c.us.0`,
    record: new Uint8Array(RECORD_BYTES).fill(index % 251),
  }));
}

/** Asks for the health of a service, on a thread of its own. Its messages are the times of the answers. */
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
    parentPort.postMessage(times.sort((a, b) => a - b));
    parentPort.close();
  })();
`;

describe("a service under large calls", () => {
  test(`carries out ${CALLS} calls of 9 MB within ${MAX_RESIDENT_MB} MB`, async () => {
    await using service = await ServiceProcess.start(join(folder, "load.db"));
    const names = Array.from({ length: ACCOUNTS }, (_, index) => `account-${index}`);
    for (const name of names) await service.request("POST", "/v1/accounts", { body: { name } });
    const probe = new Worker(PROBE, { eval: true, workerData: service.url });
    const health = new Promise<number[]>((resolve) => probe.once("message", resolve));
    let residentMb = 0;
    const watch = setInterval(() => {
      residentMb = Math.max(residentMb, service.residentMb);
    }, 20);
    const writes = sessions();
    const calls = Array.from({ length: CALLS }, async (_, index) => {
      const backend = await service.backend(names[index % ACCOUNTS] ?? "");
      return await backend.commit(writes);
    });
    const counts = await Promise.all(calls);
    clearInterval(watch);
    probe.postMessage("stop");
    const times = await health;
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
    const body = CALLER_WIRE.encodeCommit(sessions(), undefined) as Uint8Array<ArrayBuffer>;
    const token = await service.clientToken();
    const send = async (): Promise<Response> =>
      await fetch(`${service.url}/v1/accounts/x/backend`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/vnd.holdfast.call" },
        body,
      });
    const answers = await Promise.all(Array.from({ length: 12 }, send));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) {
      expect(answer.status).toBe(429);
      expect(answer.headers.get("retry-after")).toBe("1");
      expect(await answer.json()).toMatchObject({ code: "limit" });
    }
    expect((await send()).status).toBe(200);
  });
});
