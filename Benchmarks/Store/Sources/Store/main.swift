@preconcurrency import Glibc
import OceanStore

// Store DIRECTORY [MESSAGES...]: measures opening mailboxes of so many messages, in a directory that is made and removed.
//
// Of mailboxes with more than 200,000 messages the files are empty and only named as if they had content: making them takes
// long enough. What a process that has just started does is done by one (Store open DIRECTORY MAILDIR).

setlinebuf(stdout)
let arguments = CommandLine.arguments.dropFirst()

if arguments.first == "open", arguments.count == 3 {
  try Measurement(root: arguments[2], maildir: arguments[3]).openTwice()
} else if let root = arguments.first, mkdir(root, 0o700) == 0 {
  defer { removeAll(root) }
  let counts = arguments.dropFirst().compactMap { Int($0) }
  print(Measurement.header)
  for count in counts.isEmpty ? [100_000] : counts {
    for hasSizes in count > 200_000 ? [true] : [false, true] {
      let scenario = Scenario(root + "/mail\(count)\(hasSizes)", count, hasSizes: hasSizes)
      try Measurement(root: root, maildir: scenario.path).run(scenario)
      removeAll(scenario.path)
    }
  }
} else {
  print("usage: Store DIRECTORY [MESSAGES...]; the directory must not exist")
  exit(2)
}
