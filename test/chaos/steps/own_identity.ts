import type { Device } from "../../../src/backend/mod.ts";
import { hexOf } from "../../../src/bytes/mod.ts";
import { generateKeyPair } from "../../../src/device/mod.ts";
import { IdentityConflictError } from "../../../src/errors/mod.ts";
import type { Incarnation } from "../world/incarnation.ts";
import type { World } from "../world/world.ts";

/** Ways in which a client saves another identity. */
const SAVES: readonly ((incarnation: Incarnation, device: Device) => Promise<unknown>)[] = [
  async ({ account }, { identityKey }) =>
    account.device.modifyDevice((draft) => {
      draft.identityKey = identityKey;
    }),
  ({ account }, device) => account.store.save(device),
  ({ account }, device) => account.commitWith([{ kind: "device.save", device }]),
];

/** The credentials of another device are saved over this one, which is paired. They must be refused. */
export function startIdentityConflict(world: World): void {
  const save = world.random.pick(SAVES);
  const identityKey = generateKeyPair(world.random);
  world.start(`save another identity, ${SAVES.indexOf(save)}`, async (incarnation) => {
    const before = incarnation.account.device.getDeviceSnapshot();
    const failure = await save(incarnation, { ...before, identityKey }).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failure === undefined) world.violate("a paired device took another identity");
    else if (!(failure instanceof IdentityConflictError))
      return world.judge(failure, "save another identity");
    const { identityKey: after } = incarnation.account.device.getDeviceSnapshot();
    if (hexOf(after.publicKey) !== hexOf(before.identityKey.publicKey))
      world.violate("a save that was refused changed the identity");
    return "refused";
  });
}
