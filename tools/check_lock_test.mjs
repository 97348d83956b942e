import { describe, expect, test } from "vitest";
import { checkLock } from "./check_lock.mjs";

describe("checkLock", () => {
  test("accepts a complete lockfile", () => {
    const packages = {
      "": {},
      "node_modules/tool": {
        version: "1.0.0",
        optionalDependencies: { "tool-linux": "1.0.0", "tool-extra": "^2.0.0" },
      },
      "node_modules/tool/node_modules/tool-linux": { version: "1.0.0" },
      "node_modules/tool-linux": { version: "0.9.0" },
      "node_modules/tool-extra": { version: "2.3.0" },
    };
    expect(checkLock(packages)).toEqual([]);
  });

  test("finds a missing platform package", () => {
    const packages = { "node_modules/tool": { optionalDependencies: { "tool-darwin": "1.0.0" } } };
    expect(checkLock(packages)).toEqual(["node_modules/tool: optional tool-darwin is not locked"]);
  });

  test("finds a platform package of another version", () => {
    const packages = {
      "node_modules/a/node_modules/tool": { optionalDependencies: { "tool-linux": "1.0.0" } },
      "node_modules/tool-linux": { version: "0.9.0" },
    };
    expect(checkLock(packages)).toEqual([
      "node_modules/a/node_modules/tool: optional tool-linux is locked at 0.9.0, not 1.0.0",
    ]);
  });

  test("finds a download address", () => {
    expect(checkLock({ "node_modules/a": { resolved: "https://registry.example/a.tgz" } })).toEqual([
      "node_modules/a: has a download address",
    ]);
  });
});
