/** `GET /metrics` of `holdfast serve`, and the alerts and dashboards that depend on its names. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parsePrometheus } from "../support/parse_prometheus.ts";
import { ServiceProcess } from "./service_process.ts";

const folder = mkdtempSync(join(tmpdir(), "holdfast-metrics-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const USER = "5511987654321";

test("a service tells its metrics to administrators alone, and names no account", async () => {
  await using service = await ServiceProcess.start(join(folder, "service.db"));
  for (const name of [`${USER}@s.whatsapp.net`, "bot-2"]) {
    expect((await service.request("POST", "/v1/accounts", { body: { name } })).status).toBe(201);
    const path = `/v1/accounts/${encodeURIComponent(name)}/device/commands`;
    const body = { commands: [{ kind: "setPushName", pushName: "A private name" }] };
    expect((await service.request("POST", path, { body, token: await service.clientToken() })).status).toBe(
      200,
    );
  }
  const response = await service.request("GET", "/metrics");
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(response.headers.get("cache-control")).toBe("no-store");
  const text = await response.text();
  const { samples } = parsePrometheus(text);
  const total = samples.filter(({ name }) => name === "holdfast_accounts");
  expect(total.reduce((sum, { value }) => sum + value, 0)).toBe(2);
  expect(samples.find(({ name }) => name === "holdfast_flushed_items_total")?.value).toBe(2);
  for (const secret of [USER, "bot-2", "A private name"]) expect(text).not.toContain(secret);
  for (const [token, status] of [
    [await service.clientToken(), 403],
    ["hf_0123456789abcdef_0", 401],
  ] as const) {
    const refused = await service.request("GET", "/metrics", { token });
    expect(refused.status).toBe(status);
    expect(await refused.text()).not.toContain("holdfast_");
  }
  expect((await fetch(`${service.url}/metrics`)).status).toBe(401);
  expect((await service.request("POST", "/metrics")).status).toBe(404);
});

test("a service that makes backups tells of them", async () => {
  const backups = join(folder, "backups");
  await using service = await ServiceProcess.start(join(folder, "backed_up.db"), {}, ["--backups", backups]);
  await service.request("POST", "/v1/accounts", { body: { name: "bot-3" } });
  const body = { commands: [{ kind: "setPushName", pushName: "A private name" }] };
  const token = await service.clientToken();
  await service.request("POST", "/v1/accounts/bot-3/device/commands", { body, token });
  const made = await service.request("POST", "/v1/console/accounts/bot-3/actions/backup", {
    body: { confirm: "bot-3" },
  });
  expect(made.status).toBe(200);
  const text = await (await service.request("GET", "/metrics")).text();
  const { samples } = parsePrometheus(text);
  const sampleOf = (name: string, labels = {}): number | undefined =>
    samples.find((sample) => sample.name === name && JSON.stringify(sample.labels) === JSON.stringify(labels))
      ?.value;
  expect(sampleOf("holdfast_backups_total", { outcome: "done" })).toBeGreaterThan(0);
  expect(sampleOf("holdfast_backups_total", { outcome: "failed" })).toBe(0);
  expect(sampleOf("holdfast_backup_bytes_total")).toBeGreaterThan(100);
  expect(text).not.toContain("bot-3");
});
