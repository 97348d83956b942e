/**
 * The files whose mutants `npm run mutation` makes, in parts, each with the tests that must kill them.
 *
 * They are the files that hold the invariants: what is acknowledged is durable, no counter is used twice, and
 * no value is returned after its end. A fault there loses data without an error, and a test that runs a line
 * does not show that it would notice. Files of types, options and texts, and those whose faults any test
 * notices, such as codecs, are left out: each mutant costs about a second.
 *
 * The tests are the unit tests beside the files. The conformance kit and the tests with Baileys would kill
 * mutants too, in minutes each.
 */

/**
 * @typedef {object} MutationPart
 * @property {string} name
 * @property {readonly string[]} files
 * @property {readonly string[]} tests Patterns of the test files.
 */

/** @type {readonly MutationPart[]} */
export const MUTATION_PARTS = [
  {
    name: "leases",
    files: [
      // Counters that may be sent, and what must be durable before they are.
      "src/signal/counter_lease.ts",
      "src/signal/publish_gate.ts",
      // Which changes are not durable.
      "src/signal/dirty_set.ts",
    ],
    tests: [
      "src/signal/{counter_lease,dirty_set,eviction,flushable_signal_state,joint_change,outage}_test.ts",
      "src/signal/{pause_count,publish_gate,record_store,signal_leases}_test.ts",
    ],
  },
  {
    name: "queue",
    // The guard of every commit, and commits in doubt.
    files: ["src/backend/commit_queue.ts"],
    tests: ["src/backend/{account_state,commit_queue}_test.ts"],
  },
  {
    name: "engine",
    files: [
      // What one flush commits, what it reports, and what stays dirty.
      "src/write_behind/flush_round.ts",
      "src/write_behind/isolating_commit.ts",
      "src/write_behind/refused_items.ts",
      "src/write_behind/round_queue.ts",
      // What is refused while saving fails, or too much is dirty.
      "src/write_behind/health.ts",
      "src/write_behind/back_pressure.ts",
    ],
    tests: ["src/write_behind/*_test.ts"],
  },
  {
    name: "cache",
    files: [
      // Which entries are present, and which one is removed.
      "src/cache/portable_cache.ts",
      // One load and one holder per key.
      "src/cache/_single_flight.ts",
      "src/cache/keyed_lock.ts",
    ],
    tests: ["src/cache/{_single_flight,keyed_lock,portable_cache,portable_cache_model}_test.ts"],
  },
];

/**
 * The parts with only the files that `isWanted` accepts, without empty parts.
 *
 * @param {(file: string) => boolean} isWanted
 * @returns {MutationPart[]}
 */
export function selectParts(isWanted) {
  return MUTATION_PARTS.map((part) => ({ ...part, files: part.files.filter(isWanted) })).filter(
    ({ files }) => files.length > 0,
  );
}
