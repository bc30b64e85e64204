package import OceanPlan

/// The sessions of a server, sorted by id: oldest first.
package struct SessionList: Sendable, Hashable, Codable {
  package var formatVersion = ControlAPI.formatVersion
  package var sessions: [SessionInfo]

  package init(sessions: [SessionInfo]) { self.sessions = sessions }
}
