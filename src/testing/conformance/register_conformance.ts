import { requireFunction, requireList, requireObject } from "../../errors/mod.ts";
import { ConformanceError } from "./assert.ts";
import { conformanceCases } from "./cases.ts";
import type { ConformanceCase, ConformanceTarget, Requirement } from "./harness.ts";
import { providesCase } from "./lifecycle_cases.ts";

/** A case that is known to fail on a target. */
export interface KnownFailure {
  /** The case's full name. */
  readonly case: string;
  /** Why it fails, and what would fix it. */
  readonly reason: string;
}

/** Options of `registerConformance`. */
export interface ConformanceOptions {
  /** Full names, or groups (the part before the colon). Defaults to all cases. */
  readonly only?: readonly string[] | undefined;
  /** Cases that run and must fail. A case that passes is reported, so that the list stays current. */
  readonly knownFailures?: readonly KnownFailure[] | undefined;
  /** The cases to choose from. Defaults to all of the kit. */
  readonly cases?: readonly ConformanceCase[] | undefined;
}

/** The registered and the skipped cases. */
export interface ConformancePlan {
  /** Names of the cases that were registered, in order. */
  readonly registered: readonly string[];
  /** Names of the cases that were left out, with what the target lacks. */
  readonly skipped: readonly { readonly name: string; readonly missing: readonly Requirement[] }[];
}

/**
 * Hands one test to a test runner: `test` of vitest, `Deno.test`, `test` of `bun:test`, or a similar
 * function.
 */
export type RegisterTest = (name: string, run: () => Promise<void>) => void;

/**
 * Registers the kit's cases for a backend with a test runner. Each case runs on an empty database of its own.
 * Cases whose requirements the target does not provide are skipped and listed in the result.
 *
 * @throws {RangeError} When a selector or a known failure matches no case that would run, or no case is left
 *   to run.
 *
 * @example Running the kit for a backend
 * ```ts
 * import { MemoryDatabase, memoryBackend } from "@holdfast/store/memory";
 * import { type ConformanceTarget, FakeClock, registerConformance } from "@holdfast/store/testing";
 *
 * const target: ConformanceTarget = {
 *   name: "memory",
 *   provides: ["atomicCommit", "fencing", "durableOnResolve", "changedRows"],
 *   async create() {
 *     const database = new MemoryDatabase();
 *     const clock = new FakeClock();
 *     let open: { close(): Promise<void> }[] = [];
 *     const openAccount = async (account = "main") => {
 *       const backend = memoryBackend({ database, account, clock });
 *       open.push(backend);
 *       return backend;
 *     };
 *     const closeAll = async () => {
 *       await Promise.all(open.map((backend) => backend.close()));
 *       open = [];
 *     };
 *     return {
 *       clock,
 *       open: openAccount,
 *       reopen: async (account) => {
 *         await closeAll();
 *         return await openAccount(account);
 *       },
 *       crash: openAccount,
 *       dispose: closeAll,
 *     };
 *   },
 * };
 *
 *  // With a test runner: `registerConformance(target, test)`.
 * const tests = new Map<string, () => Promise<void>>();
 * registerConformance(target, (name, run) => tests.set(name, run), { only: ["session"] });
 * for (const run of tests.values()) await run();
 * ```
 */
export function registerConformance(
  target: ConformanceTarget,
  register: RegisterTest,
  options: ConformanceOptions = {},
): ConformancePlan {
  requireObject("register conformance: target", target);
  requireList("register conformance: target.provides", target.provides);
  requireFunction("register conformance: register", register);
  requireObject("register conformance: options", options);
  const known = new Map((options.knownFailures ?? []).map((failure) => [failure.case, failure.reason]));
  const registered: string[] = [];
  const skipped: { name: string; missing: readonly Requirement[] }[] = [];
  const cases = [providesCase(target.provides), ...(options.cases ?? conformanceCases)];
  for (const one of selectCases(cases, options.only)) {
    const missing = (one.requires ?? []).filter((requirement) => !target.provides.includes(requirement));
    if (missing.length > 0) {
      skipped.push({ name: one.name, missing });
      continue;
    }
    registered.push(one.name);
    const reason = known.get(one.name);
    known.delete(one.name);
    register(`${target.name}: ${one.name}`, () =>
      reason === undefined ? runCase(target, one) : runKnownFailure(target, one, reason),
    );
  }
  for (const name of known.keys()) {
    throw new RangeError(
      `register conformance: known failure ${JSON.stringify(name)} matches no case that runs`,
    );
  }
  if (registered.length === 0) throw new RangeError("register conformance: no case is left to run");
  return { registered, skipped };
}

/** Runs one case on an empty database and disposes of it. @throws Errors of the case or the disposal. */
export async function runCase(target: ConformanceTarget, one: ConformanceCase): Promise<void> {
  requireFunction("run case: target.create", target?.create);
  requireFunction("run case: run", one?.run);
  const harness = await target.create();
  let failed = true;
  try {
    await one.run(harness);
    failed = false;
  } finally {
    // The first error is the relevant one.
    if (failed) await harness.dispose().catch(() => {});
    else await harness.dispose();
  }
}

async function runKnownFailure(
  target: ConformanceTarget,
  one: ConformanceCase,
  reason: string,
): Promise<void> {
  try {
    await runCase(target, one);
  } catch {
    return;
  }
  throw new ConformanceError(
    `${one.name}: passes, so remove it from the known failures (reason was: ${reason})`,
  );
}

function selectCases(
  cases: readonly ConformanceCase[],
  selectors: readonly string[] | undefined,
): readonly ConformanceCase[] {
  if (selectors === undefined) return cases;
  const matches = (one: ConformanceCase, selector: string) =>
    one.name === selector || one.name.startsWith(`${selector}:`);
  for (const selector of selectors) {
    if (!cases.some((one) => matches(one, selector))) {
      throw new RangeError(`select cases: ${JSON.stringify(selector)} matches no case`);
    }
  }
  return cases.filter((one) => selectors.some((selector) => matches(one, selector)));
}
