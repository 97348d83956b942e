/**
 * Credentials of a paired device with fresh keys, as after scanning a code.
 * @module
 */

import { type AuthenticationCreds, Curve, initAuthCreds, proto } from "baileys";
import { type Addressing, writeJid } from "./jids.ts";

const ACCOUNT_SIGNATURE_PREFIX = Buffer.from([6, 0]);
const DEVICE_SIGNATURE_PREFIX = Buffer.from([6, 1]);
const SIGNAL_KEY_PREFIX = Buffer.from([5]);

/** Options of `pairedCreds`. */
export interface PairedCredsOptions {
  /** Phone number, digits only. */
  readonly pn: string;
  /** LID user, digits only. Defaults to the phone number with a leading 9. */
  readonly lid?: string;
  /** Device number. Defaults to 1, since 0 is the phone. */
  readonly device?: number;
  /** Credentials with the keys of a device that is not paired yet. Defaults to fresh ones. */
  readonly creds?: AuthenticationCreds;
  /** Push name. Defaults to `user <phone number>`. */
  readonly name?: string;
}

/**
 * Creates the credentials of a paired device, whose own keys stay as they are. A fresh account key signs
 * `account`. `accountSyncCounter` marks the first history sync as done, so that a socket does not wait for
 * it.
 */
export function pairedCreds(options: PairedCredsOptions): AuthenticationCreds {
  const creds = options.creds ?? initAuthCreds();
  const device = options.device ?? 1;
  const address = (user: string, addressing: Addressing): string => writeJid(user, addressing, device);
  const lidUser = options.lid ?? `9${options.pn}`;
  const accountKey = Curve.generateKeyPair();
  const details = proto.ADVDeviceIdentity.encode({ rawId: 1, timestamp: 1, keyIndex: device }).finish();
  const identity = creds.signedIdentityKey;
  const accountSignature = Curve.sign(
    accountKey.private,
    Buffer.concat([ACCOUNT_SIGNATURE_PREFIX, details, identity.public]),
  );
  const deviceSignature = Curve.sign(
    identity.private,
    Buffer.concat([DEVICE_SIGNATURE_PREFIX, details, identity.public, accountKey.public]),
  );
  return {
    ...creds,
    me: {
      id: address(options.pn, "pn"),
      lid: address(lidUser, "lid"),
      name: options.name ?? `user ${options.pn}`,
    },
    account: { details, accountSignatureKey: accountKey.public, accountSignature, deviceSignature },
    signalIdentities: [
      {
        identifier: { name: address(lidUser, "lid"), deviceId: 0 },
        identifierKey: Buffer.concat([SIGNAL_KEY_PREFIX, accountKey.public]),
      },
    ],
    platform: "android",
    accountSyncCounter: 1,
    registered: true,
  };
}
