import type { Lease } from "./signal_rows.ts";
import type { TableName } from "./write.ts";

/** The place of a stored value. It is the same for every write and read of the value. */
export interface ValuePlace {
  /** The table of the row. */
  readonly table: TableName;
  /** The fields that name the row. */
  readonly key: readonly unknown[];
  /** Name of the value in its row, such as `record`. Names are stable. */
  readonly name: string;
  /** Name of an entry, if the value is in a map. */
  readonly entry: string | undefined;
  /** The stored lease, for the record of a session or a sender key. `undefined` where the row has none. */
  readonly lease: Lease | undefined;
}
