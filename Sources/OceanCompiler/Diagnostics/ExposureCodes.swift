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
      presented without a restart. When root runs `ocean cert new`, only root can read
      the new files at first.

      ```sh
      chgrp vmail tls/privkey.pem && chmod 640 tls/privkey.pem
      ```
      """)

  static let reloadNotPermitted = DiagnosticCode(
    id: "OC0433", severity: .warning, title: "a config file or list that the server's user may not read",
    explanation: """
      Root reads the config, its includes and its lists when the server starts,
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
      `server.user` must read and change `new` and `cur` of each Maildir. If it may
      not, a login is answered with `[SYS/PERM]`. It is an error if the user may use
      none of the Maildirs that were looked at.

      ```yaml
      server: { user: vmail }     # the owner of the mail: see ls -l /var/mail/vhosts
      ```
      """)

  static let sharedMailbox = DiagnosticCode(
    id: "OC0423", severity: .warning, title: "accounts that share a mailbox",
    explanation: """
      `mail.maildir` tells accounts apart by `{user}` alone, and some have the same
      user in different domains: each of them reads and deletes the other's mail.
      Acknowledge this if they are the same person.

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
      A shell makes new files readable for all, unless `umask 077` comes first.

      ```sh
      chgrp vmail users.passwd && chmod 640 users.passwd
      ```
      """)

  static let stateExposed = DiagnosticCode(
    id: "OC0425", severity: .warning, title: "others can write to the state directory",
    explanation: """
      The directory holds blocked addresses, the plans to go back to and the control
      socket. Anybody who can replace them decides what the server does.

      ```sh
      install -d -o vmail -g vmail -m 750 /var/lib/ocean
      ```
      """)

  static let writableByAll = DiagnosticCode(
    id: "OC0427", severity: .warning, title: "others can change files that decide",
    explanation: """
      Every user of the host can write to the file, or to a directory on the way to
      it, and so decide what the server does, who gets in or who reads which mail. A
      directory like /tmp, where nobody can touch another user's files (the sticky
      bit), does not count. Write permission for a group brings no warning: groups are
      made for that.

      ```sh
      chmod o-w /etc/ocean
      ```
      """)
}
