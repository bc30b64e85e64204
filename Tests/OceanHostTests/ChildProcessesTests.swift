import OceanHost
import Testing

/// Runs programs side by side.
@Suite struct ChildProcessesTests {
  private let processes = ChildProcesses(width: 4, time: .seconds(20), limit: 1 << 20)

  private func shell(_ script: String, input: [UInt8] = []) -> ChildProcesses.Command {
    .init(["sh", "-c", script], input: input)
  }

  private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  @Test func `each outcome is that of its command`() throws {
    let commands = (0..<20).map { shell("echo out \($0); echo err \($0) >&2; exit \($0 % 3)") }
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
      .init(["sleep", "600"]), .init(["true"]), .init(["true"]), shell("exec >&-; exec sleep 600"),
    ])
    #expect(outcomes[0] == .late && outcomes[3] == .late)
    #expect(outcomes[1] == outcomes[2])
    #expect(ContinuousClock.now - start < .seconds(10))
  }

  @Test func `what prints without end is ended`() {
    let short = ChildProcesses(width: 1, time: .seconds(20), limit: 1 << 20)
    #expect(short.run([.init(["yes"])]) == [.tooLong])
  }

  @Test func `a program that is not there cannot be started`() {
    let outcome = processes.run([.init(["/nowhere/ssh"])])
    #expect(outcome == [.notStarted(2)])
  }

  @Test func `the end by a signal is told as a shell does`() {
    guard case .ended(let ending) = processes.run([shell("kill -9 $$")])[0] else {
      Issue.record("it did not end")
      return
    }
    #expect(ending.status == 137)
  }

  /// ssh that shares connections leaves a process that holds its standard error open.
  @Test func `a process that is left behind is not waited for`() {
    guard case .ended(let ending) = processes.run([shell("echo a; sleep 2 >&- & :")])[0] else {
      Issue.record("it did not end")
      return
    }
    #expect(text(ending.output) == "a\n" && ending.status == 0)
  }

  @Test func `a program reads its input to the end, however long it is`() {
    let input = [UInt8](repeating: UInt8(ascii: "a"), count: 3 << 20)
    let outcomes = processes.run([
      shell("wc -c", input: input), shell("wc -c"), shell("exit 3", input: input),
    ])
    let ends = outcomes.map { outcome -> (Int32, String)? in
      guard case .ended(let ending) = outcome else { return nil }
      return (ending.status, text(ending.output))
    }
    #expect(ends[0]?.1 == "\(3 << 20)\n" && ends[1]?.1 == "0\n" && ends[2]?.0 == 3)
  }

  @Test func `of a joint run each gets its input once all are there, and none does if one is not`() {
    let input = Array("go\n".utf8)
    func outputs(_ scripts: [String], within patience: Duration = .seconds(60)) -> [String] {
      let two = ChildProcesses(width: 1, time: .seconds(20), limit: 1 << 20)
      return two.run(scripts.map { shell($0, input: input) }, jointlyWithin: patience).map { outcome in
        guard case .ended(let ending) = outcome else { return "\(outcome)" }
        return text(ending.output)
      }
    }
    let script = "echo ready; read -r word; echo $word"
    #expect(outputs([script, script, script]) == ["ready\ngo\n", "ready\ngo\n", "ready\ngo\n"])
    #expect(outputs([script, "exit 1", script]) == ["ready\n\n", "", "ready\n\n"])
    #expect(
      outputs([script, "sleep 1; " + script], within: .milliseconds(20)) == ["ready\n\n", "ready\n\n"])
    #expect(outputs([script, "echo ready; exit 1"]).first?.hasPrefix("ready\n") == true)
  }

  @Test func `nothing is run if there is nothing`() { #expect(processes.run([]) == []) }
}
