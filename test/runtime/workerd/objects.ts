/** The Worker that the tests run in: its Durable Objects are theirs. */

import type { AlarmStorageLike } from "../../../src/adapters/durable_object/mod.ts";

/** What the tests use of an object's storage. */
export interface TestStorage extends AlarmStorageLike {
  deleteAlarm(): Promise<void>;
  deleteAll(): Promise<void>;
}

/** An object that is nothing but its storage. */
export class BareObject {
  async fetch(): Promise<Response> {
    return new Response(null, { status: 204 });
  }

  /** Nobody waits for it. */
  async alarm(): Promise<void> {}
}

export default {
  async fetch(): Promise<Response> {
    return new Response(null, { status: 404 });
  },
};
