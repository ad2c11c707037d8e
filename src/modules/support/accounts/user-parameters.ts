import { bool, choice, float, int, listOf, type Parameter, type ParameterSet, parameters, path, str } from "../../parameters.ts";

/** Parameters that mean something on other systems than Linux only. */
function elsewhere<const N extends string>(name: N, what: string): { readonly [K in N]: Parameter<string> } {
  const parameter: Parameter<string> = { ...str(), description: `Accepted and ignored: ${what}` };
  // An object literal with a computed key loses its name in the types.
  return { [name]: parameter } as { readonly [K in N]: Parameter<string> };
}

/** Parameters of `user`, with Ansible's names and defaults. */
export const userParameters = parameters(
  {
    name: { ...str(), required: true, aliases: ["user"], description: "The user." },
    uid: { ...int(), description: "Number." },
    non_unique: { ...bool(), default: false, description: "Allow a `uid` that another user has." },
    comment: { ...str(), description: "The GECOS field: usually a person's name." },
    group: { ...str(), description: "Primary group, by name or number. A new user gets a group of the same name otherwise." },
    groups: {
      ...listOf(str()),
      description: "Further groups. The user leaves all others unless `append`; an empty list means none.",
    },
    append: { ...bool(), default: false, description: "Add to `groups`, leave no others." },
    shell: { ...path(), description: "Login shell." },
    home: { ...path(), description: "Home directory." },
    skeleton: { ...path(), description: "Directory whose contents a new home gets; /etc/skel otherwise." },
    create_home: {
      ...bool(),
      default: true,
      aliases: ["createhome"],
      description: "Make the home directory when it is missing.",
    },
    move_home: { ...bool(), default: false, description: "When `home` differs, move what is in the old one." },
    system: { ...bool(), default: false, description: "Give a new user a number of the system's range." },
    password: {
      ...str(),
      secret: true,
      description: "The hash of the password, as in /etc/shadow. It is never put on a command line.",
    },
    update_password: {
      ...choice("always", "on_create"),
      default: "always",
      description: "`on_create` sets the password of new users only.",
    },
    password_lock: { ...bool(), description: "Lock or unlock the password." },
    password_expire_max: { ...int(), description: "Days until the password must be changed." },
    password_expire_min: { ...int(), description: "Days until it may be changed." },
    password_expire_warn: { ...int(), description: "Days of warning before." },
    password_expire_account_disable: {
      ...int(),
      description: "Days after the end of the password until the account is disabled; -1: never.",
    },
    expires: { ...float(), description: "When the account ends, in seconds since 1970; negative: never." },
    generate_ssh_key: {
      ...bool(),
      default: false,
      description: "Make an SSH key, unless there is one; one that is there is never replaced.",
    },
    ssh_key_bits: { ...int(), description: "Its size; ssh-keygen's own default otherwise." },
    ssh_key_type: { ...str(), default: "rsa", description: "Its type: rsa, ed25519, ecdsa." },
    ssh_key_file: { ...path(), description: "Where; below the home directory unless absolute. `.ssh/id_TYPE` otherwise." },
    ssh_key_passphrase: {
      ...str(),
      secret: true,
      description: "Its passphrase; none otherwise. It reaches ssh-keygen on its standard input, and is not on any command line.",
    },
    ssh_key_comment: { ...str(), description: "Its comment; `k3sprov-generated on HOSTNAME` otherwise." },
    state: { ...choice("present", "absent"), default: "present", description: "Whether the user is to be there." },
    remove: { ...bool(), default: false, description: "With `absent`: remove home directory and mail too." },
    force: { ...bool(), default: false, description: "With `absent`: remove the user although logged in." },
    local: { ...bool(), default: false, description: "Accepted: users are always made in the host's own files." },
    umask: { ...str(), description: "umask with which the home of a new user is made." },
    uid_min: { ...int(), description: "Lowest number that a new user may get." },
    uid_max: { ...int(), description: "Highest number that a new user may get." },
    seuser: { ...str(), description: "SELinux user of a new user's logins; ignored where SELinux is off." },
    subuid_ranges: {
      ...listOf(str()),
      description:
        'Numbers of users that the user may give to accounts in containers (/etc/subuid), exactly these: `["100000:65536"]`, START:COUNT. ' +
        "`auto`: one range of 65536, chosen where nobody else's is, unless there is one. Not in Ansible.",
    },
    subgid_ranges: { ...listOf(str()), description: "The same for groups (/etc/subgid). Not in Ansible." },
    ...elsewhere("login_class", "Login class of BSD."),
    ...elsewhere("authorization", "Authorizations of Solaris."),
    ...elsewhere("role", "Role of Solaris."),
    ...elsewhere("profile", "Profile of Solaris."),
    hidden: { ...bool(), description: "Accepted and ignored: macOS." },
  },
  {
    mutuallyExclusive: [["local", "umask"]],
  },
);

export type UserParams = typeof userParameters extends ParameterSet<infer P> ? P : never;
