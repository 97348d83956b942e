import {
  type Backend,
  type Device,
  type LidPnMapping,
  ownPairOf,
  ownUsersOf,
  type Write,
} from "../backend/mod.ts";
import { hasSameIdentity } from "../device/mod.ts";
import type { AccountLids } from "../directory/lid/mod.ts";
import { type Clock, nowSeconds } from "../ports/mod.ts";

/**
 * Wrong mappings of our phone number that one opening removes. There is one for each peer that was taken for
 * us.
 */
const MAX_WRONG = 64;

/** What tells without waiting which mappings are in memory. */
type KnownNames = Pick<AccountLids, "peekLid" | "peekPn">;

/**
 * Seeds the mapping of our phone number and LID: it lands with the device that has one of them anew. No other
 * source may tell it while only one of them is known.
 */
export class OwnMapping {
  readonly #clock: Clock;
  #names: () => KnownNames | undefined = () => undefined;
  #follow: (writes: readonly Write[]) => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param names Returns the account's LID cache if it is open.
   * @param follow Called with writes that were committed together with the device.
   */
  connect(names: () => KnownNames | undefined, follow: (writes: readonly Write[]) => void): void {
    this.#names = names;
    this.#follow = follow;
  }

  /** The writes that land with a device. With another identity, no mapping of before is stored any more. */
  writesFor(device: Device, before: Device): readonly Write[] {
    const { pn, lid } = ownPairOf(device);
    if (pn === undefined || lid === undefined) return [];
    if (!hasSameIdentity(device, before)) return replace([], { pn, lid, nowS: nowSeconds(this.#clock) });
    const was = ownPairOf(before);
    if (pn === was.pn && lid === was.lid) return [];
    const names = this.#names();
    if (names?.peekLid(pn) === lid && names.peekPn(lid) === pn) return [];
    const gone = was.lid === undefined || was.lid === lid ? [] : [was.lid];
    return replace(gone, { pn, lid, nowS: nowSeconds(this.#clock) });
  }

  /** Writes were committed together with the device. */
  committed(writes: readonly Write[]): void {
    this.#follow(writes.filter(({ kind }) => kind.startsWith("lidMapping.")));
  }
}

/**
 * Makes the stored mappings say what the device says: our own pair is stored, and what pairs our phone number
 * or LID with another user else's is removed. Clients have stored such pairs. What was moved by them stays
 * where it is.
 *
 * @param nowS Now, in Unix seconds.
 * @throws {StoreError} When they could not be read or written.
 */
export async function repairOwnMappings(store: Backend, device: Device, nowS: number): Promise<void> {
  const { pn, lid } = ownPairOf(device);
  if (pn === undefined) return;
  for (let removed = 0; removed < MAX_WRONG; removed += 1) {
    const users = ownUsersOf({ pn, lid });
    const [[ofPn, swappedLid], [swappedPn, ofLid]] = await Promise.all([
      store.getPnMappings(users),
      store.getLidMappings(users),
    ]);
    const wrong = [swappedLid, swappedPn, isRight(ofPn, lid) ? undefined : ofPn].flatMap((mapping) =>
      mapping === undefined ? [] : [mapping.lid],
    );
    const isStored = lid === undefined || (ofPn?.lid === lid && ofLid?.phoneNumber === pn);
    if (wrong.length > 0) await store.commit([{ kind: "lidMapping.delete", lids: wrong }]);
    else if (isStored) return;
    else return void (await store.commit(replace([], { pn, lid, nowS })));
  }
}

/**
 * Whether a mapping of our phone number may be true. While our LID is not known, only what was told by
 * pairing may.
 */
function isRight(mapping: LidPnMapping | undefined, lid: string | undefined): boolean {
  if (mapping === undefined) return true;
  return lid === undefined ? mapping.learningSource === "pairing" : mapping.lid === lid;
}

function replace(
  gone: readonly string[],
  { pn, lid, nowS }: { readonly pn: string; readonly lid: string; readonly nowS: number },
): Write[] {
  const mapping = { lid, phoneNumber: pn, createdAt: nowS, updatedAt: nowS };
  const put: Write = { kind: "lidMapping.put", entries: [{ ...mapping, learningSource: "pairing" }] };
  return gone.length === 0 ? [put] : [{ kind: "lidMapping.delete", lids: gone }, put];
}
