import type { AppSyncStore } from "./app_sync_store.ts";
import type { ReadMethod } from "./backend.ts";
import type { DeviceStore } from "./device_store.ts";
import type { ProtocolStore } from "./protocol_store.ts";
import type { SignalStore } from "./signal_store.ts";
import type { Write, WriteKind } from "./write.ts";

type Stores = SignalStore & AppSyncStore & ProtocolStore & DeviceStore;

/** The methods of the four stores that write. */
export type Setters = Omit<Stores, ReadMethod>;

/** The name of a method that writes. */
export type SetterName = keyof Setters;

declare const TYPES: unique symbol;

/** Converts between the arguments of a setter and one write. */
export interface Setter<Args extends readonly unknown[] = readonly unknown[], Result = unknown> {
  readonly kind: WriteKind;
  /** The fields of the write that the arguments fill, in order. */
  readonly fields: readonly string[];
  /** Whether the argument becomes the only item of a list field. */
  readonly single: boolean;
  /** The field that receives the time of the call, in Unix seconds. */
  readonly stamp: string | undefined;
  /** Whether the setter resolves with the number of rows that changed. */
  readonly counts: boolean;
  readonly [TYPES]?: () => { readonly args: Args; readonly result: Result };
}

/** One row for each setter that makes one write. A new setter does not compile without a row. */
export type SettersOf<Name extends SetterName> = {
  readonly [N in Name]: Setter<Parameters<Setters[N]>, Awaited<ReturnType<Setters[N]>>>;
};

/** The write of a call of a setter. */
export function writeOf(
  { kind, fields, single, stamp }: Setter,
  args: readonly unknown[],
  nowS: number,
): Write {
  const write: Record<string, unknown> = { kind };
  for (const [index, field] of fields.entries()) write[field] = single ? [args[index]] : args[index];
  if (stamp !== undefined) write[stamp] = nowS;
  return write as unknown as Write;
}

/** The arguments of the setter call that makes a write. */
export function argumentsOf({ fields }: Setter, write: Write): unknown[] {
  return fields.map((field) => (write as unknown as Readonly<Record<string, unknown>>)[field]);
}
