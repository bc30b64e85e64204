import OceanSyntax

/// OC0422 to OC0425, and OC0427: who may read and write which files on the host, and who reads whose mail.
extension DiagnosticCode {
  static let exposureCodes: [DiagnosticCode] = [
    .renewalNotPermitted, .reloadNotPermitted, .closedMailboxes, .sharedMailbox, .accountsExposed,
    .stateExposed,
  ]

  /// Later codes, about files and certificates.
  static let trustCodes: [DiagnosticCode] = [.writableByAll, .unsuitableCertificate]

  static let renewalNotPermitted = DiagnosticCode(
    id: "OC0422", severity: .warning, title: "a renewed certificate could not be read",
    explanation: """
      Root reads certificates and keys when the server starts, which then becomes
      `server.user`. That user must be able to read them too: a renewed one is
      presented without a restart. What `ocean cert new` makes as root only root can
      read at first.

      ```sh
      chgrp vmail tls/privkey.pem && chmod 640 tls/privkey.pem
      ```
      """)

  static let reloadNotPermitted = DiagnosticCode(
    id: "OC0433", severity: .warning, title: "a config file or list that the server's user may not read",
    explanation: """
      Root reads the config, what it includes and its lists when the server starts,
      which then becomes `server.user`. A reload reads them as that user, and so does
      a server that a service manager starts as that user. Where that user itself
      checks, it is an error.

      ```sh
      chgrp vmail /etc/ocean/ocean.yaml && chmod 640 /etc/ocean/ocean.yaml
      ```
      """)

  static let closedMailboxes = DiagnosticCode(
    id: "OC0434", severity: .warning, title: "mailboxes that the server's user may not use",
    explanation: """
      `server.user` must read and change `new` and `cur` of each Maildir. A login to
      one that it may not use is answered with `[SYS/PERM]`. If it may use none of the
      Maildirs that were looked at, that is an error.

      ```yaml
      server: { user: vmail }     # who owns the mail: see ls -l /var/mail/vhosts
      ```
      """)

  static let sharedMailbox = DiagnosticCode(
    id: "OC0423", severity: .warning, title: "accounts that share a mailbox",
    explanation: """
      `mail.maildir` tells accounts apart by `{user}` alone, and some have the same
      user in different domains: each of them reads and deletes the mail of the other.
      Acknowledge it, if they are one person.

      ```yaml
      mail: { maildir: "mail/{user}/Maildir" }              # warned about
      mail: { maildir: "mail/{domain}/{user}/Maildir" }     # right
      ```
      """)

  static let accountsExposed = DiagnosticCode(
    id: "OC0424", severity: .warning, title: "others can read the account file",
    explanation: """
      Every user of the host can copy the password hashes, and try passwords against
      them at leisure. The file is for its owner and the group of the server's user.
      A shell makes new files readable to all, unless `umask 077` comes before.

      ```sh
      chgrp vmail users.passwd && chmod 640 users.passwd
      ```
      """)

  static let stateExposed = DiagnosticCode(
    id: "OC0425", severity: .warning, title: "others can write to the state directory",
    explanation: """
      Blocked addresses, the plans to go back to and the control socket are there: who
      can replace them decides what the server does.

      ```sh
      install -d -o vmail -g vmail -m 750 /var/lib/ocean
      ```
      """)

  static let writableByAll = DiagnosticCode(
    id: "OC0427", severity: .warning, title: "others can change what decides",
    explanation: """
      Every user of the host can write to the file, or to a directory on the way to
      it, and so decide what the server does, who gets in or who reads which mail. A
      directory like /tmp, where nobody can touch what is another's (the sticky bit),
      is none of these. What a group may write is not warned about: groups are made
      for that.

      ```sh
      chmod o-w /etc/ocean
      ```
      """)
}
