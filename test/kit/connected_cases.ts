import { type ConformanceCase, conformanceCases } from "../../src/testing/mod.ts";

/**
 * Cases about the database alone, of hundreds of calls each. Another target runs them over the same database
 * without a connection.
 */
const BELOW_THE_CONNECTION: readonly string[] = [
  "accounts: deleting one leaves accounts with similar names",
  "accounts: no kind of write changes another account",
  "commit: applies nothing if any statement fails, and can be resent",
  "generation: 100,000 mutations are stored, changed and read",
  "members: a change of any part of any row is read back",
  ...[2, 3, 4, 5].map((seed) => `model: random commits agree with a trusted backend, seed ${seed}`),
];

/**
 * The kit for the short run of a target that stands on another one which runs the whole kit: it reaches its
 * database through a connection or another driver, or wraps it. Every read, write, answer and error passes
 * through it, and one of the model's five seeds. The long run has the whole kit.
 */
export const connectedCases: readonly ConformanceCase[] = conformanceCases.filter(
  ({ name }) => !BELOW_THE_CONNECTION.includes(name),
);

/**
 * Cases about texts, bytes and arguments, which the wire carries and checks in the same way over anything.
 */
const OF_ARGUMENTS = /^(?:keys|bytes|bad input): /;

/**
 * The kit for the short run of a target whose texts, bytes and arguments pass the same code as those of
 * another target, which runs these cases: a service, another driver of the same statements, a transform.
 */
export const derivedCases: readonly ConformanceCase[] = connectedCases.filter(
  ({ name }) => !OF_ARGUMENTS.test(name),
);

/** What depends on how calls are sent and answered, and how values travel. */
const OF_SENDING = /^(?:big numbers|big values|bytes|commit|damage|late commit|model|owner): /;

/**
 * The kit for the short run of another way to a database whose statements other targets cover: a connection
 * or a client.
 */
export const sentCases: readonly ConformanceCase[] = connectedCases.filter(({ name }) =>
  OF_SENDING.test(name),
);

const LARGEST = "big values: keeps a value of the maximum length";

/**
 * Leaves out the value of 16 MiB, for the short run of a client that takes seconds of computing to carry it. Turso's
 * searches all that has arrived again with each chunk; PGlite copies each byte several times. Values of 90 kB of
 * every kind pass through them.
 */
export function withoutLargest(cases: readonly ConformanceCase[]): readonly ConformanceCase[] {
  const left = cases.filter(({ name }) => name !== LARGEST);
  if (left.length === cases.length) throw new RangeError("without largest: the case was renamed");
  return left;
}

if (conformanceCases.length - connectedCases.length !== BELOW_THE_CONNECTION.length) {
  throw new RangeError("connected cases: a case that is left out was renamed");
}
