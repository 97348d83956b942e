import type { Device } from "../backend/mod.ts";
import { encodeBase64 } from "../bytes/mod.ts";

/**
 * Returns the whole stored device, private keys included, as JSON carries it: bytes in base64, maps as
 * objects.
 */
export function revealDevice(device: Device): Readonly<Record<string, unknown>> {
  return plain(device) as Readonly<Record<string, unknown>>;
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return encodeBase64(value);
  if (value instanceof Map) return plain(Object.fromEntries(value));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}
