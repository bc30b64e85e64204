import Foundation
import Testing

/// Tests Maildirs with a quota, which maildrop's delivery keeps.
struct QuotaTests {
  private static let delivery = "/usr/sbin/deliverquota.maildrop"
  private static let isInstalled = access(delivery, X_OK) == 0

  @Test(.enabled(if: isInstalled || Faults.mustRun, "maildrop is not installed"))
  func `a mailbox that was full takes mail again once it is emptied`() throws {
    let workspace = try Workspace()
    let maildir = workspace.maildir()
    try FileManager.default.removeItem(at: maildir)
    for options in [[], ["-q", "5000S"]] {
      #expect(try workspace.run("maildirmake.maildrop", options + [maildir.path]).status == .exited(0))
    }
    let mail = "Subject: x\n\n" + String(repeating: String(repeating: "y", count: 70) + "\n", count: 30)
    func deliver() throws -> Command.ExitStatus {
      let command = try Command(Self.delivery, [maildir.path], input: mail, directory: workspace.directory)
      return try command.wait()
    }
    var delivered = 0
    while delivered < 9, try deliver() == .exited(0) { delivered += 1 }
    #expect(delivered == 2)
    let server = try Server(workspace)
    let client = try server.loggedIn()
    for number in 1...delivered { try client.ok("DELE \(number)") }
    try client.ok("QUIT")
    #expect(try deliver() == .exited(0))
    try server.stop()
  }
}
