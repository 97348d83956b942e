import { describe, expect, test } from "vitest";
import { Attachments } from "../attachments/mod.ts";
import { type AnySignalCache, attachedCache } from "./attached_cache.ts";
import type { SignalCacheListener } from "./signal_events.ts";

describe("AttachedCache.onEvent", () => {
  test("adds listeners before and after the cache is opened", () => {
    const account = { attachments: new Attachments() };
    const added: SignalCacheListener[] = [];
    const onEvent = (listener: SignalCacheListener): (() => void) => {
      added.push(listener);
      return () => {};
    };
    const early = (): void => {};
    const late = (): void => {};
    attachedCache(account).onEvent(early);
    expect(added).toEqual([]);
    const cache = { onEvent } as AnySignalCache;
    attachedCache(account).open({ codecs: { sessions: {}, senderKeys: {} }, cache });
    attachedCache(account).onEvent(late);
    expect(added).toEqual([early, late]);
  });
});
