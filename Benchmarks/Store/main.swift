@preconcurrency import Glibc
import OceanStore
import OceanUIDL

// Store DIRECTORY [MESSAGES...]: measures opening mailboxes of that many messages, in a directory that is
// made and removed.
//
// Store locks DIRECTORY [HELD...]: measures locking and unlocking a mailbox while that many others are
// locked.
//
// In mailboxes of more than 200,000 messages the files are empty and only named as if they had content:
// making them takes long enough. A new process (Store open DIRECTORY MAILDIR SCHEME) measures what a process
// does that has just started.

setlinebuf(stdout)
let arguments = CommandLine.arguments.dropFirst()

if arguments.first == "open", arguments.count == 4 {
  let uidls: UIDLScheme = arguments[4] == "dovecot" ? .dovecot(.standard) : .ocean
  try Measurement(root: arguments[2], maildir: arguments[3], uidls: uidls).openTwice()
} else if arguments.first == "locks", arguments.count > 1 {
  let counts = arguments.dropFirst(2).compactMap { Int($0) }
  try LockMeasurement(directory: arguments[2]).run(counts.isEmpty ? [0, 1000, 5000, 9000, 50_000] : counts)
} else if let root = arguments.first, mkdir(root, 0o700) == 0 {
  defer { removeAll(root) }
  let counts = arguments.dropFirst().compactMap { Int($0) }
  print(Measurement.header)
  for count in counts.isEmpty ? [100_000] : counts {
    for kind in count > 200_000 ? [Scenario.Kind.sizes, .dovecot] : [.plain, .sizes, .fresh, .dovecot] {
      let scenario = Scenario(root + "/mail", count, kind)
      let uidls: UIDLScheme = kind == .dovecot ? .dovecot(.standard) : .ocean
      try Measurement(root: root, maildir: scenario.path, uidls: uidls).run(scenario)
      removeAll(root)
      mkdir(root, 0o700)
    }
  }
} else {
  print("usage: Store DIRECTORY [MESSAGES...], Store locks DIRECTORY [HELD...]; the directory must not exist")
  exit(2)
}
