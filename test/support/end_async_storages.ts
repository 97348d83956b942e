/**
 * Runs for each file of the Node project: files share a process, and a hundred sockets of one file make the
 * tests of the others thirty times as slow.
 *
 * @module
 */

import { afterAll, afterEach, beforeAll } from "vitest";
import { followAsyncStorages, type UsedStorages } from "./async_storages.ts";

let used: UsedStorages | undefined;

beforeAll(() => {
  used = followAsyncStorages();
});

afterEach(() => used?.end());

afterAll(() => used?.[Symbol.dispose]());
