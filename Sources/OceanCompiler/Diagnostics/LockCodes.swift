import OceanSyntax

/// OC0380 to OC0383, OC0470 and OC0471: locks of mailboxes that several hosts share.
extension DiagnosticCode {
  static let lockCodes: [DiagnosticCode] = [
    .noLockBase, .unsafeLocks, .badLockPlace, .mailElsewhere, .locksOfOneHost, .locksOfDeadHosts,
  ]

  static let noLockBase = DiagnosticCode(
    id: "OC0380", severity: .error, title: "shared locks without a place",
    explanation: """
      Shared locks are in one directory beside the mail, above the first
      parameter of `mail.maildir`. `{home}` may be anywhere, so there is no
      such directory.

      ```yaml
      mail: { maildir: "{home}/Maildir", locks: shared }          # wrong
      mail: { maildir: "/home/{user}/Maildir", locks: shared }    # right
      ```
      """)

  static let unsafeLocks = DiagnosticCode(
    id: "OC0381", severity: .error, title: "shared locks where they do not hold",
    explanation: """
      Two hosts could have one mailbox at a time, because of how its file
      system is mounted. NFS 3 keeps the locks of a host that died, and tells
      no host that it has lost one. `nolock` and `local_lock` keep locks on
      the host. With `recover_lost_locks` the kernel takes a lock again after
      another host had it, and nobody learns of it. Where it is a warning,
      ocean does not know the file system.

      ```sh
      mount -t nfs -o nfsvers=4.2 nas:/mail /srv/mail
      echo N >/sys/module/nfs/parameters/recover_lost_locks
      ```
      """)

  static let badLockPlace = DiagnosticCode(
    id: "OC0382", severity: .error, title: "something else in the place of shared locks",
    explanation: """
      The locks are in `.ocean-locks` beside the mail, which the server makes.
      It must be a directory: a link could lead to another file system, where
      nobody else looks for a lock. Nothing may be mounted there, either.

      ```sh
      rm /srv/mail/.ocean-locks        # a link; while no server uses it
      ```
      """)

  static let mailElsewhere = DiagnosticCode(
    id: "OC0383", severity: .warning, title: "mail on another file system than its locks",
    explanation: """
      A host that has lost a lock must have lost the mail, too. So a mailbox
      is opened only if it is on the file system of its lock; here others are
      mounted below the directory of the locks.

      ```yaml
      mail: { maildir: "/srv/{domain}/{user}", locks: shared }         # locks in /srv
      mail: { maildir: "/srv/mail/{domain}/{user}", locks: shared }    # in /srv/mail
      ```
      """)

  static let locksOfOneHost = DiagnosticCode(
    id: "OC0470", severity: .note, title: "shared locks on a disk of one host",
    explanation: """
      The locks exclude other servers of this host, and no other host has this
      disk. One server on one host needs no shared locks.

      ```yaml
      mail: { maildir: "/var/mail/{user}" }                   # locks: local
      mail: { maildir: "/srv/nfs/{user}", locks: shared }
      ```
      """)

  static let locksOfDeadHosts = DiagnosticCode(
    id: "OC0471", severity: .note, title: "how long the mailboxes of a dead host stay in use",
    explanation: """
      A server that is killed gives up its mailboxes at once. A host that dies
      or is cut off has them until the file system takes its locks back: NFS
      after the lease of its server, CephFS when it evicts the client.
      Meanwhile logins to those mailboxes get `[IN-USE]`. A shorter lease is a
      setting of the file server:

      ```sh
      echo 30 >/proc/fs/nfsd/nfsv4leasetime    # before nfsd starts
      ```
      """)
}
