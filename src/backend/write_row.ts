import type { MembersOf } from "../rules/mod.ts";
import type { SetterName } from "./setter.ts";
import type { WriteKind, WriteOf } from "./write.ts";

/** The properties of one kind of write. */
export interface WriteRow<K extends WriteKind = WriteKind> {
  /** A rule for each field. */
  readonly fields: MembersOf<Omit<WriteOf<K>, "kind">>;
  /** Protocol version that introduced it. Defaults to the first. */
  readonly since?: number;
  /** The setter with which a composed backend applies it. */
  readonly by: SetterName;
}

/** One row for each of some kinds. A new kind does not compile without a row. */
export type WriteRowsOf<K extends WriteKind> = { readonly [Kind in K]: WriteRow<Kind> };
