import { type Check, checkOf, type LengthCheck, lengthCheckOf } from "../rules/mod.ts";
import type { ReadMethod } from "./backend.ts";
import { type Argument, READS } from "./reads.ts";
import type { RowPage } from "./row_listing.ts";
import { readablePage } from "./row_page.ts";
import { requireStorable } from "./validate_write.ts";

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

/**
 * Returns the answer to a read after a check of the lengths of its stored bytes. A page of rows comes without
 * those that could not be stored again. @throws {WrongLengthError}
 */
export async function validatedAnswer(method: ReadMethod, answer: unknown): Promise<unknown> {
  if (READS[method].table === "rows") return await readablePage(answer as RowPage, requireStorable);
  validatorOf(method).answer?.(answer);
  return answer;
}
