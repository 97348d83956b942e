/**
 * Everything that a test of this package, of a backend or of a client needs: surroundings that stand still, seeded
 * randomness and a logger that remembers.
 *
 * @module
 */
export { FakeClock } from "./fake_clock.ts";
export { type FakeHost, type FakeHostOptions, fakeHost } from "./fake_host.ts";
export { type CommitFault, FaultPlan, type LateCommit, type LateOutcome } from "./fault_plan.ts";
export { type FaultyCommitterOptions, faultyCommitter } from "./faulty_committer.ts";
export { ManualScheduler, type TaskFailure } from "./manual_scheduler.ts";
export { type LogEntry, RecordingLogger } from "./recording_logger.ts";
export { SeededRandom } from "./seeded_random.ts";
