import Foundation
import Testing

/// Tests `kill -9`, or a full disk, at each file call of `ocean import cyrus`, one after the other.
@Suite(.enabled(if: Faults.canRun || Faults.mustRun, "there is no C compiler"))
struct FaultImportTests {
  private let workspace: Workspace
  private let faults: Faults
  private let folder: String
  private let maildir: String

  init() throws {
    workspace = try Workspace()
    faults = try Faults(workspace)
    folder = workspace.path("cyrus")
    maildir = workspace.path("anna")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    for uid in 1...9 { try workspace.write("Subject: \(uid)\r\n\r\n\(uid)\r\n", to: "cyrus/\(uid).") }
  }

  /// A mailbox of Cyrus at two times. First six messages came and one was expunged; then three more came, one
  /// more was expunged and two got flags.
  enum State: String {
    case early, late = "17"

    var uids: [UInt32] { self == .early ? [1, 2, 3, 4, 6] : [1, 3, 4, 6, 7, 8, 9] }
  }

  private func set(_ state: State) throws {
    let index =
      URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
      / "OceanStoreTests/CyrusIndexes/\(state.rawValue).index"
    try Data(contentsOf: index).write(to: URL(filePath: folder + "/cyrus.index"))
  }

  private func run() throws -> Command {
    let command = try Command(
      try oceanBinary(), ["import", "cyrus", folder, maildir], environment: faults.environment,
      directory: workspace.directory)
    try command.wait()
    return command
  }

  /// Returns the UIDs of messages that clients would see. Checks that the list has each under its UID and
  /// that each is whole.
  private func check(after call: Int) -> [UInt32] {
    let list = workspace.read("anna/dovecot-uidlist").split(separator: "\n").dropFirst()
    let listed = Dictionary(
      uniqueKeysWithValues: list.compactMap { line in
        line.firstIndex(of: " ").map { (String(line[$0...].dropFirst(2)), UInt32(line[..<$0])) }
      })
    let names = (try? FileManager.default.contentsOfDirectory(atPath: maildir + "/cur")) ?? []
    let uids = names.compactMap { name in
      let uid = name.firstIndex(of: ":").flatMap { listed[String(name[..<$0])] ?? nil }
      #expect(uid != nil, "call \(call): \(name) is not listed")
      #expect(
        workspace.read("anna/cur/\(name)") == uid.map { "Subject: \($0)\r\n\r\n\($0)\r\n" }, "call \(call)")
      return uid
    }
    return uids.sorted()
  }

  @Test(arguments: [Faults.Action.killHalfway, .fail(ENOSPC)], [nil, .early] as [State?])
  func `no message is seen without its UID`(action: Faults.Action, before: State?) throws {
    let state = before == nil ? State.early : .late
    let prepared = workspace.path("prepared")
    if let before {
      try set(before)
      #expect(try run().status == .exited(0))
      try FileManager.default.moveItem(atPath: maildir, toPath: prepared)
    }
    try set(state)
    var call = 0
    var hasMet = true
    while hasMet {
      try? FileManager.default.removeItem(atPath: maildir)
      if before != nil { try FileManager.default.copyItem(atPath: prepared, toPath: maildir) }
      faults.arm(.changing, on: [maildir], action, first: call, count: 1)
      let first = try run()
      hasMet = faults.met > call
      faults.disarm()
      if !hasMet { #expect(first.status == .exited(0), "\(first.errorOutput)") }
      #expect(Set(check(after: call)).isSubset(of: state.uids + (before?.uids ?? [])))
      let second = try run()
      #expect(second.status == .exited(0), "call \(call): \(second.errorOutput)")
      #expect(check(after: call) == state.uids, "call \(call)")
      #expect(!FileManager.default.fileExists(atPath: maildir + "/ocean-import"))
      call += 1
    }
    #expect(call > 30)
  }
}
