import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Files of an authority and of a server for `localhost` that it vouches for. */
export interface ServerCertificates {
  /** The certificate of the authority. */
  readonly authority: string;
  /** The certificate of another authority. */
  readonly stranger: string;
  readonly certificate: string;
  readonly key: string;
}

/** Whether certificates can be made here. Debian's package of the server needs the program. */
export function hasOpenssl(): boolean {
  return spawnSync("openssl", ["version"]).status === 0;
}

/**
 * Makes certificates in a folder, valid for a day.
 *
 * @param like The key is readable for the owner of this user and group alone, as the server insists.
 */
export function makeCertificates(
  folder: string,
  like?: { readonly uid: number; readonly gid: number },
): ServerCertificates {
  const at = (name: string): string => join(folder, name);
  const make = (...args: string[]): void => {
    const { status, stderr } = spawnSync("openssl", args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`);
  };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  for (const name of ["authority", "stranger"])
    make(
      ...["req", "-x509", ...key, "-days", "1", "-subj", `/CN=${name}`],
      ...["-keyout", at(`${name}.key`), "-out", at(`${name}.crt`)],
    );
  make(
    ...["req", ...key, "-subj", "/CN=localhost"],
    ...["-keyout", at("server.key"), "-out", at("server.csr")],
  );
  writeFileSync(at("server.ext"), "subjectAltName=DNS:localhost\n");
  make(
    ...["x509", "-req", "-in", at("server.csr"), "-days", "1", "-extfile", at("server.ext")],
    ...["-CA", at("authority.crt"), "-CAkey", at("authority.key"), "-CAcreateserial"],
    ...["-out", at("server.crt")],
  );
  chmodSync(at("server.key"), 0o600);
  if (like !== undefined) chownSync(at("server.key"), like.uid, like.gid);
  return {
    authority: at("authority.crt"),
    stranger: at("stranger.crt"),
    certificate: at("server.crt"),
    key: at("server.key"),
  };
}
