import Foundation
import Testing

/// Tests `kill -9` at each file call of a session that reads and removes mail, or of a change of plans, one
/// after the other.
@Suite(.enabled(if: Faults.canRun || Faults.mustRun, "there is no C compiler"))
struct FaultKillTests {
  private let workspace: Workspace
  private let faults: Faults

  init() throws {
    workspace = try Workspace()
    faults = try Faults(workspace)
  }

  enum Phase: CaseIterable {
    /// The login, which writes the index.
    case login
    /// The update, which removes and marks messages.
    case update
  }

  @Test(arguments: Phase.allCases, [Faults.Action.kill, .killHalfway])
  func `a kill removes no more than was asked for`(phase: Phase, action: Faults.Action) throws {
    var delivered = 0
    var removals = Set<Int>()
    var call = 0
    var hasMet = true
    while hasMet {
      let server = try Server(workspace, environment: faults.environment)
      try check(server, after: call)
      while try workspace.messages().count < 6 {
        delivered += 1
        try workspace.deliver(
          "Subject: \(delivered)\n\nbody\n", as: "\(1_700_000_000 + delivered).M1P1.host",
          folder: delivered % 2 == 0 ? "new" : "cur")
      }
      let before = try contents()
      let isDone =
        (try? session(server) {
          guard $0 == phase else { return faults.disarm() }
          faults.arm(.changing, on: ["/mail/", "index"], action, first: call, count: 1)
        }) != nil
      hasMet = faults.met > call
      faults.disarm()
      #expect(isDone != hasMet)
      if hasMet {
        #expect(try server.process.wait() == .signalled(SIGKILL))
      } else {
        try server.stop()
      }

      let after = try contents()
      #expect(after.allSatisfy { before[$0] == $1 }, "call \(call): a message is another one")
      let names = before.keys.sorted()
      let asked = Set(Self.deleted.map { names[$0 - 1] })
      let removed = Set(names).subtracting(after.keys)
      #expect(removed.isSubset(of: asked), "call \(call): a message is gone that nobody deleted")
      if !hasMet { #expect(removed == asked) }
      removals.insert(removed.count)
      call += 1
    }
    let server = try Server(workspace)
    try check(server, after: call)
    try server.stop()
    // Otherwise the kill did not hit UPDATE.
    #expect(removals == (phase == .update ? [0, 1, 2, 3] : [0, 3]))
  }

  /// The changes that write to the kept plans.
  enum Change: CaseIterable {
    case apply
    case probation
    case confirm
    case rollback
  }

  /// All of them write with the same code, which may be killed halfway.
  private static let killed: [(Change, Faults.Action)] =
    Change.allCases.map { ($0, .kill) } + [(.apply, .killHalfway), (.probation, .killHalfway)]

  @Test(arguments: killed)
  func `a kill while a plan is changed`(change: Change, action: Faults.Action) throws {
    var server = try Server(workspace, environment: faults.environment)
    var call = 0
    var hasMet = true
    while hasMet {
      let old = try digest()
      try workspace.writeConfig(service: ["idle_timeout: \(call + 11)m"])
      let new = try plannedDigest()
      switch change {
      case .apply, .probation: break
      case .confirm: _ = try workspace.ocean("apply", workspace.config, "--confirm-within", "1h")
      case .rollback: _ = try workspace.ocean("apply", workspace.config)
      }
      faults.arm(.changing, on: ["/state/plans"], action, first: call, count: 1)
      let command =
        switch change {
        case .apply: try workspace.ocean("apply", workspace.config)
        case .probation: try workspace.ocean("apply", workspace.config, "--confirm-within", "1h")
        case .confirm: try workspace.ocean("confirm", new, workspace.config)
        case .rollback: try workspace.ocean("rollback", "--config", workspace.config)
        }
      hasMet = faults.met > call
      faults.disarm()
      #expect(command.status == .exited(hasMet ? 1 : 0), "call \(call): \(command.errorOutput)")
      server.process.signal(SIGKILL)
      try server.process.wait()

      server = try Server(workspace, environment: faults.environment)
      let after = try digest()
      #expect([old, new].contains(after), "call \(call)")
      // Nobody was told anything else.
      let isKept = change == .apply || change == .confirm
      if !hasMet { #expect(after == (isKept ? new : old)) }
      try server.loggedIn().ok("QUIT")
      // The plan that ran before can be rolled back to.
      let history = try workspace.ocean("history", workspace.config, "--format", "json").output
      #expect(history.contains(old), "call \(call)")
      call += 1
    }
    #expect(call > (change == .confirm ? 6 : 5))
    try server.stop()
  }

  private func digest() throws -> String { try workspace.runningPlan() }

  /// The digest of the plan that the config compiles to.
  private func plannedDigest() throws -> String {
    let plan = try workspace.ocean("plan", workspace.config, "--against", "none", "--format", "json")
    struct Plan: Decodable { let digest: String }
    return try plan.json(Plan.self).digest
  }

  private static let deleted = [1, 4, 5]

  private func session(_ server: Server, entering: (Phase) -> Void) throws {
    let client = try server.greeted()
    entering(.login)
    guard try client.logIn().hasPrefix("+OK 6 ") else { throw Failure("no login") }
    for number in 1...2 { _ = try client.retrieve(number) }
    for number in Self.deleted { try client.ok("DELE \(number)") }
    entering(.update)
    try client.ok("QUIT")
  }

  /// The contents by base name, which sorts like the messages.
  private func contents() throws -> [String: [UInt8]] {
    try Dictionary(
      workspace.messages().map { (Self.base($0), $1) }, uniquingKeysWith: { first, _ in first })
  }

  /// Checks what the next process makes of the remains.
  private func check(_ server: Server, after call: Int) throws {
    let messages = try contents().sorted { $0.key < $1.key }
    let client = try server.loggedIn()
    try client.ok("UIDL")
    let ids = messages.enumerated().map { "\($0 + 1) \($1.key)\r\n" }.joined()
    #expect(String(decoding: try client.body(), as: UTF8.self) == ids, "call \(call)")
    try client.ok("LIST")
    let sizes = messages.enumerated().map { "\($0 + 1) \(Self.received($1.value).count)\r\n" }.joined()
    #expect(String(decoding: try client.body(), as: UTF8.self) == sizes, "call \(call)")
    for (number, message) in messages.enumerated() {
      try client.ok("TOP \(number + 1) 10")
      #expect(try client.body() == Self.received(message.value), "call \(call)")
    }
    try client.ok("QUIT")
  }

  private static func base(_ path: String) -> String {
    String(path.drop { $0 != "/" }.dropFirst().prefix { $0 != ":" })
  }

  private static func received(_ content: [UInt8]) -> [UInt8] {
    content.flatMap { $0 == 10 ? [13, 10] : [$0] }
  }
}
