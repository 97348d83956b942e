import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkLayers } from "./check_layers.mjs";

/** @type {string} */
let root;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "layers-"));
});

afterEach(() => rmSync(root, { recursive: true }));

/**
 * Writes a tree and checks it.
 *
 * @param {Record<string, string>} files text by path
 */
function check(files) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return checkLayers(root);
}

describe("checkLayers", () => {
  test("accepts a tree that keeps the rules", () => {
    const files = {
      "mod.ts": 'export { open } from "./src/exports/root.ts";',
      "src/exports/root.ts": 'export { open } from "../account/mod.ts";',
      "src/account/mod.ts": 'export { open } from "./open.ts";',
      "src/account/open.ts":
        'import { now } from "../ports/mod.ts";\nexport function open(process: number): number { return now() + process; }',
      "src/ports/mod.ts": 'export { now } from "./system.ts";',
      "src/ports/system.ts": "export function now(): number { return Date.now(); }",
      "src/adapters/sqlite/mod.ts": "export const driver: number = 1;",
      "src/adapters/libsql/mod.ts":
        'import { createClient } from "@libsql/client";\nimport { driver } from "../sqlite/mod.ts";\nexport const both: unknown[] = [createClient, driver];',
      "src/cli/main.ts":
        'import { readFileSync } from "node:fs";\nimport { both } from "../adapters/libsql/mod.ts";\nreadFileSync(String(both));',
      "src/account/open_test.ts": 'import "vitest";\nDate.now();',
    };
    expect(check(files)).toEqual([]);
  });

  test("accepts the platform's folder on the worker, behind its door", () => {
    const files = {
      "src/worker/mod.ts": "export const used: number = 1;",
      "src/cloudflare/mod.ts":
        'import { DurableObject } from "cloudflare:workers";\nimport { used } from "../worker/mod.ts";\nexport const both: unknown[] = [DurableObject, used];',
      "src/exports/cloudflare.ts": 'export { both } from "../cloudflare/mod.ts";',
    };
    expect(check(files)).toEqual([]);
  });

  const used = "export const used: number = 1;";
  /** @type {[string, Record<string, string>, string][]} */
  const violations = [
    [
      "an import that points up",
      { "src/ports/a.ts": 'import { used } from "../backend/b.ts";\nused;', "src/backend/b.ts": used },
      "src/ports/a.ts:1 ports may not import backend",
    ],
    [
      "a type that points up",
      { "src/ports/a.ts": 'export type A = import("../backend/b.ts").B;', "src/backend/b.ts": used },
      "src/ports/a.ts:1 ports may not import backend",
    ],
    [
      "a sibling",
      { "src/device/a.ts": 'export { used } from "../signal/b.ts";', "src/signal/b.ts": used },
      "src/device/a.ts:1 device may not import signal",
    ],
    [
      "the console outside of the command line",
      {
        "src/worker/a.ts": 'export { used } from "../console/b.ts";',
        "src/console/b.ts": used,
      },
      "src/worker/a.ts:1 console is no part of the Worker: only cli imports it",
    ],
    [
      "another door that exports the platform's folder",
      {
        "src/exports/worker.ts": 'export { used } from "../cloudflare/mod.ts";',
        "src/cloudflare/mod.ts": used,
      },
      "src/exports/worker.ts:1 cloudflare runs on one platform: only src/exports/cloudflare.ts imports it",
    ],
    [
      "a module of the platform outside of its folder",
      { "src/worker/a.ts": 'import { DurableObject } from "cloudflare:workers";\nDurableObject;' },
      "src/worker/a.ts:1 worker may not import the package cloudflare:workers",
    ],
    [
      "an adapter that sees the domain",
      { "src/adapters/memory/a.ts": 'export { used } from "../../device/b.ts";', "src/device/b.ts": used },
      "src/adapters/memory/a.ts:1 adapters/memory may not import device",
    ],
    [
      "an adapter that sees another adapter",
      {
        "src/adapters/memory/a.ts": 'export { used } from "../sqlite/b.ts";',
        "src/adapters/sqlite/b.ts": used,
      },
      "src/adapters/memory/a.ts:1 adapters/memory may not import adapters/sqlite",
    ],
    [
      "a kit that sees an adapter",
      {
        "src/testing/a.ts": 'export { used } from "../adapters/memory/b.ts";',
        "src/adapters/memory/b.ts": used,
      },
      "src/testing/a.ts:1 testing may not import adapters/memory",
    ],
    [
      "an import of a composition root",
      { "src/baileys/a.ts": 'export { used } from "../cli/b.ts";', "src/cli/b.ts": used },
      "src/baileys/a.ts:1 nothing imports the composition root cli",
    ],
    [
      "the system port by its file",
      { "src/device/a.ts": 'export { used } from "../ports/system.ts";', "src/ports/system.ts": used },
      "src/device/a.ts:1 src/ports/system.ts is imported only by src/ports/mod.ts",
    ],
    [
      "a private file of another folder",
      { "src/backend/a.ts": 'export { used } from "../records/_b.ts";', "src/records/_b.ts": used },
      "src/backend/a.ts:1 src/records/_b.ts is private to its folder",
    ],
    [
      "a cycle",
      { "src/backend/a.ts": 'export * from "./b.ts";', "src/backend/b.ts": 'export type * from "./a.ts";' },
      "src/backend/a.ts:1 import cycle: src/backend/a.ts -> src/backend/b.ts -> src/backend/a.ts",
    ],
    [
      "a driver in the core",
      { "src/account/a.ts": 'export { createClient } from "@libsql/client";' },
      "src/account/a.ts:1 account may not import the package @libsql/client",
    ],
    [
      "a built-in in an adapter",
      { "src/adapters/libsql/a.ts": 'export const fs: unknown = import("node:fs");' },
      "src/adapters/libsql/a.ts:1 adapters/libsql may not import the package node:fs",
    ],
    [
      "a missing file",
      { "src/errors/a.ts": 'export * from "./b.ts";' },
      "src/errors/a.ts:1 import of ./b.ts: no such .ts file",
    ],
    [
      "a folder without a place",
      { "src/misc/a.ts": used },
      "src/misc/a.ts:1 unknown layer misc: name its place in tools/check_layers.mjs",
    ],
    [
      "the clock",
      { "src/device/a.ts": "export const f = () => Date.now();" },
      "src/device/a.ts:1 Date.now outside src/ports/system.ts",
    ],
    [
      "a date",
      { "src/device/a.ts": "export const f = () => new Date();" },
      "src/device/a.ts:1 Date() outside src/ports/system.ts",
    ],
    [
      "chance",
      { "src/device/a.ts": "export const f = () => Math.random();" },
      "src/device/a.ts:1 Math.random outside src/ports/system.ts",
    ],
    [
      "a passed timer",
      { "src/device/a.ts": "export const timers = { setTimeout };" },
      "src/device/a.ts:1 setTimeout outside src/ports/system.ts",
    ],
    [
      "web crypto",
      { "src/device/a.ts": "export const f = (b: Uint8Array) => crypto.getRandomValues(b);" },
      "src/device/a.ts:1 crypto outside src/ports/system.ts",
    ],
    [
      "a host's type",
      { "src/device/a.ts": "export type Bytes = Buffer;" },
      "src/device/a.ts:1 Buffer is a host name",
    ],
    [
      "augmentation",
      { "src/device/a.ts": "export {};\ndeclare global { var x: number; }" },
      "src/device/a.ts:2 no declare global, declare module or namespace",
    ],
    [
      "a statement at import time",
      { "src/device/a.ts": "export const m: Map<string, number> = new Map();\nm.set('a', 1);" },
      "src/device/a.ts:2 a module only declares: no statement or mutable variable at top level",
    ],
    [
      "a bare import",
      { "src/device/a.ts": 'import "../errors/b.ts";', "src/errors/b.ts": used },
      "src/device/a.ts:1 import for its side effect",
    ],
  ];

  test.each(violations)("rejects %s", (_name, files, expected) => {
    expect(check(files)).toContain(expected);
  });
});
