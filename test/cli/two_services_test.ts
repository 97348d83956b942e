/** Two services over one database: what one does to a name holds for the other. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openAccount } from "../../src/account/mod.ts";
import { ServiceProcess } from "./service_process.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-two-"));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const COMMAND = { commands: [{ kind: "setPushName", pushName: "x" }] };

async function registrationIdOf(service: ServiceProcess): Promise<number> {
  await using account = await openAccount({ backend: service.backend("x") });
  return account.device.getDeviceSnapshot().registrationId;
}

async function deviceOf(service: ServiceProcess): Promise<Record<string, unknown>> {
  const token = await service.clientToken();
  const response = await service.request("GET", "/v1/accounts/x/device", { token });
  return (await response.json()) as Record<string, unknown>;
}

describe("two services over one database", () => {
  test("open a name that the other one has deleted and created", async () => {
    const path = join(folder, "two.db");
    await using first = await ServiceProcess.start(path);
    await using second = await ServiceProcess.start(path);
    await first.request("POST", "/v1/accounts", { body: { name: "x" } });
    const before = await registrationIdOf(second);
    // The second service holds the account open, for the command, when the first one deletes it.
    const command = { body: COMMAND, token: await second.clientToken() };
    const saved = await second.request("POST", "/v1/accounts/x/device/commands", command);
    expect(saved.status).toBe(200);
    expect((await first.request("DELETE", "/v1/accounts/x")).status).toBe(204);
    expect((await second.request("GET", "/v1/accounts/x/stats")).status).toBe(404);
    expect((await first.request("POST", "/v1/accounts", { body: { name: "x" } })).status).toBe(201);
    const after = await registrationIdOf(first);
    expect(after).not.toBe(before);
    expect(await registrationIdOf(second)).toBe(after);
    expect(await deviceOf(second)).toMatchObject({ registrationId: after, hasPushName: false });
    const again = await second.request("POST", "/v1/accounts/x/device/commands", command);
    expect(again.status).toBe(200);
    expect(await deviceOf(first)).toMatchObject({ registrationId: after, hasPushName: true });
    expect((await second.request("DELETE", "/v1/accounts/x")).status).toBe(204);
    expect((await first.request("POST", "/v1/accounts", { body: { name: "x" } })).status).toBe(201);
    // The first service knows the account that the second one deleted.
    await using account = await openAccount({ backend: first.backend("x") });
    await account.erase();
  });
});
