import type { MembersOf } from "../rules/mod.ts";
import type { SetterName } from "./setter.ts";
import type { WriteKind, WriteOf } from "./write.ts";

/** One of the four stores. */
export type StoreName = "signal" | "appSync" | "protocol" | "device";

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

/** The table of a kind of write: the prefix of its name. */
type TableOf<K extends WriteKind> = K extends `${infer Table}.${string}` ? Table : never;

/** The fields that name a row of each table of some kinds. A new table does not compile without them. */
export type KeysOf<K extends WriteKind> = Readonly<Record<TableOf<K>, readonly string[]>>;
