import { CorruptError } from "../../errors/mod.ts";
import { isObject } from "./_bytes.ts";
import { decodeTagged, encodeTagged } from "./tagged_json.ts";
import type { WrapBytes } from "./wrap_bytes.ts";

/** Name in `Device.extra` of the credentials' properties without a field. */
export const CREDS_EXTRA = "baileys.creds";

/** A copy of `extra` with the credentials' properties without a field. */
export function writeCredsExtra(
  extra: ReadonlyMap<string, Uint8Array>,
  rest: Readonly<Record<string, unknown>>,
): Map<string, Uint8Array> {
  return new Map(extra).set(CREDS_EXTRA, encodeTagged(rest));
}

/** The credentials' properties without a field; `undefined` when none are stored. @throws {CorruptError} */
export function readCredsExtra(
  extra: ReadonlyMap<string, Uint8Array>,
  wrapBytes: WrapBytes,
): Record<string, unknown> | undefined {
  const bytes = extra.get(CREDS_EXTRA);
  if (bytes === undefined) return undefined;
  const rest = decodeTagged(bytes, wrapBytes);
  if (!isObject(rest)) throw new CorruptError("convert credentials: not an object");
  return { ...rest };
}
