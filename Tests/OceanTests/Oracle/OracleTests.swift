import Foundation
import Synchronization
import TestSupport
import Testing

/// Compares ocean with Dovecot: for the same mail and the same commands the replies are the same, except for
/// what docs/deviations.md lists.
///
/// `OCEAN_ORACLE_SESSIONS` sets the number of sessions, `OCEAN_ORACLE_SEED` the first of their seeds.
@Suite(
  .enabled(
    if: Dovecot.canRun || Dovecot.mustRun, "\(InstalledDovecot.absence)"))
struct OracleTests {
  private static let workers = 6
  private static let standardSessions = 250

  private let workspace: Workspace
  private let dovecot: Dovecot
  private let server: Server

  init() throws {
    workspace = try Workspace()
    let users = (0..<Self.sessions).map { "\(Self.user($0)):{PLAIN}\(Comparison.password)::::::\n" }
    try workspace.write(users.joined(), to: "users.passwd")
    try workspace.writeConfig(service: ["max_bad_commands: 1000", "anti_hammering: false"])
    server = try Server(workspace)
    dovecot = try Dovecot(workspace)
  }

  private static func user(_ number: Int) -> String { "user\(number)" }

  private static func setting(_ name: String, _ standard: Int) -> Int {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? standard
  }

  private static var sessions: Int { setting("OCEAN_ORACLE_SESSIONS", standardSessions) }

  @Test func `sessions by chance`() throws {
    let found = Mutex<(met: Set<OracleDeviation>, differences: [String])>(([], []))
    let comparison = Comparison(workspace: workspace)
    let seed = Self.setting("OCEAN_ORACLE_SEED", 1)
    let sessions = Self.sessions
    // Most threads wait for Dovecot, and some for the answer to a wrong password.
    let threads = DispatchGroup()
    for worker in 0..<Self.workers {
      threads.enter()
      Thread.detachNewThread {
        for number in stride(from: worker, to: sessions, by: Self.workers) {
          let result = comparison.run(seed: seed + number, user: Self.user(number))
          found.withLock {
            $0.met.formUnion(result.met)
            $0.differences += result.differences
          }
        }
        threads.leave()
      }
    }
    threads.wait()
    let (met, differences) = found.withLock { $0 }
    for difference in differences { Issue.record("\(difference)") }
    // A rule that no reply needs could hide other differences.
    if sessions >= Self.standardSessions { #expect(met == Set(OracleDeviation.allCases)) }
    try server.stop()
  }
}

/// One session with each of the two servers.
private struct Comparison: Sendable {
  static let password = "two  Words"

  let workspace: Workspace

  func run(seed: Int, user: String) -> (met: Set<OracleDeviation>, differences: [String]) {
    var random = SeededGenerator(seed: UInt64(seed))
    let mailbox = OracleMailbox(using: &random)
    let script = OracleScript(
      user: user, password: Self.password, messages: mailbox.messages.count, using: &random)
    var rules = OracleRules(mailbox.messages)
    do {
      let differences = try compare(script, mailbox, user, &rules)
      return (rules.met, differences.map { "seed \(seed), \(script): \($0)" })
    } catch {
      return (rules.met, ["seed \(seed), \(script): \(error)"])
    }
  }

  private func compare(
    _ script: OracleScript, _ mailbox: OracleMailbox, _ user: String, _ rules: inout OracleRules
  ) throws -> [String] {
    try mailbox.write(to: workspace.maildir(user))
    try mailbox.write(to: workspace.dovecotMaildir(user))
    try workspace.handOverToDovecot(user)
    let theirs = try script.run(workspace.dovecotClient())
    let ours = try script.run(POP3Client(workspace.address, port: Workspace.port))
    for (number, step) in script.steps.enumerated() {
      switch rules.judge(step, dovecot: theirs[number], ocean: ours[number]) {
      case .fits: break
      case .parts: return []
      case .conflict:
        return ["step \(number): Dovecot \(describe(theirs[number])), ocean \(describe(ours[number]))"]
      }
    }
    let hasQuit = rules.isLoggedIn && script.steps.last?.words.keyword == "QUIT"
    return try compareMailboxes(user, hasQuit: hasQuit, &rules)
  }

  /// Compares the mailboxes that are left.
  private func compareMailboxes(
    _ user: String, hasQuit: Bool, _ rules: inout OracleRules
  ) throws -> [String] {
    let theirs = try OracleMailbox.state(of: workspace.dovecotMaildir(user))
    let ours = try OracleMailbox.state(of: workspace.maildir(user))
    guard ours.mapValues(\.content) == theirs.mapValues(\.content) else {
      return ["Dovecot leaves \(theirs.keys.sorted()), ocean \(ours.keys.sorted())"]
    }
    guard hasQuit else { return [] }
    return rules.messages.enumerated().compactMap { number, message in
      guard let our = ours[message.baseName], let their = theirs[message.baseName] else { return nil }
      let isSeen = message.isSeen || rules.mustBeSeen(number)
      let isSeenByDovecot = message.isSeen || rules.retrievedSinceReset.contains(number)
      guard our.isSeen == isSeen, their.isSeen || !isSeenByDovecot else {
        return "\(message.name): seen in Dovecot \(their.isSeen), in ocean \(our.isSeen)"
      }
      return nil
    }
  }

  private func describe(_ reply: OracleReply) -> String {
    switch reply {
    case .closed: "closes"
    case .line(let line, nil): "'\(line)'"
    case .line(let line, let body?):
      "'\(line)' with \(String(reflecting: String(decoding: body.prefix(600), as: UTF8.self)))"
    }
  }
}
