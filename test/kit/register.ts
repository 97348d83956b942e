import {
  type ConformanceOptions,
  type ConformanceTarget,
  type RegisterTest,
  registerConformance,
} from "../../src/testing/mod.ts";
import { KIT_RUNS, type KitRuntime, WRAPPERS } from "./kit_runs.mjs";

/**
 * Registers the conformance kit for several targets with one test runner, and prints the skipped cases of
 * each target with the reason.
 *
 * @throws {RangeError} When kit_runs.mjs does not say that the target runs here, or says that the whole kit
 *   does and there is a selection.
 */
export function registerTargets(
  targets: readonly ConformanceTarget[],
  register: RegisterTest,
  options: ConformanceOptions = {},
): void {
  for (const target of targets) {
    requireRow(target.name, options);
    const { registered, skipped } = registerConformance(target, register, options);
    if (skipped.length === 0) continue;
    const missing = [...new Set(skipped.flatMap((skip) => skip.missing))].join(", ");
    const cases = registered.length + skipped.length;
    console.log(`${target.name}: skips ${skipped.length} of ${cases} cases, which need ${missing}`);
  }
}

function requireRow(name: string, options: ConformanceOptions): void {
  if (WRAPPERS.includes(name)) return;
  const runtime = runtimeHere();
  const dose = KIT_RUNS[name]?.runs[runtime];
  if (dose === undefined)
    throw new RangeError(`register targets: test/kit/kit_runs.mjs has no run of "${name}" on ${runtime}`);
  const isSelected =
    options.cases !== undefined || options.only !== undefined || options.knownFailures !== undefined;
  if (dose === "all" && isSelected)
    throw new RangeError(`register targets: test/kit/kit_runs.mjs says that "${name}" runs all cases`);
}

function runtimeHere(): KitRuntime {
  const { Deno, Bun, navigator } = globalThis as {
    readonly Deno?: unknown;
    readonly Bun?: unknown;
    readonly navigator?: { readonly userAgent?: string };
  };
  if (navigator?.userAgent === "Cloudflare-Workers") return "workerd";
  if (Deno !== undefined) return "deno";
  return Bun === undefined ? "node" : "bun";
}
