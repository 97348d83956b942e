import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { backendTable, KIT_RUNS, type KitRuntime, kitTable, WRAPPERS } from "./kit_runs.mjs";
import { registerTargets } from "./register.ts";

/** Folders whose tests register targets on a runtime. */
const FOLDERS: Readonly<Record<KitRuntime, readonly string[]>> = {
  node: ["test/kit", "test/http", "test/worker"],
  workerd: ["test/runtime/workerd"],
  deno: ["test/runtime/deno"],
  bun: ["test/runtime/bun"],
};

/** Names in the lists of targets that the tests of a runtime register. */
function registeredOn(runtime: KitRuntime): Set<string> {
  const names = new Set<string>();
  for (const folder of FOLDERS[runtime]) {
    for (const file of readdirSync(folder)) {
      if (!file.endsWith("_test.ts") || file === "kit_runs_test.ts") continue;
      const text = readFileSync(`${folder}/${file}`, "utf8");
      for (const [, list = ""] of text.matchAll(/registerTargets\(\s*\[([^\]]*)\]/g)) {
        // A target that is made by a function has its name in the call.
        for (const [, name = ""] of list.matchAll(/\("([^"]+)"/g)) names.add(name);
        for (const [name] of list.replaceAll(/"[^"]*"/g, "").matchAll(/[a-z]\w*/gi)) names.add(name);
      }
    }
  }
  return names;
}

describe("kit_runs", () => {
  test.each(Object.keys(FOLDERS) as KitRuntime[])("has no run on %s that no test registers", (runtime) => {
    const registered = registeredOn(runtime);
    const missing = Object.entries(KIT_RUNS).flatMap(([name, { target, runs }]) => {
      const identifier = typeof target === "string" ? target : (target[runtime] ?? "");
      return runs[runtime] === undefined || registered.has(identifier) ? [] : [name];
    });
    expect(registered.size).toBeGreaterThan(0);
    expect(missing).toEqual([]);
  });

  test("registerTargets refuses a target without a run, and one with less than its run", () => {
    const target = { provides: [], create: () => Promise.reject(new Error("not run")) };
    const register = (name: string, options = {}) =>
      registerTargets([{ name, ...target }], () => {}, options);
    expect(() => register("an unknown target")).toThrow(/has no run of "an unknown target" on node/);
    expect(() => register("bun:sqlite file")).toThrow(/has no run of "bun:sqlite file" on node/);
    expect(() => register("memory", { only: ["session"] })).toThrow(/"memory" runs all cases/);
  });

  test("names no target twice", () => {
    expect(WRAPPERS.filter((name) => name in KIT_RUNS)).toEqual([]);
  });

  test.each([
    ["README.md", backendTable],
    ["docs/guide/drivers.md", kitTable],
  ])("is the table of %s", (page, table) => {
    expect(readFileSync(page, "utf8").includes(table()), "run npm run fix").toBe(true);
  });
});
