import { ConformanceError } from "./assert.ts";
import { conformanceCases } from "./cases.ts";
import type { ConformanceCase, ConformanceTarget, Requirement } from "./harness.ts";
import { providesCase } from "./lifecycle_cases.ts";

/** A case that is known to fail on a target. */
export interface KnownFailure {
  /** The case's full name. */
  readonly case: string;
  /** Why it fails and what would change that. */
  readonly reason: string;
}

/** Options of `registerConformance`. */
export interface ConformanceOptions {
  /** Full names or groups (what stands before the colon). Defaults to everything. */
  readonly only?: readonly string[] | undefined;
  /**
   * Cases that run and must fail: one that passes is reported, so that the list never outlives its reasons.
   */
  readonly knownFailures?: readonly KnownFailure[] | undefined;
  /** The cases to choose from. Defaults to all of the kit. */
  readonly cases?: readonly ConformanceCase[] | undefined;
}

/** What was registered and what was not. */
export interface ConformancePlan {
  readonly registered: readonly string[];
  readonly skipped: readonly { readonly name: string; readonly missing: readonly Requirement[] }[];
}

/**
 * Hands one test to a test runner: `test` of vitest, `Deno.test`, `test` of `bun:test`, or anything alike.
 */
export type RegisterTest = (name: string, run: () => Promise<void>) => void;

/**
 * Registers the kit's cases for a backend with a test runner. Each case runs on an empty database of its own;
 * cases whose requirements the target does not provide are left out and listed in the answer.
 *
 * @throws {RangeError} When a selector or a known failure matches no case that would run, or nothing is left
 * to run.
 *
 * @example How the author of a backend runs the kit
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
      `register conformance: known failure ${JSON.stringify(name)} names no case that runs`,
    );
  }
  if (registered.length === 0) throw new RangeError("register conformance: no case is left to run");
  return { registered, skipped };
}

/**
 * Runs one case on an empty database and disposes of it. @throws Whatever the case or the disposal throws.
 */
export async function runCase(target: ConformanceTarget, one: ConformanceCase): Promise<void> {
  const harness = await target.create();
  let failed = true;
  try {
    await one.run(harness);
    failed = false;
  } finally {
    // What went wrong first is what matters.
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
    `${one.name}: passes, so it is no known failure any more (it was said: ${reason})`,
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
      throw new RangeError(`select cases: ${JSON.stringify(selector)} matches none`);
    }
  }
  return cases.filter((one) => selectors.some((selector) => matches(one, selector)));
}
