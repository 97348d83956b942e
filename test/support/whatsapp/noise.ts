/**
 * The responder's side of the handshake Noise_XX_25519_AESGCM_SHA256 as WhatsApp's clients speak it, and the
 * transport that follows. One object serves one connection. Because of its counters, frames must be decrypted
 * in the order of arrival and sent in the order of encryption.
 * @module
 */

import { createCipheriv, createDecipheriv, createHash, hkdfSync } from "node:crypto";
import { Curve, type KeyPair, NOISE_WA_HEADER, proto } from "baileys";

const PROTOCOL_NAME = "Noise_XX_25519_AESGCM_SHA256\0\0\0\0";
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** The client's last handshake message. */
export interface ClientFinish {
  /** The client's static Noise key, 32 bytes. */
  readonly noiseKey: Uint8Array;
  readonly payload: proto.ClientPayload;
}

interface Cipher {
  readonly key: Uint8Array;
  counter: number;
}

/** One connection's handshake and transport encryption. */
export class NoiseResponder {
  readonly #ephemeral: KeyPair = Curve.generateKeyPair();
  readonly #staticKey: KeyPair;
  readonly #certificate: Uint8Array;
  #hash: Uint8Array = Buffer.from(PROTOCOL_NAME);
  #salt: Uint8Array = this.#hash;
  #handshake: Cipher = { key: this.#hash, counter: 0 };
  #inbound: Cipher | undefined;
  #outbound: Cipher | undefined;

  /** `certificate` is the serialised chain for `staticKey`. */
  constructor(staticKey: KeyPair, certificate: Uint8Array) {
    this.#staticKey = staticKey;
    this.#certificate = certificate;
    this.#mixHash(NOISE_WA_HEADER);
  }

  /** Processes the client's hello and returns the server's, serialised. */
  answerHello(message: Uint8Array): Uint8Array {
    const ephemeral = proto.HandshakeMessage.decode(message).clientHello?.ephemeral;
    if (!ephemeral) throw new Error("noise handshake: client hello without an ephemeral key");
    this.#mixHash(ephemeral);
    this.#mixHash(this.#ephemeral.public);
    this.#mixKey(agree(this.#ephemeral, ephemeral));
    const staticKey = this.#seal(this.#staticKey.public);
    this.#mixKey(agree(this.#staticKey, ephemeral));
    const payload = this.#seal(this.#certificate);
    return proto.HandshakeMessage.encode({
      serverHello: { ephemeral: this.#ephemeral.public, static: staticKey, payload },
    }).finish();
  }

  /** Processes the client's last handshake message. Both directions then use the transport encryption. */
  acceptFinish(message: Uint8Array): ClientFinish {
    const finish = proto.HandshakeMessage.decode(message).clientFinish;
    if (!finish?.static || !finish.payload) throw new Error("noise handshake: incomplete client finish");
    const noiseKey = this.#open(finish.static);
    this.#mixKey(agree(this.#ephemeral, noiseKey));
    const payload = proto.ClientPayload.decode(this.#open(finish.payload));
    const [fromClient, toClient] = this.#derive(new Uint8Array(0));
    this.#inbound = { key: fromClient, counter: 0 };
    this.#outbound = { key: toClient, counter: 0 };
    return { noiseKey, payload };
  }

  /** Decrypts the next transport frame of the client. */
  decrypt(ciphertext: Uint8Array): Uint8Array {
    if (this.#inbound === undefined) throw new Error("noise transport: handshake is not finished");
    return open(this.#inbound, ciphertext, new Uint8Array(0));
  }

  /** Encrypts the next transport frame for the client. */
  encrypt(plaintext: Uint8Array): Uint8Array {
    if (this.#outbound === undefined) throw new Error("noise transport: handshake is not finished");
    return seal(this.#outbound, plaintext, new Uint8Array(0));
  }

  #seal(plaintext: Uint8Array): Uint8Array {
    const ciphertext = seal(this.#handshake, plaintext, this.#hash);
    this.#mixHash(ciphertext);
    return ciphertext;
  }

  #open(ciphertext: Uint8Array): Uint8Array {
    const plaintext = open(this.#handshake, ciphertext, this.#hash);
    this.#mixHash(ciphertext);
    return plaintext;
  }

  #mixHash(data: Uint8Array): void {
    this.#hash = createHash("sha256").update(this.#hash).update(data).digest();
  }

  #mixKey(secret: Uint8Array): void {
    const [salt, key] = this.#derive(secret);
    this.#salt = salt;
    this.#handshake = { key, counter: 0 };
  }

  #derive(secret: Uint8Array): [Uint8Array, Uint8Array] {
    const bytes = new Uint8Array(hkdfSync("sha256", secret, this.#salt, "", 2 * KEY_BYTES));
    return [bytes.subarray(0, KEY_BYTES), bytes.subarray(KEY_BYTES)];
  }
}

function agree(own: KeyPair, theirs: Uint8Array): Uint8Array {
  return Curve.sharedKey(own.private, theirs);
}

function nonce(cipher: Cipher): Uint8Array {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(cipher.counter, 8);
  cipher.counter += 1;
  return bytes;
}

function seal(cipher: Cipher, plaintext: Uint8Array, associated: Uint8Array): Uint8Array {
  const aes = createCipheriv("aes-256-gcm", cipher.key, nonce(cipher)).setAAD(associated);
  return Buffer.concat([aes.update(plaintext), aes.final(), aes.getAuthTag()]);
}

function open(cipher: Cipher, ciphertext: Uint8Array, associated: Uint8Array): Uint8Array {
  const split = ciphertext.length - TAG_BYTES;
  const aes = createDecipheriv("aes-256-gcm", cipher.key, nonce(cipher)).setAAD(associated);
  aes.setAuthTag(ciphertext.subarray(split));
  return Buffer.concat([aes.update(ciphertext.subarray(0, split)), aes.final()]);
}
