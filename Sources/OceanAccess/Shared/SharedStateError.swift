/// What an engine says when it cannot be used, in words for people.
package enum SharedStateError {
  /// The error for an answer that is not the one that is needed.
  package static func answer(_ answer: RESPValue, _ prefix: String) -> BackendError {
    guard case .error(let text) = answer else {
      return .nonsense("it does not answer as Valkey and Redis do")
    }
    let words = [
      ("WRONGPASS", "it refuses the user or the password"),
      ("NOAUTH", "it wants a password"),
      ("NOPERM", "its user may not do all that is needed: \(shown(text))"),
      ("ACL failure in script", "its user may not do all that is needed: \(shown(text))"),
      ("The user executing the script", "its user may not do all that is needed: \(shown(text))"),
      ("READONLY", "it is a replica, which takes no changes"),
      ("OOM", "its memory is full (maxmemory)"),
      ("LOADING", "it is still loading its data"),
      ("MISCONF", "it cannot save its data and takes no changes"),
      ("WRONGTYPE", "its keys '\(prefix)…' are not ocean's: write another prefix"),
      ("NOREPLICAS", "it has too few replicas and takes no changes"),
      ("MASTERDOWN", "it is a replica without its master"),
      ("BUSY", "it runs a script that does not end"),
      ("unknown command", "it is older than Redis 7"),
    ]
    let found = words.first { text.contains($0.0) }?.1
    return .unreachable(found ?? "it answers with an error: \(shown(text))")
  }

  /// The error for keys that are not of this fleet.
  package static func foreign(form: String, own: String, _ prefix: String) -> BackendError {
    let others =
      form.isEmpty
      ? "are not ocean's" : "are of servers that count otherwise (\(shown(form)), here \(own))"
    return .unreachable("its keys '\(prefix)…' \(others): write another prefix")
  }

  /// The name and version of an engine by its answer to HELLO.
  ///
  /// - Throws: if it cannot be used.
  package static func engine(_ hello: RESPValue) throws(BackendError) -> String {
    guard hello[name: "mode"]?.string != "sentinel" else {
      throw .unreachable("it is a Sentinel, and not an engine: write sentinel: { master: …, at: […] }")
    }
    guard let name = hello[name: "server"]?.string, let version = hello[name: "version"]?.string,
      let major = Int(version.prefix { $0 != "." }), let role = hello[name: "role"]?.string
    else { throw .unreachable("it does not answer as Valkey and Redis do") }
    let engine = shown("\(name) \(version)")
    guard major >= 7 else { throw .unreachable("it is \(engine), and ocean needs 7 or later") }
    guard hello[name: "mode"]?.string != "cluster" else {
      throw .unreachable("it is a cluster, and ocean needs an engine that has all keys")
    }
    guard role == "master" else { throw .unreachable("it is a replica, which takes no changes") }
    return engine
  }

  /// Text of the engine for a line of a log.
  private static func shown(_ text: String) -> String {
    String(text.unicodeScalars.prefix(160).map { (32..<127).contains($0.value) ? Character($0) : "?" })
  }
}
