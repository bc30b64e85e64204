import Glibc
import OceanAddresses
import OceanBase
import OceanHost
import OceanPlan
import OceanSyntax
import TestPlans
import Testing
@testable import OceanReport

/// Tests what `ocean accounts` finds out, from a passwd-file to its text.
@Suite struct AccountTextTests {
  private let folder: ConfigFolder
  private let plan: Plan

  init() throws {
    folder = try ConfigFolder()
    try folder.write(
      """
      anna:*{PLAIN}main::::/home/anna::
      :anna:phone:{PLAIN}one:services=pop3 expires=2099-12-31
      :anna:tablet:{PLAIN}two:allow_nets=192.0.2.0/24,2001:db8::/32 expires=2020-01-31
      :anna:desk:{SMD5}\("not a hash"):
      bert:{SHA}MxspFnQniYg6u5z+zkYtBhzZfWw=::::::services=other
      cleo:{NTLM}8846f7eaee8fb117ad06bdd830b7586c::::::
      dora:{PLAIN}x::::::nologin

      """, to: "users.passwd")
    try folder.configure()
    plan = try LoadedPlan(asking: folder.path("ocean.yaml")) { _ in }.plan
  }

  private func test(_ user: String, _ password: String, from peer: String = "192.0.2.7") throws -> AccountTest
  {
    let service = try #require(plan.services.first)
    return AccountTest(
      user, password: SecretBytes(copying: password.utf8), peer: try IPAddress(parsing: peer),
      service: service,
      of: plan)
  }

  // MARK: - test

  @Test(arguments: [
    ("anna", "one", "password: passed: right: app password phone"),
    (
      "anna", "two",
      "password: refused: right, but may not be used: app password tablet, ended on 2020-01-31 (expires)"
    ),
    ("anna", "main", "password: refused: wrong: it is none of the account's 2 passwords"),
    ("bert", "x", "account: refused: bert: not at this service (services)"),
    (
      "cleo", "x",
      "password: unknown: not compared: the account is refused, and the failure would not be counted"
    ),
    ("dora", "x", "password: refused: compared for show, as for every name that may not log in"),
    ("emil", "x", "account: refused: emil: no account of that name"),
    ("a/b", "x", "name: refused: this cannot be the name of an account"),
  ]) func `a login is tried step by step`(_ user: String, _ password: String, _ step: String) throws {
    let test = try test(user, password)
    let steps = test.steps.map { "\($0.stage): \($0.outcome): \($0.detail)" }
    #expect(steps.contains(step), "\(steps)")
    #expect(test.succeeds == (password == "one"))
    let text = AccountText.text(of: test, on: Screen())
    #expect(text.hasPrefix(test.succeeds ? "LOGGED IN as anna at pop3 from 192.0.2.7" : "NOT LOGGED IN as"))
    #expect(!text.contains("8846f7eaee"))
  }

  @Test func `a source that cannot be read is not a refusal`() throws {
    unlink(folder.path("users.passwd"))
    let test = try test("anna", "one")
    #expect(!test.succeeds)
    #expect(test.steps.filter { $0.outcome == .unknown }.map(\.stage) == [.source, .account, .password])
  }

  // MARK: - show, rehash

  @Test func `an account is shown without its secrets`() throws {
    var accounts = try ["anna", "bert", "cleo", "dora"].flatMap {
      try ShownAccount.accounts(of: $0, in: plan)
    }
    // Places have a width, which that of a temporary folder changes.
    for index in accounts.indices {
      accounts[index].source = "/etc/ocean/users.passwd"
      accounts[index].maildir = accounts[index].maildir.map { folder.masked($0) }
    }
    try expectScreens("account") { AccountText.text(of: accounts, on: $0) }
    #expect(throws: Failure.self) { try ShownAccount.accounts(of: "emil", in: plan) }
  }

  @Test func `passwords that should be new are listed`() throws {
    var weak = try WeakAccounts(of: plan)
    for index in weak.accounts.indices { weak.accounts[index].source = "/etc/ocean/users.passwd" }
    #expect(weak.accounts.map(\.account) == ["bert", "cleo"])
    #expect(weak.accounts.map(\.canLogIn) == [true, false])
    try expectScreens("rehash", masking: { folder.masked($0) }) { AccountText.text(of: weak, on: $0) }
  }
}
