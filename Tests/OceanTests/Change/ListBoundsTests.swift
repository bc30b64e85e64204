import Foundation
import Testing

/// A list file that does not keep its bounds never decides who may connect.
@Suite struct ListBoundsTests {
  private let workspace: Workspace
  private static let good = "127.61.0.0/16\n"

  init() throws {
    workspace = try Workspace()
    try workspace.write(Self.good, to: "drop.netset")
    try workspace.writeConfig(service: [
      "ip_control: { black_list: [{ file: drop.netset, at_least: 1, largest_network: /8 }] }"
    ])
  }

  @Test(arguments: [
    (good + "0.0.0.0/0\n", "drop.netset has 0.0.0.0/0 on line 2, which is larger than a /8"),
    ("# moved\n", "drop.netset has 0 entries, at least 1 are expected"),
  ])
  func `a reload and a restart keep the list that runs`(_ list: String, _ reason: String) throws {
    let server = try Server(workspace)
    let client = try server.loggedIn()
    try workspace.write(list, to: "drop.netset")
    try server.reload(expecting: "not reloaded; the old plan keeps running")
    #expect(server.log.contains(reason), "\(server.log)")
    try client.ok("NOOP")
    _ = try server.greeted()
    #expect(try server.client(from: "127.61.0.1").rest() == "")
    let check = try workspace.run(oceanBinary(), ["check", workspace.config])
    #expect(check.status == .exited(1) && check.output.contains("[OC0455]: \(reason)"), "\(check.output)")
    try server.stop()

    let again = try Server(workspace)
    #expect(again.log.contains("drop.netset is not used, because it has "), "\(again.log)")
    _ = try again.greeted()
    #expect(try again.client(from: "127.61.0.1").rest() == "")
    // The next good list comes in by itself.
    try workspace.write("127.62.0.0/16\n", to: "drop.netset")
    try again.reload()
    _ = try again.greeted(from: "127.61.0.1")
    #expect(try again.client(from: "127.62.0.1").rest() == "")
    try again.stop()
  }

  @Test func `a server whose list is torn starts with what it ran, and says so until the list is mended`()
    throws
  {
    let first = try Server(workspace)
    _ = try first.greeted()
    try first.stop()
    try workspace.write(Self.good + "127.62.0.0/1x\n", to: "drop.netset")

    let again = try Server(workspace)
    _ = try again.greeted()
    #expect(try again.client(from: "127.61.0.1").rest() == "")
    let reason = "drop.netset:2: no address, network or range"
    #expect(again.log.contains("drop.netset is not used, because \(reason)"), "\(again.log)")
    let status = try workspace.run(oceanBinary(), ["status", workspace.config])
    #expect(
      status.output.contains("drop.netset NOT USED: \(reason)"), "\(status.output) \(status.errorOutput)")
    #expect(status.output.contains(": has 1 error ('ocean check' names them)"), "\(status.output)")
    let check = try workspace.run(oceanBinary(), ["check", workspace.config])
    #expect(check.status == .exited(1) && check.output.contains("[OC0325]: \(reason)"), "\(check.output)")
    try workspace.write(Self.good, to: "drop.netset")
    try again.reload(expecting: "reloaded: no change")
    let mended = try workspace.run(oceanBinary(), ["status", workspace.config])
    #expect(!mended.output.contains("NOT USED"), "\(mended.output)")
    try again.stop()
  }

  @Test func `a first start with such a list fails`() throws {
    try workspace.write("0.0.0.0/0\n", to: "drop.netset")
    let serve = try workspace.run(oceanBinary(), ["serve", workspace.config])
    #expect(serve.status == .exited(1))
    #expect(serve.errorOutput.contains("and no confirmed plan has entries to run in their place"))
  }
}
