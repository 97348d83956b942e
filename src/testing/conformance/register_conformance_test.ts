import { describe, expect, test } from "vitest";
import { memoryTarget } from "../../../test/kit/memory.ts";
import { memoryBackend } from "../../adapters/memory/mod.ts";
import { withCommitter } from "../../backend/mod.ts";
import {
  type ConformanceCase,
  ConformanceError,
  type ConformanceOptions,
  type ConformanceTarget,
  conformanceCases,
  FakeClock,
  registerConformance,
} from "../mod.ts";

/** A runner that collects registered tests, so that a test can run them. */
function runner() {
  const tests = new Map<string, () => Promise<void>>();
  const register = (name: string, run: () => Promise<void>) => void tests.set(name, run);
  return { tests, register };
}

function sample(name: string, run: ConformanceCase["run"] = async () => {}): ConformanceCase {
  return { name, run };
}

const CASES: readonly ConformanceCase[] = [
  sample("a: works"),
  sample("a: fails", async () => {
    throw new ConformanceError("no");
  }),
  sample("ab: works"),
  { ...sample("b: needs damage"), requires: ["damage", "oracle"] },
];

const TARGET: ConformanceTarget = { ...memoryTarget, name: "target", provides: ["oracle"] };

function register(options: ConformanceOptions) {
  const { tests, register } = runner();
  return { tests, plan: registerConformance(TARGET, register, { cases: CASES, ...options }) };
}

describe("registerConformance", () => {
  test("registers cases by target and lists skipped ones", () => {
    const { tests, plan } = register({});
    expect([...tests.keys()].slice(1)).toEqual(["target: a: works", "target: a: fails", "target: ab: works"]);
    expect(plan.registered.slice(1)).toEqual(["a: works", "a: fails", "ab: works"]);
    expect(plan.skipped).toEqual([{ name: "b: needs damage", missing: ["damage"] }]);
  });

  test("selects by name or group and rejects unmatched selectors", () => {
    expect(register({ only: ["a"] }).plan.registered).toEqual(["a: works", "a: fails"]);
    expect(register({ only: ["ab: works"] }).plan.registered).toEqual(["ab: works"]);
    expect(() => register({ only: ["a", "c"] })).toThrow(RangeError);
    expect(() => register({ only: ["a: work"] })).toThrow(RangeError);
    expect(() => register({ only: [] })).toThrow(RangeError);
    expect(() => register({ only: ["b"] })).toThrow(RangeError);
  });

  test("reports a known failure that passes, with its reason", async () => {
    const knownFailures = [
      { case: "a: fails", reason: "not yet" },
      { case: "a: works", reason: "was broken once" },
    ];
    const { tests } = register({ knownFailures });
    await tests.get("target: a: fails")?.();
    await expect(tests.get("target: a: works")?.()).rejects.toThrow(/was broken once/);
    const { tests: plain } = register({});
    await expect(plain.get("target: a: fails")?.()).rejects.toThrow(ConformanceError);
    await plain.get("target: a: works")?.();
  });

  test("rejects a known failure that matches no case", () => {
    for (const name of ["a: nothing", "a", "b: needs damage"]) {
      expect(() => register({ knownFailures: [{ case: name, reason: "?" }] })).toThrow(RangeError);
    }
  });

  test("gives each case its own harness and always disposes it", async () => {
    const log: string[] = [];
    const target: ConformanceTarget = {
      ...TARGET,
      async create() {
        const harness = await memoryTarget.create();
        log.push("create");
        return {
          clock: harness.clock,
          open: (account) => harness.open(account),
          reopen: (account) => harness.reopen(account),
          crash: (account) => harness.crash(account),
          async dispose() {
            log.push("dispose");
            throw new Error("disposal failed");
          },
        };
      },
    };
    const { tests, register } = runner();
    registerConformance(target, register, { cases: CASES, only: ["a"] });
    await expect(tests.get("target: a: works")?.()).rejects.toThrow("disposal failed");
    await expect(tests.get("target: a: fails")?.()).rejects.toThrow("no");
    expect(log).toEqual(["create", "dispose", "create", "dispose"]);
  });

  test("fails a target that claims too much or too little", async () => {
    const run = async (provides: ConformanceTarget["provides"]) => {
      const { tests, register } = runner();
      registerConformance({ ...memoryTarget, provides }, register, { only: ["target"] });
      for (const test of tests.values()) await test();
    };
    await run(memoryTarget.provides);
    await expect(run(memoryTarget.provides.filter((power) => power !== "damage"))).rejects.toThrow(/damage/);
    const clock = new FakeClock();
    const weak: ConformanceTarget = {
      ...memoryTarget,
      async create() {
        const open = async () => {
          const backend = memoryBackend({ clock });
          const capabilities = { ...backend.capabilities, fencing: false };
          return withCommitter(backend, {
            capabilities,
            commit: (writes, options) => backend.commit(writes, options),
            readOwner: () => backend.readOwner(),
            close: () => backend.close(),
          });
        };
        return { clock, open, reopen: open, crash: open, dispose: async () => {} };
      },
    };
    const { tests, register } = runner();
    registerConformance(weak, register, { only: ["target"] });
    const [claim] = [...tests.values()];
    await expect(claim?.()).rejects.toThrow(/provides fencing/);
  });
});

describe("conformanceCases", () => {
  test("has unique names of the form `group: rule`", () => {
    const names = conformanceCases.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-zA-Z-]+( [a-zA-Z-]+){0,2}: \S.*[^.]$/);
  });
});
