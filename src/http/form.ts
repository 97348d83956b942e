import { RequestError } from "./request_error.ts";

/** A part of a request does not have the form that its schema asks for. */
export class FormError extends Error {
  /** Path of the member. `undefined` for the value itself, and for a member that has no schema. */
  readonly member: string | undefined;

  constructor(member?: string) {
    super("malformed");
    this.name = "FormError";
    this.member = member;
  }
}

/** Reads a value of JSON. @throws {FormError} When it does not have the form. */
export type Form<T> = (value: unknown) => T;

/** A value that passes a test. */
export function form<T>(test: (value: unknown) => boolean): Form<T> {
  return (value) => {
    if (!test(value)) throw new FormError();
    return value as T;
  };
}

/** A value that may be left out. */
export function optional<T>(inner: Form<T>): Form<T | undefined> {
  return (value) => (value === undefined ? undefined : inner(value));
}

/** An object with these members and no other. */
export function members<T extends object>(
  forms: {
    readonly [K in keyof T]-?: Form<T[K]>;
  },
): Form<T> {
  const entries = Object.entries<Form<unknown>>(forms);
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw new FormError();
    const read: Record<string, unknown> = {};
    for (const [name, inner] of entries) {
      try {
        const part = inner((value as Readonly<Record<string, unknown>>)[name]);
        if (part !== undefined || Object.hasOwn(value, name)) read[name] = part;
      } catch (error) {
        if (!(error instanceof FormError)) throw error;
        throw new FormError(error.member === undefined ? name : `${name}.${error.member}`);
      }
    }
    if (!Object.keys(value).every((name) => Object.hasOwn(forms, name))) throw new FormError();
    return read as T;
  };
}

/**
 * Reads a part of a request.
 *
 * @param complain Returns the message for a value without the form. Gets the path of the member.
 * @throws {RequestError} `invalid`, with this message.
 */
export function readForm<T>(
  inner: Form<T>,
  value: unknown,
  complain: (member: string | undefined) => string,
): T {
  try {
    return inner(value);
  } catch (error) {
    if (!(error instanceof FormError)) throw error;
    throw new RequestError("invalid", complain(error.member));
  }
}
