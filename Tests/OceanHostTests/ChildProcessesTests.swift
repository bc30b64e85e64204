import OceanHost
import Testing

/// Runs programs side by side.
@Suite struct ChildProcessesTests {
  private let processes = ChildProcesses(width: 4, time: .seconds(20), limit: 1 << 20)

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func `each outcome is that of its command`() throws {
    let commands = (0..<20).map { ["sh", "-c", "echo out \($0); echo err \($0) >&2; exit \($0 % 3)"] }
    var reports: [Int] = []
    let outcomes = processes.run(commands) { reports.append($0) }
    #expect(reports == Array(1...20))
    for (number, outcome) in outcomes.enumerated() {
      guard case .ended(let ending) = outcome else {
        Issue.record("\(number): \(outcome)")
        continue
      }
      #expect(ending.status == Int32(number % 3))
      #expect(text(ending.output) == "out \(number)\n" && text(ending.complaints) == "err \(number)\n")
    }
  }

  @Test func `a program that hangs is ended at its deadline, and keeps no other waiting`() {
    let short = ChildProcesses(width: 2, time: .milliseconds(300), limit: 1024)
    let start = ContinuousClock.now
    let outcomes = short.run([
      ["sleep", "600"], ["true"], ["true"], ["sh", "-c", "exec >&-; exec sleep 600"],
    ])
    #expect(outcomes[0] == .late && outcomes[3] == .late)
    #expect(outcomes[1] == outcomes[2])
    #expect(ContinuousClock.now - start < .seconds(10))
  }

  @Test func `what prints without end is ended`() {
    let short = ChildProcesses(width: 1, time: .seconds(20), limit: 1 << 20)
    #expect(short.run([["yes"]]) == [.tooLong])
  }

  @Test func `a program that is not there cannot be started`() {
    let outcome = processes.run([["/nowhere/ssh"]])
    #expect(outcome == [.notStarted(2)])
  }

  @Test func `the end by a signal is told as a shell does`() {
    guard case .ended(let ending) = processes.run([["sh", "-c", "kill -9 $$"]])[0] else {
      Issue.record("it did not end")
      return
    }
    #expect(ending.status == 137)
  }

  /// ssh that shares connections leaves a process that holds its standard error open.
  @Test func `a process that is left behind is not waited for`() {
    guard case .ended(let ending) = processes.run([["sh", "-c", "echo a; sleep 2 >&- & :"]])[0] else {
      Issue.record("it did not end")
      return
    }
    #expect(text(ending.output) == "a\n" && ending.status == 0)
  }

  @Test func `nothing is run if there is nothing`() { #expect(processes.run([]) == []) }
}
