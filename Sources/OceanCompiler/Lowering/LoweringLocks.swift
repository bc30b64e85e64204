import OceanBase
import OceanPlan
import OceanSyntax

/// Checks whether locks beside the mail exclude the sessions of other hosts.
extension Lowering {
  mutating func checkLocks() {
    guard let mail = config.mail?.value, let locks = mail.locks, locks.value == .shared,
      let maildir = mail.maildir
    else { return }
    guard let base = mail.lockBase else {
      report(
        .noLockBase, locks.span,
        "shared locks need a directory above all mailboxes, and {home} may be anywhere",
        related: [Diagnostic.Related("a location without one", at: maildir.span)],
        help: "write the directory above all homes, such as maildir: \"/home/{user}/Maildir\"")
      return
    }
    guard let found = facts.mailFileSystem else {
      return reportNotChecked("whether shared locks hold on the file system of \(base) (not among the facts)")
    }
    guard !found.isSilent else {
      return reportNotChecked("whether shared locks hold on the file system of \(base) (it does not answer)")
    }
    checkLockPlace(base, locks.span)
    checkFileSystem(found, locks.span)
    if !found.mountedBelow.isEmpty {
      let places = found.mountedBelow.joined(separator: ", ")
      report(
        .mailElsewhere, maildir.span, "mailboxes below \(places) are on another file system than their locks",
        label: "the locks are in \(LockDirectory.path(in: base))",
        help: "begin the location with the directory where that file system is mounted")
    }
  }

  private mutating func checkLockPlace(_ base: String, _ span: Span) {
    let path = LockDirectory.path(in: base)
    switch facts.writtenFiles?[path] {
    case .directory, .missing, .notPermitted, nil: break
    case let kind?:
      report(
        .badLockPlace, span, "\(path), where the locks of mailboxes are, is \(kind.words)",
        help: "move it away, on all hosts at once: mv \(shellWord(path)) \(shellWord(path + ".old"))",
        severity: purpose.isChecking ? nil : .warning)
    }
  }

  private mutating func checkFileSystem(_ found: Facts.MailFileSystem, _ span: Span) {
    let place = "\(found.path) is on \(found.type)\(found.source.isEmpty ? "" : " (\(found.source))")"
    if found.isLocal {
      guard purpose.isChecking else { return }
      report(
        .locksOfOneHost, span, "these locks are shared by the servers of this host alone", label: place,
        help: "one server on one host needs no shared locks: locks: local")
    } else if found.isNFS {
      checkNFS(found, place, span)
    } else if found.type == "ceph" {
      reportDeadHosts(
        "CephFS evicts it, which takes 300 seconds unless session_autoclose is another", place, span)
    } else {
      report(
        .unsafeLocks, span, "ocean does not know whether locks on \(found.type) hold between hosts",
        label: place,
        help: "its documentation must say that fcntl(2) locks do, and end with the host that has them",
        severity: .warning)
    }
  }

  private mutating func checkNFS(_ found: Facts.MailFileSystem, _ place: String, _ span: Span) {
    let local =
      found.options.contains("nolock") ? "nolock" : found.option("local_lock").map { "local_lock=\($0)" }
    let major = found.version?.prefix { $0 != "." }.description
    var mistake: (message: String, help: String)?
    if let local, local != "local_lock=none" {
      mistake = ("with \(local), locks stay on this host and no other sees them", "mount it without \(local)")
    } else if let major, major != "4" {
      mistake = (
        "NFS \(major) tells no host that it has lost a lock, and keeps those of a host that died",
        "mount it as NFS 4: nfsvers=4.2"
      )
    } else if found.recoversLostLocks == true {
      mistake = (
        "this kernel takes locks again that it has lost, and tells nobody (nfs.recover_lost_locks)",
        "echo N >/sys/module/nfs/parameters/recover_lost_locks\n"
          + "echo options nfs recover_lost_locks=0 >/etc/modprobe.d/ocean.conf"
      )
    }
    if let mistake {
      report(
        .unsafeLocks, span, mistake.message, label: place, help: mistake.help,
        severity: purpose.isChecking ? nil : .warning)
      return
    }
    let server = found.server ?? "the NFS server"
    reportDeadHosts(
      found.leaseSeconds.map { "\(server) ends its lease, after \(counted($0, "second"))" }
        ?? "\(server) ends its lease; only it knows how long that is, usually 90 seconds",
      place, span)
  }

  private mutating func reportDeadHosts(_ end: String, _ place: String, _ span: Span) {
    guard purpose.isChecking else { return }
    report(
      .locksOfDeadHosts, span, "if a host dies, its mailboxes stay in use until \(end)", label: place)
  }
}
