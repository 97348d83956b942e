import { type Device, initialDevice } from "../backend/mod.ts";
import { jumpWatermarks } from "./pre_key_ids.ts";
import { sameValue } from "./value.ts";

/** What a login under the former identity has brought. */
const OF_THE_LOGIN = [
  "account",
  "edgeRoutingInfo",
  "lid",
  "lidMigrated",
  "loginCounter",
  "nctSalt",
  "propsHash",
  "serverHasPreKeys",
] as const satisfies readonly (keyof Device)[];

/**
 * A device that takes another identity. What a login under the former one has brought is absent again, where
 * the proposal leaves it as it was, and pre-key ids go on where they were.
 */
export function withNewIdentity(before: Device, proposed: Device): Device {
  const initial: Partial<Device> = initialDevice();
  const left = OF_THE_LOGIN.filter((name) => sameValue(before[name], proposed[name]));
  return {
    ...proposed,
    ...Object.fromEntries(left.map((name) => [name, initial[name]])),
    ...jumpWatermarks(before, proposed),
  };
}
