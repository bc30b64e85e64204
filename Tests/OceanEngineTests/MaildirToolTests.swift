import Glibc
import OceanPlan
import OceanStore
import TestSupport
import Testing

@testable import OceanEngine

/// Tests that commands look at a Maildir with the indexes and locks of the server.
@Suite struct MaildirToolTests {
  private let directory: TemporaryDirectory
  private let plan: Plan
  private var maildir: String { "\(directory.path)/mail" }

  init() throws {
    directory = try TemporaryDirectory()
    for name in ["state", "mail", "mail/new", "mail/cur", "mail/tmp"] {
      mkdir("\(directory.path)/\(name)", 0o700)
    }
    plan = try Plan(
      server: Plan.Server(hostname: "mail.test", state: "\(directory.path)/state"),
      log: Plan.Log(access: nil),
      accounts: [],
      mail: Plan.Mail(maildir: MailTemplate(parsing: "\(directory.path)/{user}")), services: [])
  }

  private func deliver(_ name: String, _ text: String = "Subject: x\r\n\r\nx\r\n") {
    guard let file = fopen("\(maildir)/new/\(name)", "w") else { return }
    fputs(text, file)
    fclose(file)
  }

  @Test func `an index is made again, and is sound then`() throws {
    deliver("1.a")
    deliver("2.b")
    let tool = try MaildirTool(plan)
    #expect(try tool.check(maildir).findings == [.missing])
    let rebuilt = try tool.rebuild(maildir)
    #expect(rebuilt.messages == 2 && rebuilt.isSaved && rebuilt.notes.isEmpty && rebuilt.isWhole)
    // Where the server looks for it.
    #expect(access("\(directory.path)/state/index", F_OK) == 0)
    let report = try MaildirTool(plan).check(maildir)
    #expect(report.messages == 2 && report.isSound)
  }

  @Test func `a mailbox that is open is left alone`() throws {
    let store = try MaildirStore(plan) { _, _ in }
    let mailbox = try store.open(maildir)
    let tool = try MaildirTool(plan)
    #expect(throws: StoreError.inUse) { try tool.check(maildir) }
    #expect(throws: StoreError.inUse) { try tool.rebuild(maildir) }
    withExtendedLifetime(mailbox) {}
  }

  @Test func `what the store went on without is told once`() throws {
    // A directory in the place of indexes.
    deliver("1.a")
    let tool = try MaildirTool(plan)
    _ = try tool.rebuild(maildir)
    let index = "\(directory.path)/state/index"
    for name in try entries(of: index) {
      unlink("\(index)/\(name)")
      mkdir("\(index)/\(name)", 0o700)
    }
    let rebuilt = try MaildirTool(plan).rebuild(maildir)
    #expect(!rebuilt.isSaved && !rebuilt.isWhole)
    #expect(!rebuilt.notes.isEmpty)
  }

  private func entries(of path: String) throws -> [String] {
    let directory = try #require(opendir(path))
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
