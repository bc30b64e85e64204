import Foundation
import Testing

/// Tests the table of last logins on a disk that fails, and `kill -9` at each file call about it.
@Suite(.enabled(if: Faults.canRun || Faults.mustRun, "there is no C compiler"))
struct FaultLoginTests {
  private let workspace: Workspace
  private let faults: Faults

  init() throws {
    workspace = try Workspace()
    faults = try Faults(workspace)
  }

  private var table: String { workspace.path("state/logins") }

  /// How many sessions `ocean mailbox who` lists.
  private func listed() throws -> Int {
    let command = try workspace.ocean("mailbox", "who", "anna", workspace.config, "--format", "json")
    #expect(command.status == .exited(0), "\(command.errorOutput)")
    let object = try JSONSerialization.jsonObject(with: Data(command.output.utf8)) as? [String: Any]
    return try #require(object?["sessions"] as? [Any]).count
  }

  @Test(arguments: [ENOSPC, EROFS, EIO]) func `a disk that fails is said once, and costs no session`(
    errno: Int32
  ) throws {
    let server = try Server(workspace, environment: faults.environment)
    faults.arm([.open, .write, .sync], on: [table], .fail(errno))
    try server.loggedIn().ok("QUIT")
    try server.waitForLog("last logins are not written")
    #expect(server.log.contains(String(cString: strerror(errno))))
    for _ in 0..<3 { try server.loggedIn().ok("QUIT") }
    try server.stop()
    #expect(server.log.components(separatedBy: "last logins").count == 2, "\(server.log)")
    #expect(try listed() == 0)
  }

  @Test(arguments: [Faults.Action.kill, .killHalfway])
  func `a kill at any moment leaves a table that can be read`(action: Faults.Action) throws {
    var (call, kept) = (0, 0)
    var hasMet = true
    while hasMet {
      let server = try Server(workspace, environment: faults.environment)
      try server.loggedIn().ok("QUIT")
      faults.arm(.changing, on: [table], action, first: call, count: 1)
      // The first write of a process rewrites the table; the next one only appends.
      try eventually("a write") { try !server.process.isRunning || listed() > kept ? true : nil }
      if server.process.isRunning {
        try server.loggedIn().ok("QUIT")
        try eventually("a second write") {
          try !server.process.isRunning || listed() > kept + 1 ? true : nil
        }
      }
      hasMet = faults.met > call
      faults.disarm()
      if hasMet {
        #expect(try server.process.wait() == .signalled(SIGKILL))
      } else {
        try server.stop()
      }
      // What was listed before is listed still.
      let now = try listed()
      #expect(now >= kept, "call \(call)")
      #expect(!server.log.contains("last logins"), "\(server.log)")
      if now > 5 { try? FileManager.default.removeItem(atPath: table) }
      kept = try listed()
      call += 1
    }
    // Otherwise no kill hit the rewriting.
    #expect(call > 4)
    #expect(access(table + ".damaged", F_OK) != 0)
  }
}
