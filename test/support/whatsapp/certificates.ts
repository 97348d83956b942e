/**
 * The certificate that the server shows in the Noise handshake. A client checks a chain of two certificates
 * against a root key in an exported, mutable object. While a test server runs, that object holds the root of
 * this file. The real root is restored when the last server closes.
 * @module
 */

import { Curve, type KeyPair, proto, WA_CERT_DETAILS } from "baileys";

const { NoiseCertificate } = proto.CertChain;
const INTERMEDIATE_SERIAL = 1;
const LEAF_SERIAL = 2;

const testRoot: KeyPair = Curve.generateKeyPair();
const realRoot = WA_CERT_DETAILS.PUBLIC_KEY;
let trusting = 0;

/** Makes clients in this process trust certificates of {@linkcode issueCertificate}. Returns the undo. */
export function trustTestRoot(): () => void {
  trusting += 1;
  WA_CERT_DETAILS.PUBLIC_KEY = Buffer.from(testRoot.public);
  let undone = false;
  return () => {
    if (undone) return;
    undone = true;
    trusting -= 1;
    if (trusting === 0) WA_CERT_DETAILS.PUBLIC_KEY = realRoot;
  };
}

/** A certificate chain (serialised) for the server's static Noise key, signed by the test root. */
export function issueCertificate(serverStaticPublic: Uint8Array): Uint8Array {
  const intermediate = Curve.generateKeyPair();
  const intermediateDetails = NoiseCertificate.Details.encode({
    serial: INTERMEDIATE_SERIAL,
    issuerSerial: WA_CERT_DETAILS.SERIAL,
    key: intermediate.public,
  }).finish();
  const leafDetails = NoiseCertificate.Details.encode({
    serial: LEAF_SERIAL,
    issuerSerial: INTERMEDIATE_SERIAL,
    key: serverStaticPublic,
  }).finish();
  return proto.CertChain.encode({
    intermediate: {
      details: intermediateDetails,
      signature: Curve.sign(testRoot.private, intermediateDetails),
    },
    leaf: { details: leafDetails, signature: Curve.sign(intermediate.private, leafDetails) },
  }).finish();
}
