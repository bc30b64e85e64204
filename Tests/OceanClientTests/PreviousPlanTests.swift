import OceanHost
import OceanPlan
import OceanReport
import OceanSyntax
import TestPlans
import Testing

@testable import OceanClient

/// Tests what a plan is compared with, and what is said if that cannot be had.
@Suite struct PreviousPlanTests {
  private let folder: ConfigFolder
  private let plan: PlanFile

  init() throws {
    folder = try ConfigFolder()
    plan = try folder.plan("max_connections: 100")
  }

  /// What it is compared with in words, and the warnings; or a failure's sentence.
  private func previous(
    _ against: String? = nil, isElsewhere: Bool = false, judging option: String? = nil
  ) -> (words: String, warnings: [String]) {
    var warnings: [String] = []
    do throws(Failure) {
      let previous = try PreviousPlan(
        before: plan.plan, against: against, isElsewhere: isElsewhere, judging: option, on: Screen()
      ) { warnings.append($0) }
      return (previous.words, warnings)
    } catch {
      return ("failure: \(error.message)", warnings)
    }
  }

  /// A server on the plan's own socket that hangs up.
  private func mute() throws -> Answerer {
    try Answerer(path: folder.path("state/control.sock"), [""], end: "\r\n\r\n")
  }

  @Test func `nothing is compared if that is wished, or the plan is for another host`() throws {
    let server = try mute()
    #expect(previous("none").words == "nothing: --against none")
    #expect(previous(isElsewhere: true).words == "nothing: the facts are from another host")
    #expect(server.text.isEmpty)
  }

  @Test func `a server that certainly does not run is not missed`() {
    let none = "nothing: no server runs on \(folder.path("state"))"
    for option in [nil, "--fail-on"] {
      let (words, warnings) = previous(judging: option)
      #expect(words == none && warnings.isEmpty)
    }
  }

  @Test func `a server that may run is missed`() throws {
    let server = try mute()
    let (words, warnings) = previous()
    #expect(words.hasPrefix("nothing: the server closed the connection without an answer: "))
    #expect(
      warnings.count == 1
        && warnings.first?.hasPrefix("not compared with a running server: the server") == true)
    #expect(server.text.hasPrefix("GET "))
  }

  @Test func `what cannot be judged without a server is a failure`() throws {
    let server = try mute()
    let (words, warnings) = previous(judging: "--only")
    #expect(words.hasPrefix("failure: --only cannot be judged: the server closed the connection"))
    #expect(warnings.isEmpty)
    withExtendedLifetime(server) {}
  }

  @Test func `a socket that is named must answer`() throws {
    let path = folder.path("other.sock")
    let server = try Answerer(path: path, [""], end: "\r\n\r\n")
    #expect(previous(path, isElsewhere: true).words.hasPrefix("failure: the server closed the connection"))
    withExtendedLifetime(server) {}
  }

  @Test func `a config and a saved plan are compared, also for another host`() throws {
    try Files.write(plan.json, to: folder.path("plan.json"), from: [])
    for name in ["ocean.yaml", "plan.json"] {
      let path = folder.path(name)
      #expect(previous(path, isElsewhere: true).words == "\(path), \(plan.digest.short)")
    }
    let none = folder.path("none")
    #expect(previous(none).words == "failure: cannot read \(none): there is no such file")
  }

  @Test func `a digest is looked for where the plan's server keeps plans`() {
    #expect(
      previous("abcdef").words
        == "failure: there is no plan abcdef: no plan is kept in \(folder.path("state/plans"))")
  }
}
