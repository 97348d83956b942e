import { ArgumentTypeError, CorruptError, hasKnownKind, RefusedError, requireList } from "../errors/mod.ts";
import { type Check, checkOf, type Measure, measureOf, object, type Rule } from "../rules/mod.ts";
import type { Capabilities } from "./backend.ts";
import { DEVICE } from "./device_fields.ts";
import type { Device } from "./device_store.ts";
import type { Write, WriteKind } from "./write.ts";
import { WRITES } from "./writes.ts";

/** The checks of one kind of write. */
interface Validator {
  readonly fields: readonly (readonly [name: string, check: Check])[];
  readonly measure: Measure | undefined;
}

const validators = new Map<string, Validator>();

/** Built on first use, since most processes write only some kinds. */
function validatorOf(kind: WriteKind): Validator {
  let validator = validators.get(kind);
  if (validator === undefined) {
    const fields = Object.entries<Rule>(WRITES[kind].fields);
    validator = {
      fields: fields.map(([name, rule]) => [name, checkOf(rule, `${kind}: ${name}`)]),
      measure: measureOf(object(WRITES[kind].fields)),
    };
    validators.set(kind, validator);
  }
  return validator;
}

/**
 * Checks one write before its commit is applied.
 *
 * @throws {TypeError} When a field is of another type or a text is malformed. The message names the field and
 *   contains no value.
 * @throws {RangeError} When a number is out of range or bytes have the wrong length.
 * @throws {RefusedError} When a row is larger than the backend can store.
 */
export function validateWrite(write: Write, capabilities: Capabilities, index = 0): void {
  if (!hasKnownKind(WRITES, write)) throw new ArgumentTypeError(`commit: write ${index} has no known kind`);
  checkFields(write);
  requireSize(write, capabilities, index);
}

function checkFields(write: Write): void {
  const { fields } = validatorOf(write.kind);
  for (const [name, check] of fields) check((write as unknown as Readonly<Record<string, unknown>>)[name]);
}

/** Returns a stored row that could be written as it is. @throws {CorruptError} When it could not. */
export function requireStorable<W extends Write>(row: W): W {
  try {
    checkFields(row);
    return row;
  } catch (cause) {
    throw new CorruptError("list rows: a stored row is malformed", { cause });
  }
}

/**
 * Checks the size of a write and nothing else. @throws {RefusedError} When a row is larger than the backend
 * can store.
 */
export function requireSize(write: Write, { maxValueBytes }: Capabilities, index: number): void {
  const bytes = validatorOf(write.kind).measure?.(write) ?? 0;
  if (bytes <= maxValueBytes) return;
  throw new RefusedError(
    `${write.kind}: value is ${bytes} bytes, the backend stores at most ${maxValueBytes}`,
    {
      writeIndex: index,
    },
  );
}

/** Checks every write of a commit: see `validateWrite`. */
export function validateWrites(writes: readonly Write[], capabilities: Capabilities): void {
  requireList("commit: writes", writes);
  for (let index = 0; index < writes.length; index += 1) {
    validateWrite(writes[index] as Write, capabilities, index);
  }
  requireMoveLast(writes);
}

/**
 * Checks that an account which is set aside or brought back is not written to in the same commit afterwards.
 *
 * @throws {TypeError}
 */
export function requireMoveLast(writes: readonly Write[]): void {
  const at = writes.findIndex(({ kind }) => kind === "account.setAside" || kind === "account.bringBack");
  if (at >= 0 && at < writes.length - 1) {
    throw new ArgumentTypeError(`commit: ${writes[at]?.kind} is not the last write`);
  }
}

const checkDevice = checkOf(DEVICE, "device");

/**
 * Checks every field of a device.
 *
 * @throws {TypeError} When a field is malformed.
 * @throws {RangeError} When a key has the wrong length or a number is out of range.
 */
export function requireDevice(device: Device): void {
  checkDevice(device);
}
