/**
 * The conformance kit: every rule of the backend contract as data, and functions to run it on any backend
 * with any test runner.
 *
 * @module
 */
export { ConformanceError } from "./assert.ts";
export { conformanceCases } from "./cases.ts";
export {
  type ConformanceCase,
  type ConformanceHarness,
  type ConformanceTarget,
  type Damage,
  type DamagedValue,
  DEFAULT_ACCOUNT,
  type Requirement,
} from "./harness.ts";
export {
  type ConformanceOptions,
  type ConformancePlan,
  type KnownFailure,
  type RegisterTest,
  registerConformance,
  runCase,
} from "./register_conformance.ts";
