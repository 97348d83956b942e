import { type Check, checkOf, type LengthCheck, lengthCheckOf } from "../rules/mod.ts";
import type { ReadMethod } from "./backend.ts";
import { type Argument, READS } from "./reads.ts";

/** The checks of the arguments and the answer of one read. */
interface Validator {
  readonly args: readonly Check[];
  readonly answer: LengthCheck | undefined;
}

const validators = new Map<ReadMethod, Validator>();

/** Built on first use of a read. */
function validatorOf(method: ReadMethod): Validator {
  let validator = validators.get(method);
  if (validator === undefined) {
    const args = READS[method].args as readonly Argument[];
    validator = {
      args: args.map(({ name, rule }) => checkOf(rule, `${method}: ${name}`)),
      answer: lengthCheckOf(READS[method].answer, method),
    };
    validators.set(method, validator);
  }
  return validator;
}

/**
 * Checks the arguments of a read before they reach a store.
 *
 * @throws {TypeError} When an argument is of another type or a text is malformed. The message contains no
 *   value.
 * @throws {RangeError} When a number is out of range.
 */
export function validateArguments(method: ReadMethod, args: readonly unknown[]): void {
  const checks = validatorOf(method).args;
  for (let index = 0; index < checks.length; index += 1) checks[index]?.(args[index]);
}

/** Checks the lengths of stored bytes in the answer to a read. @throws {WrongLengthError} */
export function validateAnswer(method: ReadMethod, answer: unknown): void {
  validatorOf(method).answer?.(answer);
}
