import { isBytes } from "../../bytes/mod.ts";
import type { Clock } from "../../ports/mod.ts";
import type { Hook } from "./hook.ts";
import { MemoryCache } from "./memory_cache.ts";

const MINUTE_MS = 60_000;

/** Requested placeholders. */
const MAX_PLACEHOLDERS = 1_000;
/** Baileys gives up on an answer after 10 seconds. */
const PLACEHOLDER_TTL_MS: number = 5 * MINUTE_MS;

/** Calls that ring. */
const MAX_CALLS = 1_000;
/** As in Baileys. */
const CALL_TTL_MS: number = 5 * MINUTE_MS;

/** Uploaded media of one account. */
const MAX_MEDIA = 1_000;
/** Encoded messages of uploaded media, with their thumbnails. */
const MAX_MEDIA_BYTES: number = 16 * 1_024 * 1_024;
/** The file behind a URL may change. */
const MEDIA_TTL_MS: number = 60 * MINUTE_MS;

/** The socket options. */
export interface MemoryCacheSocketOptions {
  readonly placeholderResendCache: MemoryCache<unknown>;
  readonly callOfferCache: MemoryCache<unknown>;
  readonly mediaCache: MemoryCache<unknown>;
}

/**
 * The caches that are right in memory, with limits, which Baileys' own lack:
 *
 * - `placeholderResendCache`: messages whose content was requested from the phone. An entry suppresses
 *   further requests, so it must not outlive the socket that sent the request.
 * - `callOfferCache`: a call is over when the process is.
 * - `mediaCache`: uploaded media by URL, to send them again without an upload. Its values have the keys of
 *   the media in them, and a restart costs one upload each, so they are not stored.
 */
export function memoryCaches(clock: Clock): Hook<MemoryCacheSocketOptions> {
  const placeholderResendCache = new MemoryCache<unknown>({
    clock,
    capacity: MAX_PLACEHOLDERS,
    ttlMs: PLACEHOLDER_TTL_MS,
    copy: copyOfMessage,
  });
  return {
    options: {
      placeholderResendCache,
      callOfferCache: new MemoryCache({ clock, capacity: MAX_CALLS, ttlMs: CALL_TTL_MS }),
      mediaCache: new MemoryCache({
        clock,
        capacity: MAX_MEDIA,
        ttlMs: MEDIA_TTL_MS,
        maxBytes: MAX_MEDIA_BYTES,
        sizeOf: (value) => (isBytes(value) ? value.length : 0),
      }),
    },
    follow: () => () => placeholderResendCache.flushAll(),
  };
}

/** Baileys adds the content to the object that it gets, and passes it to users. */
function copyOfMessage(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { key } = value as { readonly key?: object };
  return key === undefined ? { ...value } : { ...value, key: { ...key } };
}
