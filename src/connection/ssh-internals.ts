import type { AnyAuthMethod, Client, ClientChannel, ParsedKey } from "ssh2";

/**
 * Two round trips that ssh2 1.x takes and the protocol does not ask for. It has no option for either, so its private members
 * are touched here, and only here; where they look different than expected, nothing is done and the round trips stay.
 */

type Method = (...args: unknown[]) => unknown;

function member(of: unknown, name: string): unknown {
  // Reads a property of an object whose type is not declared.
  return typeof of === "object" && of !== null ? (of as Record<string, unknown>)[name] : undefined;
}

/**
 * Signs at once for a key that was named outright, instead of asking first whether the server would take it (RFC 4252,
 * section 7, leaves that open). Other keys are asked about, since a signature costs both sides more than a question.
 */
export function signWithoutAsking(client: Client, isNamedKey: (key: unknown) => boolean): void {
  const protocol = member(client, "_protocol");
  const original = member(protocol, "authPK");
  if (typeof original !== "function") return;
  const authPK: Method = (username, key, algorithm, sign) => {
    const signAtOnce = sign === undefined && isNamedKey(key) ? signer(key, algorithm) : sign;
    return original.call(protocol, username, key, algorithm, signAtOnce);
  };
  // The property exists and is a function, see above.
  (protocol as Record<string, unknown>)["authPK"] = authPK;
}

function signer(key: unknown, algorithm: unknown): Method | undefined {
  // Only keys that ssh2 itself has parsed get here.
  const parsed = key as ParsedKey;
  const hash = algorithm === "rsa-sha2-256" ? "sha256" : algorithm === "rsa-sha2-512" ? "sha512" : undefined;
  return (data, done) => {
    const signature = Buffer.isBuffer(data) ? parsed.sign(data, hash) : new Error("nothing to sign");
    if (signature instanceof Error) throw signature;
    if (typeof done === "function") done(signature);
  };
}

/**
 * Calls back with the channel as soon as the request to run the command is sent, so that input can follow it without waiting
 * for the answer. `exec`'s own callback still reports a refusal, or the same channel a second time.
 */
export function watchExec(client: Client, onSent: (channel: ClientChannel, command: string) => void): void {
  const protocol = member(client, "_protocol");
  const original = member(protocol, "exec");
  if (typeof original !== "function") return;
  const exec: Method = (id, command, wantReply) => {
    const answer: unknown = original.call(protocol, id, command, wantReply);
    const channels = member(member(client, "_chanMgr"), "_channels");
    for (const channel of Object.values(typeof channels === "object" && channels !== null ? channels : {})) {
      if (member(member(channel, "outgoing"), "id") === id && typeof member(channel, "write") === "function") {
        onSent(channel, String(command));
      }
    }
    return answer;
  };
  // The property exists and is a function, see above.
  (protocol as Record<string, unknown>)["exec"] = exec;
}

/** The key of a "publickey" attempt as ssh2 will hand it on. */
export function keyOf(method: AnyAuthMethod): unknown {
  return method.type === "publickey" ? method.key : undefined;
}
