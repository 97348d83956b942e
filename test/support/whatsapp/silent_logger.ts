/**
 * The logger given to sockets under test.
 * @module
 */

import type { SocketConfig } from "baileys";

const drop = (): void => undefined;

/** Drops everything. */
export const silentLogger: SocketConfig["logger"] = {
  level: "silent",
  child: () => silentLogger,
  trace: drop,
  debug: drop,
  info: drop,
  warn: drop,
  error: drop,
};
