import OceanBase
import OceanAddresses
import Synchronization
import Testing

@testable import OceanAccess

/// A source that answers what it is told to, and notes what it was asked.
private final class ToldSource: AccountSource {
  let name: String
  private let answer: Mutex<SourceAnswer>
  private let asked = Mutex<[[String]]>([])
  private let given = Mutex<[SecretBytes?]>([])

  init(_ name: String, _ finding: SourceAnswer.Finding) {
    self.name = name
    answer = Mutex(SourceAnswer(finding, reason: "told to"))
  }

  var questions: [[String]] { asked.withLock { $0 } }

  var passwords: [SecretBytes?] { given.withLock { $0 } }

  func lookup(_ question: AccountQuestion) -> SourceAnswer {
    given.withLock { $0.append(question.password) }
    asked.withLock { $0.append(question.names.map(\.description)) }
    return answer.withLock { $0 }
  }

  func health() -> SourceHealth { lastHealth }

  var lastHealth: SourceHealth {
    if case .unavailable = answer.withLock(\.finding) {
      return SourceHealth(name: name, counts: nil, problem: .file(.unanswered))
    }
    return SourceHealth(name: name, counts: .init(active: 1, disabled: 0), problem: nil)
  }
}

/// What a directory makes of the answers of its sources, whatever kind they are.
@Suite struct AccountSourceTests {
  private func account(_ line: String) throws -> SourceAnswer.Finding {
    let user = String(line.prefix { $0 != ":" })
    return .account(try #require(passwdFile(line).account(named: name(user))))
  }

  private func login(_ password: String, _ sources: [any AccountSource]) throws -> String? {
    try AccountDirectory(sources, defaultDomain: "example.org") { 0 }
      .lookup("anna", service: "pop3", peer: somewhere).verify(SecretBytes(password)).identity?.name
  }

  @Test func `the first source that has the login decides`() throws {
    let empty = ToldSource("empty", .nobody)
    let first = ToldSource("first", try account("anna:{PLAIN}one"))
    let second = ToldSource("second", try account("anna:{PLAIN}two"))
    #expect(try login("one", [empty, first, second]) == "anna@example.org")
    #expect(try login("two", [empty, first, second]) == nil)
    #expect(try login("two", [second, first]) == "anna@example.org")
    #expect(empty.questions == [["anna@example.org", "anna"], ["anna@example.org", "anna"]])
  }

  /// A source that is away may have the account, or disable it: nobody is let in by the sources after it, and no
  /// password is called wrong.
  @Test func `an unavailable source refuses for now and not for good`() throws {
    let away = ToldSource("away", .unavailable)
    let there = ToldSource("there", try account("anna:{PLAIN}x"))
    #expect(throws: VerificationError.accountsUnavailable) { try login("x", [away, there]) }
    #expect(throws: VerificationError.accountsUnavailable) { try login("wrong", [there, away]) }
    #expect(throws: VerificationError.accountsUnavailable) {
      try login("x", [ToldSource("none", .nobody), away])
    }
    #expect(try login("x", [there, away]) == "anna@example.org")
  }

  /// Whose password is right is let in at once, however long the sources behind take; and whether a password is wrong
  /// depends on all of them, or the answer would tell who is in the first.
  @Test func `sources behind the one that has the account are asked after a wrong password only`() throws {
    let there = ToldSource("there", try account("anna:{PLAIN}x"))
    let behind = ToldSource("behind", .unavailable)
    let directory = AccountDirectory([there, behind], defaultDomain: nil) { 0 }
    var search = directory.search("anna", password: nil, service: "pop3", peer: somewhere)
    while case .ask(let source) = search.step { search.answered(source.lookup(search.question)) }
    guard case .check(let candidate) = search.step else { return }
    #expect(try candidate.verify(SecretBytes("x")).identity?.name == "anna")
    #expect(behind.questions.isEmpty && search.isComplete)
    search.beThorough()
    while case .ask(let source) = search.step { search.answered(source.lookup(search.question)) }
    #expect(behind.questions == [["anna"]] && !search.isComplete)
    #expect(search.troubles.map(\.source) == ["behind"] && search.troubles.map(\.reason) == ["told to"])
  }

  private func checked(_ check: Account.SourceCheck) throws -> SourceAnswer.Finding {
    .account(Account(name: try name("anna"), status: .active, line: 0, password: nil, sourceCheck: check))
  }

  /// What such a source says about the password counts, whatever is compared here.
  @Test func `a source may check the password itself`() throws {
    let behind = ToldSource("behind", try account("anna:{PLAIN}x"))
    #expect(try login("x", [ToldSource("one", try checked(.right)), behind]) == "anna@example.org")
    #expect(try login("x", [ToldSource("one", try checked(.wrong)), behind]) == nil)
    #expect(throws: VerificationError.accountsUnavailable) {
      try login("x", [ToldSource("one", try checked(.notAsked)), behind])
    }
  }

  /// A source behind the one that has the account would count the password as a failed login of an account of its own.
  @Test func `a password is given to sources until one decides`() throws {
    let empty = ToldSource("empty", .nobody)
    let there = ToldSource("there", try checked(.wrong))
    let behind = ToldSource("behind", .untold)
    let directory = AccountDirectory([empty, there, behind], defaultDomain: nil) { 0 }
    let password = SecretBytes("x")
    let candidate = directory.lookup("anna", password: password, service: "pop3", peer: somewhere)
    #expect(try candidate.verify(password).identity == nil)
    #expect(empty.passwords == [password] && there.passwords == [password] && behind.passwords == [nil])
  }

  @Test func `a source that needs the password to tell is named where there is none`() throws {
    let directory = AccountDirectory(
      [ToldSource("one", .untold), ToldSource("two", .nobody)], defaultDomain: nil
    ) { 0 }
    guard case .unavailable("one", let reason) = directory.find("anna", service: "pop3", peer: somewhere)
    else {
      Issue.record("it is not said that the source cannot tell")
      return
    }
    #expect(reason == "it tells nothing about an account without its password")
    let candidate = directory.lookup("anna", service: "pop3", peer: somewhere)
    #expect(try candidate.verify(SecretBytes("x")).identity == nil)
  }

  @Test func `explanations and health name the source`() throws {
    let directory = AccountDirectory(
      [
        ToldSource("one", .nobody), ToldSource("two", try account("anna:{PLAIN}x::::::proxy")),
        ToldSource("three", .unavailable),
      ], defaultDomain: nil
    ) { 0 }
    let entry = try #require(directory.entry("anna"))
    #expect(entry.source == "two" && entry.refusal == "told to")
    #expect(directory.name == "one, two, three")
    #expect(directory.health().map(\.counts?.active) == [1, 1, nil])
    #expect(directory.problems.map(\.name) == ["three"])
    #expect(directory.healthUnanswered().map(\.problem) == Array(repeating: .file(.unanswered), count: 3))
  }
}
