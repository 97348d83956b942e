/**
 * Rules: schemas of values, as data, and the functions derived from them. `src/backend` has one rule for each
 * kind of write, each read and each field of the device; there is no other definition of their shape.
 *
 * @module
 */
export { type Check, checkOf, passes } from "./check.ts";
export { copyOf } from "./copy.ts";
export { copyValue } from "./copy_value.ts";
export { type LengthCheck, lengthCheckOf } from "./lengths.ts";
export { type Measure, measureOf } from "./measure.ts";
export {
  choice,
  flag,
  integer,
  list,
  MAX_TEXT_LENGTH,
  type MembersOf,
  map,
  object,
  optional,
  plain,
  type Rule,
  type RuleOf,
  rows,
  text,
  tuple,
  uint64,
  value,
  variant,
} from "./rule.ts";
