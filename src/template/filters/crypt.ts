import { createHash, getHashes } from "node:crypto";
import { badValue } from "../errors.ts";
import { toText } from "../repr.ts";
import { makeSalt, shaCrypt } from "../sha-crypt.ts";
import type { Filter, FilterTable } from "./filter.ts";

/** Digests, and hashes of passwords. */
export const cryptFilters: FilterTable = {
  hash: { parameters: ["hashtype?"], run: (input, call) => digest(call.text("hashtype", "sha1"), toText(input)) },
  checksum: hashed("sha1"),
  sha1: hashed("sha1"),
  md5: hashed("md5"),
  password_hash: {
    parameters: ["hashtype?", "salt?", "salt_size?", "rounds?", "ident?"],
    run: (input, call) => {
      const type = call.text("hashtype", "sha512").replace(/_crypt$/, "");
      if (type !== "sha512" && type !== "sha256") {
        return badValue(`password_hash: "${type}" is not supported; there are sha512 and sha256`);
      }
      const salt = call.given("salt") === undefined ? makeSalt(call.integer("salt_size", 16)) : call.text("salt");
      return shaCrypt(type, toText(input), salt, call.given("rounds") === undefined ? undefined : call.integer("rounds"));
    },
  },
};

function hashed(algorithm: string): Filter {
  return { parameters: [], run: (input) => digest(algorithm, toText(input)) };
}

function digest(algorithm: string, text: string): string {
  const name = algorithm
    .toLowerCase()
    .replace(/^(sha3)_/, "$1-")
    .replaceAll("_", "-");
  const known = getHashes().find((one) => one.toLowerCase() === name || one.toLowerCase() === name.replace("-", ""));
  if (known === undefined) return badValue(`hash: unknown algorithm "${algorithm}"`);
  return createHash(known).update(text, "utf8").digest("hex");
}
