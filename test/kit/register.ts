import {
  type ConformanceOptions,
  type ConformanceTarget,
  type RegisterTest,
  registerConformance,
} from "../../src/testing/mod.ts";
import { sentCases } from "./connected_cases.ts";
import { KIT_RUNS, type KitRuntime, WRAPPERS } from "./kit_runs.mjs";

/**
 * Targets that run whole on another version of Node in the same run: here only what is sent to the library is
 * tried. Set by tools/test.mjs.
 */
const repeated = environment().HOLDFAST_REPEATED_KITS?.split(",") ?? [];

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
    const cases = options.cases ?? (repeated.includes(target.name) ? sentCases : undefined);
    const { registered, skipped } = registerConformance(target, register, { ...options, cases });
    if (skipped.length === 0) continue;
    const missing = [...new Set(skipped.flatMap((skip) => skip.missing))].join(", ");
    const all = registered.length + skipped.length;
    console.log(`${target.name}: skips ${skipped.length} of ${all} cases, which need ${missing}`);
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

function environment(): { readonly HOLDFAST_REPEATED_KITS?: string } {
  const { process } = globalThis as {
    readonly process?: { readonly env?: { readonly HOLDFAST_REPEATED_KITS?: string } };
  };
  return process?.env ?? {};
}
