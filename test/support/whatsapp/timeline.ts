/**
 * One order over what happens to keys and what leaves on the wire, to tell which came first.
 * @module
 */

import type { SignalDataSet, SignalKeyStore } from "baileys";
import type { LeftFrame } from "./test_socket.ts";

/** One thing that happened. */
export type TimelineEvent =
  /** A frame was handed to the WebSocket. */
  | { readonly kind: "left"; readonly frame: LeftFrame }
  /** `keys.set` was called. */
  | { readonly kind: "set"; readonly records: readonly string[] }
  /** That `keys.set` had finished, or whatever else a test calls durable. */
  | { readonly kind: "durable"; readonly records: readonly string[] };

/** Records events in the order in which they are reported. Give its parts to `makeTestSocket`. */
export class Timeline {
  readonly #events: TimelineEvent[] = [];

  /** What happened, in order. */
  get events(): readonly TimelineEvent[] {
    return this.#events;
  }

  /** For the option `onLeave`. */
  readonly onLeave = (frame: LeftFrame): void => {
    this.#events.push({ kind: "left", frame });
  };

  /** Reports that records (`type:id`) have become durable by another way than an observed key store. */
  markDurable(records: readonly string[]): void {
    this.#events.push({ kind: "durable", records });
  }

  /** A key store that reports each `set` and then does what the given one does. */
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

  /** Index of the first event for which the predicate holds, from `start` on; −1 when there is none. */
  find(predicate: (event: TimelineEvent) => boolean, start = 0): number {
    return this.#events.findIndex((event, index) => index >= start && predicate(event));
  }
}

/** Whether the event is a frame of that tag (and attributes) leaving. */
export function leaves(
  tag: string,
  attributes: Readonly<Record<string, string>> = {},
): (event: TimelineEvent) => boolean {
  return (event) =>
    event.kind === "left" &&
    event.frame.node?.tag === tag &&
    Object.entries(attributes).every(([name, value]) => event.frame.node?.attrs[name] === value);
}

/** Whether the event is of that kind and concerns a record whose name (`type:id`) starts with the prefix. */
export function concerns(kind: "set" | "durable", prefix: string): (event: TimelineEvent) => boolean {
  return (event) => event.kind === kind && event.records.some((record) => record.startsWith(prefix));
}

function recordNames(data: SignalDataSet): string[] {
  return Object.entries(data).flatMap(([type, values]) =>
    Object.keys(values ?? {}).map((id) => `${type}:${id}`),
  );
}
