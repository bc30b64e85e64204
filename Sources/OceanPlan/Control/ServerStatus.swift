/// What a server is doing, as a whole.
package struct ServerStatus: Sendable, Hashable, Codable {
  package enum State: String, Sendable, Hashable, Codable {
    case serving
    /// It was asked to stop, and waits for its sessions.
    case draining
  }

  package var formatVersion = ControlAPI.formatVersion
  package var state: State
  /// Of the running plan.
  package var plan: Digest
  /// Absolute path of the config or saved plan that it runs.
  package var file: String
  package var pid: Int32
  /// RFC 3339, UTC.
  package var since: String
  package var uptimeSeconds: Int
  /// Sorted by name.
  package var services: [Service]
  /// Lines of the access log that could not be written, since the log was opened; nil without a log.
  package var lostLogLines: Int?

  package init(
    state: State, plan: Digest, file: String, pid: Int32, since: String, uptimeSeconds: Int,
    services: [Service],
    lostLogLines: Int?
  ) {
    self.state = state
    self.plan = plan
    self.file = file
    self.pid = pid
    self.since = since
    self.uptimeSeconds = uptimeSeconds
    self.services = services
    self.lostLogLines = lostLogLines
  }

  package struct Service: Sendable, Hashable, Codable {
    package var name: String
    /// What is listened on now, sorted: none any more in a server that drains.
    package var listeners: [Plan.Listener]
    package var sessions: Int
    package var maxSessions: Int
    /// Connections refused since the service runs.
    package var refused: Int

    package init(name: String, listeners: [Plan.Listener], sessions: Int, maxSessions: Int, refused: Int) {
      self.name = name
      self.listeners = listeners
      self.sessions = sessions
      self.maxSessions = maxSessions
      self.refused = refused
    }
  }
}
