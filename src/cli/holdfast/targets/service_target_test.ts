import { afterEach, expect, test, vi } from "vitest";
import { memoryBackend } from "../../../adapters/memory/mod.ts";
import type { Backend } from "../../../backend/mod.ts";
import { BackendError } from "../../../errors/mod.ts";
import { silentLogger } from "../../../ports/mod.ts";
import { ServiceTarget } from "./service_target.ts";

afterEach(() => void vi.unstubAllGlobals());

test("closes the backend whose owner cannot be read", async () => {
  vi.stubGlobal("fetch", async () => Response.json({ open: false }));
  const backend: Backend = memoryBackend();
  backend.readOwner = () => Promise.reject(new BackendError("read owner: no answer"));
  const target = new ServiceTarget("http://127.0.0.1:1", "token", silentLogger);
  target.open = async () => backend;
  await expect(target.liveness("alice")).rejects.toMatchObject({ code: "failed" });
  await expect(backend.getSession("5511999990000@c.us.0")).rejects.toMatchObject({ code: "closed" });
});
