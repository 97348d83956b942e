/**
 * A local server for each test of a file, with a silent console: libsignal prints whole sessions.
 * @module
 */

import { afterEach, beforeEach, expect, vi } from "vitest";
import { startWhatsAppServer, type WhatsAppServer } from "../support/whatsapp/mod.ts";

/**
 * Starts a server before each test. After it closes what the test has opened, the last first, and the server,
 * and expects that no client has violated the protocol.
 *
 * @param started Called with each server.
 * @returns What the present test has opened. Add to it.
 */
export function serverForEachTest(started: (server: WhatsAppServer) => void): AsyncDisposable[] {
  const opened: AsyncDisposable[] = [];
  let server: WhatsAppServer;
  beforeEach(async () => {
    for (const method of ["log", "info", "warn", "error"] as const)
      vi.spyOn(console, method).mockImplementation(() => {});
    server = await startWhatsAppServer({ claimedPreKeyCount: 1 });
    started(server);
  });
  afterEach(async () => {
    for (const closing of opened.splice(0).reverse()) await closing[Symbol.asyncDispose]();
    const { incidents } = server;
    await server[Symbol.asyncDispose]();
    vi.restoreAllMocks();
    expect(incidents).toEqual([]);
  });
  return opened;
}
