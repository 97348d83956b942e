/** A persistence manager over a memory backend with controllable faults. */
import { MemoryDatabase, memoryBackend } from "../../../src/adapters/memory/mod.ts";
import type { Backend, Device } from "../../../src/backend/mod.ts";
import {
  createDevice,
  makePreKeys,
  PersistenceManager,
  type SnapshotSink,
  takeSnapshot,
} from "../../../src/device/mod.ts";
import { type FakeHost, FaultPlan, fakeHost, faultyCommitter } from "../../../src/testing/mod.ts";
import { WriteBehind } from "../../../src/write_behind/mod.ts";

export interface DeviceHarness {
  readonly host: FakeHost;
  readonly backend: Backend;
  readonly plan: FaultPlan;
  readonly writeBehind: WriteBehind;
  readonly manager: PersistenceManager;
}

/** Created with other randomness than that of a harness. */
const DEVICE = await createDevice(fakeHost({ seed: 4 }));

export function deviceHarness(
  options: { readonly device?: Partial<Device>; readonly snapshotSink?: SnapshotSink } = {},
): DeviceHarness {
  const host = fakeHost();
  const backend = memoryBackend({ database: new MemoryDatabase(), clock: host.clock });
  const plan = new FaultPlan();
  const writeBehind = new WriteBehind({ committer: faultyCommitter(backend, plan), host });
  const manager = new PersistenceManager({
    device: { ...DEVICE, ...options.device },
    store: backend,
    writeBehind,
    host,
    snapshotSink: options.snapshotSink,
    takeSnapshot,
    makePreKeys,
  });
  return { host, backend, plan, writeBehind, manager };
}
