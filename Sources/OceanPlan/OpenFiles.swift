/// How many files a process may have open, of which the last ones are not for clients: those who are in need some for their
/// mail, and the administrator one for asking what is going on.
package enum OpenFiles {
  /// Kept for files and the control socket; a quarter of few.
  ///
  /// - Parameter limit: what the system allows the process (RLIMIT_NOFILE).
  package static func reserve(of limit: Int) -> Int { min(32, limit / 4) }

  /// The lowest limit with which one client is served.
  ///
  /// - Parameter others: the files that are open beside the clients' connections.
  package static func least(beside others: Int) -> Int {
    var limit = others + 2
    while limit - reserve(of: limit) <= others + 1 { limit += 1 }
    return limit
  }

  /// What a server has open before anybody connects.
  package static func atStart(cores: Int, listeners: Int, hasAccessLog: Bool) -> Int {
    // Standard input, output and error; two locks; the list of mounts; a timer; the loops of the control socket and of what
    // runs beside, three each, and the socket.
    let own = 3 + 2 + 1 + 1 + 3 + 3 + 1
    return own + (hasAccessLog ? 1 : 0) + cores * (3 + listeners)
  }
}
