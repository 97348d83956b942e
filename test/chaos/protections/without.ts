import type { Protection } from "../../support/protections/names.ts";
import type { ChaosOptions, ChaosReport } from "../machine.ts";

/** What a run without a protection finds first. */
export const FINDINGS: Readonly<Record<Protection, RegExp>> = {
  generationCheck: /are not durable|promised|gates are shut|older state|cannot be read|left twice/,
  gate: /left twice|cannot be read|cannot read/,
  fastForward: /left twice/,
  rewindRefusal: /left twice/,
  preKeyCoupling: /gone without its session/,
  sendRefusal: /an outage burned/,
  failedGate: /cannot read/,
  staleRead: /older state came back/,
  strandedState: /cannot be read/,
  ownerEpoch: /left twice/,
  tokenCheck: /had taken the account over|left twice|older state|promised|are not durable/,
  mappingMove: /came without it/,
  ownPair: /one end is ours|counts as having it/,
  senderKeyMerge: /cannot be read|older state/,
  senderKeyMarks: /counts as having it/,
  identityWipe: /identity before/,
  listTimestamp: /identity before came back|promised|cannot be read/,
  storedPreKeys: /stored in its place/,
  identityConflict: /another identity|cannot be read|cannot read/,
  epochBump: /promised|are not durable|the row is|left keys to burn|left twice|cannot be read|older state/,
};

/** How a protection is left out. */
export interface WithoutOptions {
  readonly protection: Protection;
  /** A seed that is known to notice, tried first. */
  readonly known: number;
  /** Further seeds within which it must be noticed. */
  readonly seeds: number;
  readonly steps: number;
  readonly flags?: readonly string[] | undefined;
}

/**
 * Runs seeds without a protection until one goes wrong. @returns What it failed with, `undefined` when none
 * did.
 */
export async function failureWithout(
  { protection, known, seeds, steps, flags }: WithoutOptions,
  run: (options: ChaosOptions) => Promise<ChaosReport>,
): Promise<unknown> {
  for (const seed of [known, ...Array.from({ length: seeds }, (_, index) => index + 1)]) {
    const failure = await run({ seed, steps, off: [protection], flags }).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure !== undefined) return failure;
  }
  return undefined;
}
