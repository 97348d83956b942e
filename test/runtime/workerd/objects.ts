/** The Worker that the tests run in: its Durable Objects are theirs. */

import type { ObjectStorageLike } from "../../../src/adapters/durable_object/mod.ts";

/** What the tests use of an object's storage. */
export type TestStorage = ObjectStorageLike;

/** An object that is nothing but its storage. */
export class BareObject {
  async fetch(): Promise<Response> {
    return new Response(null, { status: 204 });
  }
}

export default {
  async fetch(): Promise<Response> {
    return new Response(null, { status: 404 });
  },
};
