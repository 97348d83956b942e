/** Encoding of a field's value. Numbers of 64 bits are bigints; an enumeration is an `int32`. */
export type ScalarKind =
  | "bool"
  | "bytes"
  | "double"
  | "fixed64"
  | "int32"
  | "int64"
  | "string"
  | "uint32"
  | "uint64";

/**
 * Base of decoded messages. A field missing from the bytes is absent; a missing repeated field is an empty
 * array.
 */
export interface Message {
  /** The encoded fields that the schema does not contain, in their order. The encoder writes them back. */
  unknownFields?: Uint8Array | undefined;
}

/** One field of a message whose type is not known. */
export interface AnyField {
  readonly number: number;
  readonly name: string;
  /** A message's schema is behind a function, so that messages may contain each other. */
  readonly kind: ScalarKind | (() => AnySchema);
  /** A list of values. Lists of numbers are written packed and read packed or unpacked. */
  readonly repeated?: true;
}

/** A schema of a message whose type is not known. */
export interface AnySchema {
  /** In ascending order of their numbers, which is the order of encoding. */
  readonly fields: readonly AnyField[];
}

/** The fields of a message `T`, for `decodeMessage` and `encodeMessage`. */
export interface MessageSchema<T extends Message> extends AnySchema {
  readonly fields: readonly (AnyField & { readonly name: keyof T & string })[];
}

/** The name of a field in words, for errors. */
export function fieldLabel(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
