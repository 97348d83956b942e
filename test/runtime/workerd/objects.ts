/** The Worker in which the tests run, with their Durable Objects. */

import type { AlarmStorageLike } from "../../../src/adapters/durable_object/mod.ts";

/** The part of an object's storage that the tests use. */
export interface TestStorage extends AlarmStorageLike {
  deleteAlarm(): Promise<void>;
  deleteAll(): Promise<void>;
}

/** An object without code of its own, for its storage. */
export class BareObject {
  async fetch(): Promise<Response> {
    return new Response(null, { status: 204 });
  }

  /** No test waits for it. */
  async alarm(): Promise<void> {}
}

export default {
  async fetch(): Promise<Response> {
    return new Response(null, { status: 404 });
  },
};
