@preconcurrency import Glibc
import OceanStore

struct Measurement {
  static let header =
    "| messages | what | ms | resident MB | peak MB |\n|---|---|---|---|---|"

  private let root: String
  private let maildir: String
  private let uidls: UIDLScheme
  private let store: MaildirStore

  init(root: String, maildir: String, uidls: UIDLScheme) throws {
    (self.root, self.maildir, self.uidls) = (root, maildir, uidls)
    store = try MaildirStore(lockDirectory: root, cacheBytes: 256 << 20, index: .directory(root))
  }

  func run(_ scenario: Scenario) throws {
    // A folder proves nothing before its stamp is two seconds old.
    sleep(3)
    try open("first, " + scenario.kind.rawValue)
    for _ in 0..<2 { try open("nothing new, same process") }
    try inNewProcess()
    for number in 0..<3 {
      scenario.deliver(number)
      try open("one delivery, same process")
      sleep(3)
      try open("two seconds later")
      scenario.mark(1000 + number)
      try open("one message marked")
    }
    scenario.deliver(3)
    try inNewProcess()
  }

  func openTwice() throws {
    for _ in 0..<2 { try open("new process") }
  }

  private func open(_ what: String) throws {
    let start = now()
    let mailbox = try store.open(maildir, uidls: uidls)
    let milliseconds = Double((now() - start) / 1000) / 1000
    let (resident, peak) = memory()
    print("| \(mailbox.count) | \(what) | \(milliseconds) | \(resident) | \(peak) |")
    mailbox.close()
  }

  private func inNewProcess() throws {
    var child = pid_t()
    let words = [CommandLine.arguments[0], "open", root, maildir, uidls == .ocean ? "ocean" : "dovecot"]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    guard posix_spawn(&child, "/proc/self/exe", nil, nil, &arguments, environ) == 0 else {
      perror("posix_spawn")
      exit(1)
    }
    var status: Int32 = 0
    waitpid(child, &status, 0)
  }
}
