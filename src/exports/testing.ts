/**
 * Tools for tests of this package, of a backend or of a client: a fake host (clock, scheduler, seeded
 * randomness, recording logger), a committer that fails on demand, and the conformance kit that every backend
 * must pass. It uses no host API and no test runner.
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
  type CommitFault,
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
  FakeClock,
  type FakeHost,
  type FakeHostOptions,
  FaultPlan,
  type FaultyCommitterOptions,
  fakeHost,
  faultyCommitter,
  type KnownFailure,
  type LateCommit,
  type LateOutcome,
  type LogEntry,
  ManualScheduler,
  RecordingLogger,
  type RegisterTest,
  type Requirement,
  registerConformance,
  runCase,
  SeededRandom,
  type TaskFailure,
} from "../testing/mod.ts";
