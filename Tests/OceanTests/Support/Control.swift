import Foundation

/// The control socket of a workspace's server.
extension Workspace {
  var config: String { path("ocean.yaml") }
  var socket: String { path("state/control.sock") }

  /// The digest of the plan that runs, as `ocean status` says it.
  func runningPlan() throws -> String {
    struct Status: Decodable {
      let plan: String
    }
    let status: Status = try ocean("status", config, "--format", "json").json()
    return status.plan
  }

  /// Its first six digits.
  func runningDigits() throws -> String { String(try runningPlan().dropFirst(7).prefix(6)) }

  /// Asks over HTTP; the other arguments are those of `curl`.
  func curl(_ uri: String, _ arguments: [String] = []) throws -> Command {
    try run("curl", ["-s", "--unix-socket", socket, "http://ocean\(uri)"] + arguments)
  }

  /// Connects `count` times, sends the same each time, and prints what is answered until the server closes;
  /// prints `ready` once everything is sent.
  func startClients(_ count: Int = 1, sending text: String) throws -> Command {
    let script = """
      import socket, sys
      text = sys.stdin.buffer.read()
      clients = [socket.socket(socket.AF_UNIX) for _ in range(int(sys.argv[2]))]
      for client in clients:
          client.connect(sys.argv[1])
          try: client.sendall(text)
          except OSError: pass
      print("ready", flush=True)
      for client in clients:
          client.settimeout(20)
          try:
              while data := client.recv(65536): print(repr(data), flush=True)
          except ConnectionError: pass
      """
    let command = try Command(
      "python3", ["-c", script, socket, "\(count)"], input: text, directory: directory)
    try eventually("clients are connected") { command.output.hasPrefix("ready\n") ? true : nil }
    return command
  }
}

extension Command {
  /// The output of the program, read as JSON.
  func json<Value: Decodable>(_: Value.Type = Value.self) throws -> Value {
    try JSONDecoder().decode(Value.self, from: Data(output.utf8))
  }
}
