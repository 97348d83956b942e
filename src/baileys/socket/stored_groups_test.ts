import { expect, test } from "vitest";
import { FakeClock, RecordingLogger } from "../../testing/mod.ts";
import { checked, type GroupMetadataLike } from "./group_metadata_value.ts";
import { StoredGroups } from "./stored_groups.ts";

const GROUP = "120363000000000001@g.us";

function metadata(...users: number[]): GroupMetadataLike {
  const participants = users.map((user) => ({ id: `${user}@lid` }));
  const value = checked({ id: GROUP, addressingMode: "lid", participants });
  if (value === undefined) throw new Error("malformed");
  return value;
}

test("a group that changed since it was collected stays dirty from then on", () => {
  const clock = new FakeClock();
  const groups = new StoredGroups({
    reads: { getGroupMetadata: async () => undefined },
    ...{ clock, logger: new RecordingLogger(), notify: () => {}, changed: () => {}, storing: () => {} },
  });
  groups.replace(metadata(1), 1);
  const firstAtMs = clock.nowMs();
  expect(groups.pending()).toMatchObject({ must: 0, may: 1, oldestAtMs: firstAtMs });
  clock.advance(1_000);
  const committed = groups.collect();
  clock.advance(1_000);
  groups.replace(metadata(1, 2), 1);
  groups.applyOutcome({ committed, isolated: [], failed: [] });
  expect(groups.pending()).toMatchObject({ may: 1, oldestAtMs: firstAtMs + 1_000 });
  groups.applyOutcome({ committed: groups.collect(), isolated: [], failed: [] });
  expect(groups.pending()).toEqual({ must: 0, may: 0, bytes: 0, oldestAtMs: undefined });
});
