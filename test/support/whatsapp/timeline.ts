/**
 * Records changes of keys and sent frames in one order, to show which came first.
 * @module
 */

import type { SignalDataSet, SignalKeyStore } from "baileys";
import type { LeftFrame } from "./test_socket.ts";

/** One event. */
export type TimelineEvent =
  /** A frame was handed to the WebSocket. */
  | { readonly kind: "left"; readonly frame: LeftFrame }
  /** `keys.set` was called. */
  | { readonly kind: "set"; readonly records: readonly string[] }
  /** `keys.set` has resolved, or other records have become durable. */
  | { readonly kind: "durable"; readonly records: readonly string[] };

/** Records events in the order of their reports. Pass its parts to `makeTestSocket`. */
export class Timeline {
  readonly #events: TimelineEvent[] = [];

  /** All events, in order. */
  get events(): readonly TimelineEvent[] {
    return this.#events;
  }

  /** For the option `onLeave`. */
  readonly onLeave = (frame: LeftFrame): void => {
    this.#events.push({ kind: "left", frame });
  };

  /** Reports that records (`type:id`) have become durable without an observed key store. */
  markDurable(records: readonly string[]): void {
    this.#events.push({ kind: "durable", records });
  }

  /** Wraps a key store so that it reports each `set`. */
  observe(keys: SignalKeyStore): SignalKeyStore {
    return {
      get: (type, ids) => keys.get(type, ids),
      set: async (data) => {
        const records = recordNames(data);
        this.#events.push({ kind: "set", records });
        await keys.set(data);
        this.#events.push({ kind: "durable", records });
      },
    };
  }

  /** Index of the first event from `start` on for which the predicate holds. −1 if there is none. */
  find(predicate: (event: TimelineEvent) => boolean, start = 0): number {
    return this.#events.findIndex((event, index) => index >= start && predicate(event));
  }
}

/** Whether the event is a sent frame with that tag and attributes. */
export function leaves(
  tag: string,
  attributes: Readonly<Record<string, string>> = {},
): (event: TimelineEvent) => boolean {
  return (event) =>
    event.kind === "left" &&
    event.frame.node?.tag === tag &&
    Object.entries(attributes).every(([name, value]) => event.frame.node?.attrs[name] === value);
}

/** Whether the event has that kind and a record whose name (`type:id`) starts with the prefix. */
export function concerns(kind: "set" | "durable", prefix: string): (event: TimelineEvent) => boolean {
  return (event) => event.kind === kind && event.records.some((record) => record.startsWith(prefix));
}

function recordNames(data: SignalDataSet): string[] {
  return Object.entries(data).flatMap(([type, values]) =>
    Object.keys(values ?? {}).map((id) => `${type}:${id}`),
  );
}
