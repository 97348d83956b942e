import {
  type ConformanceOptions,
  type ConformanceTarget,
  type RegisterTest,
  registerConformance,
} from "../../src/testing/mod.ts";

/**
 * Registers the conformance kit for several targets with one test runner, and prints the skipped cases of
 * each target with the reason.
 */
export function registerTargets(
  targets: readonly ConformanceTarget[],
  register: RegisterTest,
  options: ConformanceOptions = {},
): void {
  for (const target of targets) {
    const { registered, skipped } = registerConformance(target, register, options);
    if (skipped.length === 0) continue;
    const missing = [...new Set(skipped.flatMap((skip) => skip.missing))].join(", ");
    const cases = registered.length + skipped.length;
    console.log(`${target.name}: skips ${skipped.length} of ${cases} cases, which need ${missing}`);
  }
}
