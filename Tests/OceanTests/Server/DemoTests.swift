import Foundation
import TestSupport
import Testing

/// Tests `make demo`: what it says can be tried is tried, and it leaves nothing behind.
@Suite(.enabled(if: geteuid() == 0, "only root can make a network of its own, in which the ports are free"))
struct DemoTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func `the commands that it prints work, and its folder is gone in the end`(_ signal: Int32) throws {
    let script = ExampleServeTests.folder.appending(path: "demo").path
    // A short path: the demo's control socket is below it.
    let folder = try TemporaryDirectory(in: "/tmp")
    let demo = try Command(
      "unshare", ["-n", "sh", "-c", "ip link set lo up && exec \"$0\" \"$1\"", script, try oceanBinary()],
      environment: ["TMPDIR": folder.path], directory: workspace.directory)
    try eventually("the demo serves: \(demo.errorOutput)") {
      guard demo.isRunning else { throw Failure("no demo:\n\(demo.output)\(demo.errorOutput)") }
      return demo.errorOutput.contains("\"serving\"") ? true : nil
    }
    let commands = demo.output.split(separator: "\n").filter { $0.hasPrefix("    ") }.map(String.init)
    #expect(commands.count == 7)
    let statuses = try commands.map { command in
      try workspace.run("nsenter", ["-t", "\(demo.pid)", "-n", "sh", "-c", command]).status
    }
    // The plan has a change.
    #expect(statuses == [0, 0, 0, 0, 2, 0, 0].map { .exited($0) }, "\(commands)")
    demo.signal(signal)
    #expect(try demo.wait() == .exited(0))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
  }
}
