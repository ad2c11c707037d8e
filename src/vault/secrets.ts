import { type Position, refuse } from "../diagnostic.ts";
import { Secret, type VaultText } from "../vars/value.ts";
import { encryptVault, openEnvelope, parseEnvelope, type VaultEnvelope, VaultFormatError } from "./format.ts";

/** A vault password and where it came from. */
export type VaultSecret = {
  /** The vault id it was given for; "default" without one. */
  readonly id: string;
  readonly password: Uint8Array;
  /** For messages: `the file .vault-pass`, `the prompt`. */
  readonly source: string;
};

/** The vault passwords of a run. */
export class VaultSecrets {
  readonly #secrets: readonly VaultSecret[];
  /** Each password costs 10000 rounds of hashing, and one text is read once for each host. */
  readonly #opened = new Map<string, Secret>();
  readonly #files = new Map<string, Buffer>();

  constructor(secrets: readonly VaultSecret[] = []) {
    this.#secrets = secrets;
  }

  get ids(): readonly string[] {
    return this.#secrets.map((secret) => secret.id);
  }

  /** The text of a `!vault` value. Throws DiagnosticError, code "vault", at the position of the value. */
  decrypt(vault: VaultText): Secret {
    const known = this.#opened.get(vault.ciphertext);
    if (known !== undefined) return known;
    const bytes = this.#open(vault.ciphertext, "this vault value", vault.position);
    const secret = new Secret(utf8(bytes, "this vault value", vault.position));
    this.#opened.set(vault.ciphertext, secret);
    return secret;
  }

  /** The bytes of a file that is encrypted as a whole. Throws DiagnosticError, code "vault". */
  decryptFile(text: string, file: string): Buffer {
    const bytes = this.#files.get(text) ?? this.#open(text, file, undefined);
    this.#files.set(text, bytes);
    return bytes;
  }

  /** Encrypts with the password of `id`, or with the first one. */
  encrypt(plain: Uint8Array, id?: string): string {
    const secret = id === undefined ? this.#secrets[0] : this.#secrets.find((one) => one.id === id);
    if (secret === undefined) {
      return refuse(
        "vault",
        id === undefined ? "there is no vault password to encrypt with" : `there is no vault password for the id "${id}"`,
        {
          help: howToGive,
        },
      );
    }
    return encryptVault(plain, secret.password, secret.id === "default" ? undefined : secret.id);
  }

  #open(text: string, what: string, position: Position | undefined): Buffer {
    const rest = position === undefined ? {} : { position };
    try {
      const envelope = parseEnvelope(text);
      for (const secret of this.#candidates(envelope)) {
        const plain = openEnvelope(envelope, secret.password);
        if (plain !== undefined) return plain;
      }
      return refuse("vault", `${what} ${this.#failure(envelope)}`, { ...rest, help: howToGive });
    } catch (error) {
      if (!(error instanceof VaultFormatError)) throw error;
      return refuse("vault", `${what} cannot be decrypted: ${error.message}`, rest);
    }
  }

  // The id is a hint, not a rule: as in Ansible, all passwords are tried, those that match first.
  #candidates(envelope: VaultEnvelope): readonly VaultSecret[] {
    const matching = this.#secrets.filter((secret) => secret.id === envelope.id);
    return [...matching, ...this.#secrets.filter((secret) => secret.id !== envelope.id)];
  }

  #failure(envelope: VaultEnvelope): string {
    const wanted = envelope.id === undefined ? "" : ` (its vault id is "${envelope.id}")`;
    if (this.#secrets.length === 0) return `is encrypted${wanted}, and no vault password was given`;
    const tried = this.#secrets.map((secret) => `${secret.source} for id "${secret.id}"`).join(", ");
    return `cannot be decrypted with any password that was given${wanted}; tried: ${tried}`;
  }
}

const howToGive = "give the password with --vault-password-file FILE, --vault-id ID@FILE or --ask-vault-pass";

function utf8(bytes: Buffer, what: string, position: Position | undefined): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return refuse("vault", `${what} does not hold UTF-8 text`, position === undefined ? {} : { position });
  }
}
