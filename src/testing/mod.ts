/**
 * Tools for tests of this package, of a backend or of a client: a fake host (clock, scheduler, seeded
 * randomness, recording logger), a network that fails on demand, and the conformance kit that every backend
 * must pass. Independent of the host and the test runner.
 *
 * @example
 * ```ts
 * import { memoryBackend } from "@holdfast/store/memory";
 * import { fakeHost, FaultPlan, faultyCommitter } from "@holdfast/store/testing";
 *
 * const host = fakeHost({ seed: 7 });
 * const plan = new FaultPlan();
 * const backend = faultyCommitter(memoryBackend({ clock: host.clock }), plan, { clock: host.clock });
 * plan.next("lose-answer");
 * await backend.storePreKey(1, host.random.bytes(70), false).catch(() => "ambiguous, as planned");
 * ```
 *
 * @module
 */
export {
  type ConformanceCase,
  ConformanceError,
  type ConformanceHarness,
  type ConformanceOptions,
  type ConformancePlan,
  type ConformanceTarget,
  conformanceCases,
  type Damage,
  type DamagedValue,
  DEFAULT_ACCOUNT,
  type KnownFailure,
  type RegisterTest,
  type Requirement,
  registerConformance,
  runCase,
} from "./conformance/mod.ts";
export { FakeClock } from "./fake_clock.ts";
export { type FakeHost, type FakeHostOptions, fakeHost } from "./fake_host.ts";
export { type CommitFault, FaultPlan, type LateCommit, type LateOutcome } from "./fault_plan.ts";
export { type FaultyCommitterOptions, faultyCommitter } from "./faulty_committer.ts";
export { ManualScheduler, type TaskFailure } from "./manual_scheduler.ts";
export { type LogEntry, RecordingLogger } from "./recording_logger.ts";
export { SeededRandom } from "./seeded_random.ts";
