/** Accounts with random rows of every kind, and what of an account a transfer must keep. */
import {
  type Backend,
  type Device,
  initialDevice,
  listAllRows,
  type RowWrite,
  type Write,
  type WriteKind,
} from "../../../src/backend/mod.ts";
import { createDevice } from "../../../src/device/mod.ts";
import { collect } from "../../../src/testing/conformance/collect.ts";
import { freshDevice } from "../../../src/testing/conformance/samples.ts";
import { drawWrite, PUTTING_KINDS, WRITE_KINDS } from "../../../src/testing/conformance/write_samples.ts";
import { fakeHost, SeededRandom } from "../../../src/testing/mod.ts";

/** Any time: it stamps the rows. */
const NOW_S = 1_700_000_000;

/** Kinds of writes that change the rows of an account, and leave the account where it is. */
const ROW_KINDS_OF_ACCOUNT: readonly WriteKind[] = WRITE_KINDS.filter(
  (kind) => !kind.startsWith("account.") && kind !== "device.save",
);

const FILLING_KINDS: readonly WriteKind[] = PUTTING_KINDS.filter((kind) =>
  ROW_KINDS_OF_ACCOUNT.includes(kind),
);

/** Draws random writes of all kinds, those that delete included. */
export function drawWrites(random: SeededRandom, count: number): Write[] {
  const from = { random, nowS: NOW_S };
  const draw = (): Write =>
    drawWrite(random.pick(random.oneIn(4) ? ROW_KINDS_OF_ACCOUNT : FILLING_KINDS), from);
  return Array.from({ length: count }, draw);
}

/** A device with real keys and random fields. */
export async function drawDevice(random: SeededRandom): Promise<Device> {
  const keys = await createDevice(fakeHost({ seed: random.below(1_000_000) }));
  const fields = random.oneIn(2)
    ? freshDevice(random.below(1_000))
    : { ...initialDevice(), extra: new Map() };
  const { registrationId, noiseKey, identityKey, signedPreKey, signedPreKeyId } = keys;
  const { signedPreKeySignature, advSecretKey } = keys;
  return {
    ...fields,
    ...{ registrationId, noiseKey, identityKey, signedPreKey, signedPreKeyId },
    ...{ signedPreKeySignature, advSecretKey },
    pn: random.oneIn(2) ? `${random.below(100_000)}:1@s.whatsapp.net` : undefined,
  };
}

/** Fills an account with random rows and a device. No process has it open. */
export async function fillAccount(backend: Backend, seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const device = await drawDevice(random);
  const next = { owner: "at rest+", epoch: 1 };
  const guard = { owner: undefined, minEpoch: 0, maxEpoch: 0, next };
  await backend.commit([{ kind: "device.save", device }], { guard });
  const rounds = 5 + random.below(25);
  for (let n = 0; n < rounds; n += 1) await backend.commit(drawWrites(random, 1 + random.below(12)));
}

/** What a transfer keeps: all rows, and the device without its restore epoch. */
export interface AccountContent {
  readonly device: Device;
  readonly rows: readonly RowWrite[];
}

/** Reads what a transfer keeps. */
export async function contentOf(backend: Backend): Promise<AccountContent> {
  const device = await backend.load();
  if (device === undefined) throw new Error("there is no device");
  const extra = new Map([...device.extra].filter(([name]) => name !== "holdfast.restore-epoch"));
  return { device: { ...device, extra }, rows: (await collect(listAllRows(backend))).map(withoutGeneration) };
}

/** The number of a generation is not part of what a collection is. */
function withoutGeneration(row: RowWrite): RowWrite {
  return row.kind === "syncVersion.patch" ? { ...row, patch: { ...row.patch, generation: 0 } } : row;
}
