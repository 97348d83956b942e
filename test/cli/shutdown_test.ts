/** A service ends within its limits, whatever its clients do. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openAccount } from "../../src/account/mod.ts";
import { libsqlBackend } from "../../src/adapters/libsql/mod.ts";
import type { LidPnMapping } from "../../src/backend/mod.ts";
import { silentLogger } from "../../src/ports/mod.ts";
import { CALLER_WIRE } from "../../src/protocol/mod.ts";
import { dose } from "../support/dose.ts";
import { ROOT_TOKEN, ServiceProcess } from "./service_process.ts";

/**
 * The grace period of the service, and a second. Other tests may keep this machine busy in the short dose.
 */
const LIMIT_MS = dose({ short: 30_000, long: 6_000 });

/** Connections that hang when the service is ended. */
const CONNECTIONS = dose({ short: 40, long: 600 });

/** More than the sockets of both sides take without being read. */
const MAPPINGS = 200_000;
const PER_COMMIT = 10_000;

const folder = mkdtempSync(join(tmpdir(), "holdfast-shutdown-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ALL_MAPPINGS = CALLER_WIRE.encodeRead("getAllLidMappings", []);

function mappings(from: number, count: number): LidPnMapping[] {
  return Array.from({ length: count }, (_, index) => ({
    lid: String(100_000_000_000_000 + from + index),
    phoneNumber: String(500_000_000_000 + from + index),
    createdAt: 1,
    updatedAt: 1,
    learningSource: "usync",
  }));
}

/** Creates an account whose mappings are a long answer. */
async function createLong(service: ServiceProcess, name: string): Promise<void> {
  await service.request("POST", "/v1/accounts", { body: { name } });
  const backend = await service.backend(name);
  for (let from = 0; from < MAPPINGS; from += PER_COMMIT)
    await backend.commit([{ kind: "lidMapping.put", entries: mappings(from, PER_COMMIT) }]);
  await backend.close();
}

describe("SIGTERM", () => {
  test("ends a service with half-open and stalled connections", async () => {
    const path = join(folder, "half.db");
    await using service = await ServiceProcess.start(path);
    await createLong(service, "long");
    await service.request("POST", "/v1/accounts", { body: { name: "busy" } });
    const commands = [{ kind: "setPushName", pushName: "kept" }];
    const saved = await service.request("POST", "/v1/accounts/busy/device/commands", {
      ...{ body: { commands }, token: await service.clientToken() },
    });
    expect(saved.status).toBe(200);
    const half = "GET /v1/health HTTP/1.1\r\nhost: x\r\nx-";
    const unsent = "POST /v1/accounts HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n{";
    for (let index = 0; index < CONNECTIONS; index += 1) {
      if (index % 10 === 0) await service.stall("long", ALL_MAPPINGS);
      else await service.send(index % 2 === 0 ? half : unsent);
    }
    const { code, tookMs } = await service.stop();
    console.log(`ended ${CONNECTIONS} connections in ${tookMs.toFixed(0)} ms`);
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(LIMIT_MS);
    const backend = await libsqlBackend({ url: `file:${path}`, account: "busy", logger: silentLogger });
    await using account = await openAccount({ backend });
    expect(account.device.getDeviceSnapshot().pushName).toBe("kept");
  });

  test("waits for running requests", async () => {
    await using service = await ServiceProcess.start(join(folder, "running.db"));
    const body = JSON.stringify({ name: "late" });
    const head = [
      "POST /v1/accounts HTTP/1.1",
      "host: x",
      `authorization: Bearer ${ROOT_TOKEN}`,
      "content-type: application/json",
      `content-length: ${body.length}`,
    ];
    const socket = await service.send(`${head.join("\r\n")}\r\n\r\n`);
    const answered = new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const stopped = service.stop();
    await new Promise((resolve) => setTimeout(resolve, 500));
    socket.write(body);
    expect(await answered).toContain("201 Created");
    expect((await stopped).code).toBe(0);
  });
});

describe("DELETE /v1/accounts/:account", () => {
  test("cuts the streamed answers of the account", async () => {
    await using service = await ServiceProcess.start(join(folder, "stall.db"));
    await createLong(service, "long");
    const socket = await service.stall("long", ALL_MAPPINGS);
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    expect((await service.request("DELETE", "/v1/accounts/long")).status).toBe(204);
    socket.resume();
    await closed;
    expect((await service.request("GET", "/v1/accounts/long/stats")).status).toBe(404);
  });
});
