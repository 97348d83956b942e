import type { Backend, Write, WriteKind } from "../../backend/mod.ts";
import { SeededRandom } from "../seeded_random.ts";
import { ConformanceError, check, equal } from "./assert.ts";
import type { ConformanceCase, ConformanceHarness } from "./harness.ts";
import { secondsOf } from "./samples.ts";
import { readAll } from "./universe.ts";
import { drawWrite, PUTTING_KINDS, WRITE_KINDS } from "./write_samples.ts";

const SEEDS: readonly number[] = [1, 2, 3, 4, 5];
const COMMITS_PER_SEED = 60;
const MAX_WRITES_PER_COMMIT = 14;
/** Commits between two comparisons. */
const COMPARE_EVERY = 10;

/** Draws the writes of one commit, sometimes with a run of one kind, as in a batch. */
function drawWrites(random: SeededRandom, nowS: number): Write[] {
  const pick = (): WriteKind => {
    const kind = random.pick(WRITE_KINDS);
    // What takes everything away leaves too little to compare.
    return kind === "account.clear" && !random.oneIn(8) ? random.pick(PUTTING_KINDS) : kind;
  };
  const kind = pick();
  const isRun = random.oneIn(4);
  return Array.from({ length: random.below(MAX_WRITES_PER_COMMIT + 1) }, () =>
    drawWrite(isRun ? kind : pick(), { random, nowS }),
  );
}

/** Sends a commit that fails at a random statement, if the harness supports it. */
async function failHalfWay(
  harness: ConformanceHarness,
  backend: Backend,
  writes: readonly Write[],
  at: number,
) {
  if (harness.failCommitAt === undefined || !backend.capabilities.atomicCommit) return;
  harness.failCommitAt(at);
  // With fewer statements it succeeds. Sending it again is safe either way.
  await backend.commit(writes).catch(() => {});
  // A commit without statements leaves the fault in place. This one replaces it and never takes effect.
  harness.failCommitAt(Number.MAX_SAFE_INTEGER);
}

async function runSeed(harness: ConformanceHarness, seed: number): Promise<void> {
  check(harness.oracle !== undefined, "the harness has no oracle");
  const random = new SeededRandom(seed);
  const account = `model ${seed}`;
  let backend = await harness.open(account);
  const oracle = await harness.oracle();
  try {
    for (let step = 1; step <= COMMITS_PER_SEED; step += 1) {
      harness.clock.advance(random.below(3) * 1_000);
      const writes = drawWrites(random, secondsOf(harness.clock));
      if (random.oneIn(4)) await failHalfWay(harness, backend, writes, random.below(6));
      await backend.commit(writes);
      // One write per commit keeps the oracle free of faults in batches and statements.
      for (const write of writes) await oracle.commit([write]);
      if (random.oneIn(10)) backend = await harness.reopen(account);
      if (backend.capabilities.durableOnResolve && random.oneIn(10)) backend = await harness.crash(account);
      if (step % COMPARE_EVERY === 0) {
        equal(await readAll(backend), await readAll(oracle), `contents after step ${step}`);
      }
    }
  } catch (error) {
    throw new ConformanceError(`seed ${seed}: ${error instanceof Error ? error.message : "failed"}`, {
      cause: error,
    });
  } finally {
    await oracle.close();
  }
}

/** Random writes of all kinds, compared with a trusted backend every few commits. */
export const modelCases: readonly ConformanceCase[] = SEEDS.map((seed) => ({
  name: `model: random commits agree with a trusted backend, seed ${seed}`,
  requires: ["oracle"],
  run: (harness) => runSeed(harness, seed),
}));
