import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { AccountMetrics } from "../../../metrics/mod.ts";
import { BackupMetrics } from "./backup_metrics.ts";
import { Refusals } from "./refusals.ts";

const DASHBOARD = new URL("../../../../docs/grafana/holdfast.json", import.meta.url);

test("the dashboard shows every metric of a service, and no other", async () => {
  const backups = new BackupMetrics();
  const nothing = { list: async () => [], write: async () => {}, delete: async () => {} };
  await backups.counted(nothing).list("bot");
  const texts = [
    new AccountMetrics().text(),
    new Refusals().text(),
    backups.text(() => ({ failures: 0, lastSuccessAtMs: 1 })),
  ];
  const families = new Map(
    [...texts.join("").matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => [name as string, type]),
  );
  const dashboard = readFileSync(DASHBOARD, "utf8");
  const expressions = [...dashboard.matchAll(/"(?:expr|query)": "((?:[^"\\]|\\.)*)"/g)].map(
    ([, found]) => found,
  );
  const shown = new Set(expressions.flatMap((found) => found?.match(/\bholdfast_\w+/g) ?? []));
  expect(shown.size).toBeGreaterThan(20);
  for (const name of shown) expect(families.has(name.replace(/_(bucket|sum|count)$/, "")), name).toBe(true);
  for (const [name, type] of families)
    expect(shown.has(type === "histogram" ? `${name}_bucket` : name), name).toBe(true);
  const ids = (JSON.parse(dashboard) as { panels: { id: number }[] }).panels.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});
