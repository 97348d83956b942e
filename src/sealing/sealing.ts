import type { Sealing } from "../backend/mod.ts";
import { requireObject } from "../errors/mod.ts";
import { type Clock, type Random, systemClock, systemRandom } from "../ports/mod.ts";
import { Keyring, type KeySource } from "./keyring.ts";
import { sealedCore } from "./sealed_core.ts";
import type { Sealer } from "./sealer.ts";
import { systemSealer } from "./system_sealer.ts";

/** Options of `sealing`. */
export interface SealingOptions {
  /**
   * The keys by name, 1 to 64 characters. Names are stored readable. A key is needed as long as an account
   * has values of it.
   */
  readonly keys: Readonly<Record<string, KeySource>>;
  /**
   * Name of the key that seals new accounts, and to which `rotateKey` moves the others. Needed where there
   * are several.
   */
  readonly current?: string | undefined;
  /**
   * Whether an account that is not sealed may be opened. What it writes is sealed from then on. `rotateKey`
   * seals the rest. Without it, such an account is refused, since a program that expects a sealed account
   * must not take one that someone else has written. Defaults to false.
   */
  readonly sealExisting?: boolean | undefined;
  /** Encrypts and decrypts. Defaults to `node:crypto`, or WebCrypto on Cloudflare Workers. */
  readonly sealer?: Sealer | undefined;
  /** Draws salts and a part of the name of each life. Defaults to the host's own. */
  readonly random?: Random | undefined;
  /** Its time is a part of the name of each life. Defaults to the host's own. */
  readonly clock?: Clock | undefined;
}

/**
 * Seals the stored values of accounts with AES-256-GCM. Pass the result as the option `sealing` of a backend.
 * One may serve any number of accounts.
 *
 * The account is marked as sealed. A backend without the keys, or with other ones, is refused with
 * `SealedError` before it takes the ownership of the account.
 *
 * @throws {TypeError | RangeError} When a key is malformed. The message contains nothing of it.
 * @throws {IncompatibleError} When the runtime cannot encrypt.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { memoryBackend } from "@holdfast/store/memory";
 * import { sealing } from "@holdfast/store/sealing";
 *
 * const key = crypto.getRandomValues(new Uint8Array(32));
 * const backend = memoryBackend({ sealing: sealing({ keys: { "2026-11": key } }) });
 * await using account = await openAccount({ backend });
 * await account.store.putSession("5511999990000@c.us.0", new Uint8Array([1, 2, 3]));
 * ```
 */
export function sealing(options: SealingOptions): Sealing {
  requireObject("seal: options", options);
  const { random = systemRandom, clock = systemClock, sealExisting = false } = options;
  const parts = {
    keyring: new Keyring(options.keys, options.current, random),
    sealer: options.sealer ?? systemSealer(),
    random,
    clock,
    sealExisting,
  };
  return { sealed: (core, opening) => sealedCore(core, opening, parts) };
}
