import Foundation
import Testing

/// A running `ocean serve`; killed if the test forgets to stop it.
final class Server {
  // It is killed before its workspace is removed: what it writes meanwhile would stay.
  let process: Command
  let workspace: Workspace

  /// Starts a server and waits until it serves.
  ///
  /// - Parameters:
  ///   - file: what to serve, from the workspace.
  ///   - wrapper: a program and its arguments that ends up executing what follows them.
  init(
    _ workspace: Workspace, serving file: String = "ocean.yaml", wrapper: [String] = [],
    environment: [String: String] = [:]
  ) throws {
    self.workspace = workspace
    let words = wrapper + [try oceanBinary(), "serve", workspace.path(file)]
    process = try Command(
      words[0], Array(words.dropFirst()), environment: environment, directory: workspace.directory)
    try waitForLog("\"message\":\"serving\"")
  }

  /// Everything on standard error so far.
  var log: String { process.errorOutput }

  /// The lines of the access log so far.
  var accessLog: [[String: Any]] {
    get throws {
      try workspace.read("access.jsonl").split(separator: "\n").map { line in
        guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
          throw Failure("no JSON object: \(line)")
        }
        return object
      }
    }
  }

  /// Waits for a line of the access log that is as wanted.
  func accessLogLine(
    within seconds: Double = 10, _ isWanted: ([String: Any]) -> Bool
  ) throws -> [String: Any] {
    try eventually(
      "a line of the access log, which has:\n\(workspace.read("access.jsonl"))", within: seconds
    ) {
      try accessLog.first(where: isWanted)
    }
  }

  func waitForLog(_ text: String, count: Int = 1) throws {
    try eventually("\(text) in the log") {
      let log = log
      if log.components(separatedBy: text).count > count { return true }
      guard process.isRunning else {
        throw Failure("the server has ended (\(process.status.map { "\($0)" } ?? "?")):\n\(log)")
      }
      return nil
    }
  }

  /// Has the config compiled and applied again, and waits until the log tells the outcome.
  func reload(expecting outcome: String = "\"message\":\"applied\"") throws {
    let count = log.components(separatedBy: outcome).count
    process.signal(SIGHUP)
    try waitForLog(outcome, count: count)
  }

  func client(
    port: Int = Workspace.port, from source: String? = nil, receiveBuffer: Int32? = nil
  ) throws -> POP3Client {
    try POP3Client(workspace.address, port: port, from: source, receiveBuffer: receiveBuffer)
  }

  /// A client that has read its greeting.
  func greeted(port: Int = Workspace.port, from source: String? = nil) throws -> POP3Client {
    let client = try client(port: port, from: source)
    let greeting = try client.line()
    guard greeting.hasPrefix("+OK") else { throw Failure("greeted with \(greeting)") }
    return client
  }

  /// A client that is logged in.
  func loggedIn(_ user: String = "anna", port: Int = Workspace.port) throws -> POP3Client {
    let client = try greeted(port: port)
    let reply = try client.logIn(user)
    guard reply.hasPrefix("+OK") else { throw Failure("login of \(user): \(reply)") }
    return client
  }

  /// Stops the server as an administrator does, and checks its whole output.
  func stop(sourceLocation: SourceLocation = #_sourceLocation) throws {
    process.signal(SIGTERM)
    let status = try process.wait()
    #expect(status == .exited(0), "\(log)", sourceLocation: sourceLocation)
    // Complaints of the libraries.
    #expect(!log.contains("ERROR"), "\(log)", sourceLocation: sourceLocation)
    workspace.expectNoSecret(in: process.output)
    workspace.expectNoSecret(in: log)
    workspace.expectNoSecret(in: workspace.read("access.jsonl"))
  }
}

/// The objects of a log, one per line. The sentence with which a command ends may follow.
func logLines(_ log: String) throws -> [[String: String]] {
  try log.split(separator: "\n").filter { !$0.hasPrefix("ocean: ") }.map {
    try JSONDecoder().decode([String: String].self, from: Data($0.utf8))
  }
}
