import type { ChaosPlan } from "../machine.ts";
import { ChaosViolation } from "../world/violation.ts";

/** Runs that one violation is shrunk with, at most. */
const MAX_RUNS = 400;

/** The shortest plan that was found. */
export interface Shrunk {
  /** Its message has the command that repeats it. */
  readonly violation: ChaosViolation;
  readonly steps: ReadonlySet<number>;
}

/**
 * Looks for fewer steps that still end in the same violation, by leaving out halves, quarters and ever smaller
 * parts of what is left (delta debugging). No step of the result can be left out by itself, unless the search
 * took too many runs.
 *
 * @param found The violation of the whole run.
 * @param run Runs a plan.
 */
export async function shrink(
  found: ChaosViolation,
  run: (plan: ChaosPlan) => Promise<unknown>,
): Promise<Shrunk> {
  const violationOf = async (steps: readonly number[]): Promise<ChaosViolation | undefined> => {
    try {
      await run({ steps: new Set(steps), starts: found.starts });
      return undefined;
    } catch (error) {
      if (!(error instanceof ChaosViolation)) throw error;
      return kindOf(error) === kindOf(found) ? error : undefined;
    }
  };
  // Nothing after the violation is part of it.
  let steps = Array.from({ length: found.step }, (_, index) => index + 1);
  let shortest = found;
  let runs = 0;
  for (let parts = 2; steps.length > 0 && runs < MAX_RUNS; ) {
    const size = Math.ceil(steps.length / parts);
    let isShorter = false;
    for (let at = 0; at < steps.length && runs < MAX_RUNS; at += size) {
      const rest = [...steps.slice(0, at), ...steps.slice(at + size)];
      runs += 1;
      const violation = await violationOf(rest);
      if (violation === undefined) continue;
      steps = rest.filter((step) => step <= violation.step);
      shortest = violation;
      isShorter = true;
      break;
    }
    if (isShorter) parts = Math.max(2, parts - 1);
    else if (size === 1) break;
    else parts = Math.min(steps.length, parts * 2);
  }
  return { violation: shortest, steps: new Set(steps) };
}

/** What a violation is about. Names and numbers in its reason differ between plans. */
function kindOf({ reason }: ChaosViolation): string {
  return reason.replace(/[\d@:.]+\S*/g, "").slice(0, 60);
}
