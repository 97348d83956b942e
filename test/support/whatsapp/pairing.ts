/**
 * Clients that are not paired yet: the server offers references for QR codes, and a phone pairs the client
 * whose code it scans.
 * @module
 */

import { createHmac, randomBytes } from "node:crypto";
import { type BinaryNode, Curve, proto } from "baileys";
import type { Connection } from "./connection.ts";
import type { Enrolment } from "./directory.ts";
import { child, element, SERVER_JID } from "./nodes.ts";

const ACCOUNT_SIGNATURE_PREFIX = Buffer.from([6, 0]);

/** Number of codes that a client may show before it has to connect again. */
const REFERENCE_COUNT = 3;

/** The device that a phone links. */
export type LinkedDevice = Pick<Enrolment, "id" | "lid" | "name">;

/** A client's request to be paired by a code that is typed on the phone. */
export interface LinkCodeRequest {
  /** JID of the phone number. */
  readonly jid: string;
}

interface NewClient {
  readonly noiseKey: Uint8Array;
  /** The device of the phone that has scanned the code. */
  linking: LinkedDevice | undefined;
}

/** The connections of clients that are not paired. */
export class Pairing {
  /** In the order of arrival. */
  readonly linkCodeRequests: LinkCodeRequest[] = [];
  readonly #clients = new Map<Connection, NewClient>();
  readonly #enrol: (enrolment: Enrolment) => void;

  /** @param enrol Called when a client has confirmed that it is paired. */
  constructor(enrol: (enrolment: Enrolment) => void) {
    this.#enrol = enrol;
  }

  /** Takes over a client that registers. Returns the first node for it. */
  offer(connection: Connection, noiseKey: Uint8Array): BinaryNode {
    this.#clients.set(connection, { noiseKey, linking: undefined });
    const references = Array.from({ length: REFERENCE_COUNT }, () =>
      element("ref", {}, randomBytes(16).toString("base64url")),
    );
    return query("pair-1", element("pair-device", {}, references));
  }

  forget(connection: Connection): void {
    this.#clients.delete(connection);
  }

  /** Takes a node of a client without a session. */
  receive(connection: Connection, node: BinaryNode): void {
    const client = this.#clients.get(connection);
    if (client === undefined) return;
    const { linking, noiseKey } = client;
    const request = child(node, "link_code_companion_reg");
    if (request !== undefined) this.linkCodeRequests.push({ jid: request.attrs.jid ?? "" });
    if (linking !== undefined && child(node, "pair-device-sign") !== undefined) {
      this.#enrol({ ...linking, noiseKey });
      connection.send(element("stream:error", { code: "515" }));
    }
  }

  /**
   * Pairs the client that shows a QR code, as a phone does that scans it.
   *
   * @throws {Error} When no connected client shows it.
   */
  scan(qr: string, device: LinkedDevice): void {
    const [, noiseKey = "", identityKey = "", secret = ""] = qr.split(",");
    const found = [...this.#clients].find(([, client]) => base64(client.noiseKey) === noiseKey);
    if (found === undefined) throw new Error("scan code: no connected client shows it");
    const [connection, client] = found;
    client.linking = device;
    const account = signedIdentity(Buffer.from(identityKey, "base64"));
    const hmac = createHmac("sha256", Buffer.from(secret, "base64")).update(account).digest();
    const identity = proto.ADVSignedDeviceIdentityHMAC.encode({ details: account, hmac }).finish();
    connection.send(
      query(
        "pair-2",
        element("pair-success", {}, [
          element("device-identity", {}, identity),
          element("device", { jid: device.id, lid: device.lid }),
          element("platform", { name: "android" }),
        ]),
      ),
    );
  }
}

/** The proof of pairing that a phone signs with its account key, without the device's own signature. */
function signedIdentity(identityKey: Uint8Array): Uint8Array {
  const accountKey = Curve.generateKeyPair();
  const details = proto.ADVDeviceIdentity.encode({ rawId: 1, timestamp: 1, keyIndex: 1 }).finish();
  const accountSignature = Curve.sign(
    accountKey.private,
    Buffer.concat([ACCOUNT_SIGNATURE_PREFIX, details, identityKey]),
  );
  return proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: accountKey.public,
    accountSignature,
  }).finish();
}

function query(id: string, content: BinaryNode): BinaryNode {
  return element("iq", { id, from: SERVER_JID, type: "set" }, [content]);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
